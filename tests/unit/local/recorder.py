"""A custom resource's Lambda function that records each event and answers as told.

Runs inside the local AWS. Notes go to the file that the environment names. What
to answer is in the properties: ``Id`` is the id after Create and Update, ``Fail``
lists the request types that fail, ``Silent`` those that are not answered, and
``Die`` says how many deliveries of a request end without an answer. With ``Meets``
the answer waits until the function was sent an event for that resource, too.
"""

import json
import os
import time
import urllib.request
from typing import Any


def handler(event: dict[str, Any], _context: object) -> None:
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(json.dumps({**event, "Environment": dict(os.environ)}) + "\n")
    properties = event["ResourceProperties"]
    if event["RequestType"] in properties.get("Silent", []):
        return
    if len(deliveries(event["RequestId"])) <= int(properties.get("Die", 0)):
        os._exit(1)
    while "Meets" in properties and not was_sent(properties["Meets"]):
        time.sleep(0.02)
    answer: dict[str, Any] = {
        "Status": "FAILED" if event["RequestType"] in properties.get("Fail", []) else "SUCCESS",
        "Reason": "told to",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "PhysicalResourceId": properties["Id"],
        "Data": {},
    }
    if event["RequestType"] == "Delete":
        answer["PhysicalResourceId"] = event["PhysicalResourceId"]
    else:
        answer["Data"]["Long"] = "x" * int(properties.get("Long", 0))
    request = urllib.request.Request(
        event["ResponseURL"], json.dumps(answer).encode(), {"Content-Type": ""}, method="PUT"
    )
    urllib.request.urlopen(request, timeout=10).close()


def noted() -> list[dict[str, Any]]:
    with open(os.environ["NOTES"]) as notes:
        return [json.loads(line) for line in notes]


def deliveries(request_id: str) -> list[dict[str, Any]]:
    return [event for event in noted() if event["RequestId"] == request_id]


def was_sent(logical_id: str) -> bool:
    return any(event["LogicalResourceId"] == logical_id for event in noted())
