"""Prints, for every event of two calls, the handlers that botocore has for it, as JSON.

``python handlers_of_events.py ASSET`` asks the handler's client, with an empty ASSET stock
botocore. It runs under whatever botocore is on the path.
"""

import json
import os
import sys
import threading
from http.server import HTTPServer

from start_session import ARN, Service


def main(asset):
    """Make both calls to a server on loopback."""
    if asset:
        # Before anything else imports botocore, as in Lambda.
        sys.path.insert(0, asset)
        from session_handler import client

        session = client.lean_botocore.session(client.DATA)
    else:
        import botocore.session

        session = botocore.session.Session()
    from botocore.hooks import HierarchicalEmitter

    found = {}
    emit = HierarchicalEmitter._emit

    def noted(self, event_name, kwargs, stop_on_response=False):
        handlers = self._handlers.prefix_search(event_name)
        names = [getattr(handler, "__qualname__", type(handler).__name__) for handler in handlers]
        found.setdefault(event_name, names)
        return emit(self, event_name, kwargs, stop_on_response)

    HierarchicalEmitter._emit = noted
    server = HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["AWS_ENDPOINT_URL_EMR_SERVERLESS"] = f"http://127.0.0.1:{server.server_port}"
    made = session.create_client("emr-serverless")
    made.get_application(applicationId="00app")
    made.tag_resource(resourceArn=ARN, tags={"team": "data"})
    HierarchicalEmitter._emit = emit
    help_text = made.get_application.__doc__.expandtabs()
    import botocore.docs

    print(json.dumps({"events": found, "help": help_text, "docs": dir(botocore.docs)}))


if __name__ == "__main__":
    main(sys.argv[1])
