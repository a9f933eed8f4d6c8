"""Asks the asset's loader for data that the asset lacks, as a later botocore might.

``python load_data.py ASSET`` prints as JSON what it found.
"""

import json
import sys


def main(asset: str) -> None:
    """Load a service, look for an operation, and load what is nowhere."""
    sys.path.insert(0, asset)
    from session_handler import botocore_data, clients

    # isort: split
    from botocore.exceptions import DataNotFoundError

    loader = botocore_data.session(clients.DATA).get_component("data_loader")
    found: dict[str, bool | str] = {
        "another service": "AssumeRole"
        in loader.load_service_model("sts", "service-2")["operations"],
        "an operation not in use": "StartJobRun"
        in loader.load_service_model("emr-serverless", "service-2")["operations"],
    }
    try:
        loader.load_data("no-such-file")
    except DataNotFoundError as error:
        found["a file that is nowhere"] = type(error).__name__
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
