"""``emr-session``, and ``python -m cdk_emr_serverless_session.command``: the way in.

The command is installed with the library, what it needs with the extra ``connect`` only.
"""

import importlib.util
import sys


def main() -> int:
    """Run the command, or say what to install first."""
    if importlib.util.find_spec("boto3") is None:
        print(
            "emr-session needs boto3. Install the extra 'connect':\n"
            "  pip install 'cdk-emr-serverless-session[connect]'",
            file=sys.stderr,
        )
        return 1
    from .main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
