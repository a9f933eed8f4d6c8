"""Runs a notebook on a session of the local AWS, and takes the documentation's screenshot.

``python -m demo.notebook PICTURE.png`` needs Chromium (Debian's package ``chromium``), which no
test needs.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from testbed.local_aws import LocalAws
from testbed.sessions import APPLICATION, EXECUTION_TRUST

SECONDS = 300
# Of the picture, in CSS pixels.
WIDTH, HEIGHT = 900, 830
PARAMETER = "/clicks/session"
CELLS = (
    f'from emr_session import connect\n\nspark = connect("{PARAMETER}")',
    "spark",
    'clicks = [("start", 4), ("start", 9), ("prices", 31), ("prices", 12), ("contact", 7)]\n'
    'spark.createDataFrame(clicks, "page string, seconds int").createOrReplaceTempView("clicks")\n'
    "\nleast = 5",
    "%%sparksql pages --limit 2\n"
    "SELECT page, sum(seconds) AS seconds\nFROM clicks\nWHERE seconds > :least\n"
    "GROUP BY page\nORDER BY seconds DESC",
    'spark.range(0, 20_000_000, 1, 64).selectExpr("sum(id) OVER (PARTITION BY id % 7)").count()',
)
STYLE = "<style>body { padding: 8px 16px !important; }</style>"


def main(picture: Path) -> None:
    """Take the picture."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "notebook.html")
        page.write_text(_executed(Path(folder)))
        subprocess.run(
            [
                *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *(f"--screenshot={picture.resolve()}", f"--window-size={WIDTH},{HEIGHT}"),
                # Nothing is fetched from elsewhere.
                "--host-resolver-rules=MAP * ~NOTFOUND",
                page.as_uri(),
            ],
            # It complains of what a machine without a desktop has not.
            stderr=subprocess.DEVNULL,
            check=True,
        )


def _executed(folder: Path) -> str:
    """The notebook as a page, after a run."""
    with LocalAws(folder, session_start_seconds=6, spark="apache") as aws:
        _start(aws)
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
        with mock.patch.dict(os.environ, aws.environment()):
            NotebookClient(notebook, timeout=SECONDS).execute()
    html, _ = HTMLExporter(require_js_url="", jquery_url="", mathjax_url="").from_notebook_node(
        notebook
    )
    return str(html).replace("</head>", f"{STYLE}</head>")


def _start(aws: LocalAws) -> None:
    """Start a session, which the parameter names, and don't wait for it."""
    role = aws.client("iam").create_role(
        RoleName="execution", AssumeRolePolicyDocument=EXECUTION_TRUST
    )["Role"]["Arn"]
    client = aws.client("emr-serverless")
    application_id = client.create_application(**APPLICATION)["applicationId"]
    session = client.start_session(
        applicationId=application_id, executionRoleArn=role, name="clicks"
    )
    aws.client("ssm").put_parameter(Name=PARAMETER, Value=session["arn"], Type="String")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
