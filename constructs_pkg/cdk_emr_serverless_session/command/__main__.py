"""``python -m cdk_emr_serverless_session.command``: the same as ``emr-session``."""

import sys

from .main import main

if __name__ == "__main__":
    sys.exit(main())
