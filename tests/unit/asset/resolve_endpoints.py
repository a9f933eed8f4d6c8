"""Prints where requests go, for every region with FIPS and dual-stack, as JSON.

``python resolve_endpoints.py ASSET REGION…`` asks the handler's client, with an empty ASSET stock
botocore. It runs under whatever botocore is on the path. The requests are stopped before they
leave, so that what is printed is what the endpoint's rules made of them.
"""

from __future__ import annotations

import itertools
import json
import sys
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest


class Stopped(Exception):
    """Where the request would have gone, and for what region it was signed."""


def stop(request: AWSPreparedRequest, **_: object) -> None:
    """Take the place of the network."""
    signed = cast("bytes", request.headers["Authorization"])
    scope = signed.decode().split("Credential=")[1].split(",")[0]
    raise Stopped(request.url, scope.split("/", 2)[2])


def main(asset: str, regions: list[str]) -> None:
    """Ask for all of them."""
    if asset:
        # Before anything else imports botocore, as in Lambda.
        sys.path.insert(0, asset)
        from session_handler import botocore_data, clients

        session = botocore_data.session(clients.DATA)
    else:
        import botocore.session

        session = botocore.session.Session()
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    session.set_credentials("test", "test")
    found = {}
    for region, fips, dual in itertools.product(regions, (False, True), (False, True)):
        config = Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual)
        try:
            made: Any = session.create_client("emr-serverless", region, config=config)
            made.meta.events.register("before-send", stop)
            made.get_application(applicationId="00app")
        except Stopped as stopped:
            answer = list(stopped.args)
        except (BotoCoreError, ValueError) as error:
            answer = [type(error).__name__, str(error)]
        found[f"{region} fips={fips} dual={dual}"] = answer
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
