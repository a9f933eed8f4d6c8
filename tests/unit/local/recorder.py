"""The code of a custom resource's Lambda function that does as it is told and notes each event.

Runs inside the local AWS. Notes go to the file that the environment names. What
to answer is in the properties: ``Id`` is the id after Create and Update, and
``Fail`` lists the request types that fail.
"""

import json
import os
import urllib.request


def handler(event, _context):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(json.dumps(event) + "\n")
    properties = event["ResourceProperties"]
    if event["RequestType"] in properties.get("Silent", []):
        return
    answer = {
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
