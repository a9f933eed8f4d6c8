"""``python -m cdk_emr_serverless_session.command``: the same as ``emr-session``."""

import sys

from .main import main

sys.exit(main())
