"""Starts and looks at a session of a server on loopback, with the asset's client alone.

``python start_session.py ASSET REQUEST`` prints what the server was asked, as JSON. It runs under
whatever botocore is on the path.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

ARN = "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00app/sessions/00ses"
seen: list[tuple[str, str, Any]] = []


class Service(BaseHTTPRequestHandler):
    """Answers StartSession and GetSession."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        seen.append(("POST", self.path, json.loads(body)))
        self.answer({"applicationId": "00app", "sessionId": "00ses", "arn": ARN})

    def do_GET(self) -> None:
        seen.append(("GET", self.path, None))
        session = {"applicationId": "00app", "sessionId": "00ses", "arn": ARN, "state": "IDLE"}
        self.answer(
            {
                "session": {
                    **session,
                    "createdBy": "arn:aws:sts::123456789012:assumed-role/r/f",
                    "tags": {"team": "data"},
                }
            }
        )

    def answer(self, content: dict[str, Any]) -> None:
        """Send JSON."""
        text = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def main(asset: str, request: dict[str, Any]) -> None:
    """Make both calls."""
    server = HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["AWS_ENDPOINT_URL_EMR_SERVERLESS"] = f"http://127.0.0.1:{server.server_port}"
    sys.path.insert(0, asset)
    import botocore

    from session_handler import clients

    made = clients.client("emr-serverless")
    started = made.start_session(**request)
    session = made.get_session(applicationId="00app", sessionId=started["sessionId"])["session"]
    print(
        json.dumps(
            {
                "botocore": botocore.__version__,
                "boto3": "boto3" in sys.modules,
                "seen": seen,
                "arn": started["arn"],
                "state": session["state"],
                "tags": session["tags"],
                "created": session["createdBy"],
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
