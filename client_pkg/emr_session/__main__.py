"""``emr-session``, and ``python -m emr_session``: the same command."""

import sys

from ._command.main import main

if __name__ == "__main__":
    sys.exit(main())
