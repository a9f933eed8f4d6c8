"""A custom resource's Lambda function that answers CloudFormation as its properties say."""

import json
import time
import urllib.request
from typing import Any


def handle(event: dict[str, Any], context: object) -> None:  # noqa: ARG001
    """Answer with the status and the physical id of the properties, after some seconds."""
    asked = event["ResourceProperties"]
    going = event["RequestType"] == "Delete"
    time.sleep(0 if going else float(asked.get("Seconds", "0")))
    answer = {
        "Status": "SUCCESS" if going else asked["Status"],
        "Reason": "the probe was told to",
        "PhysicalResourceId": event["PhysicalResourceId"] if going else asked["Id"],
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    body = json.dumps(answer).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], body, method="PUT"))
