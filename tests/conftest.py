"""What every test runs with."""

import os
import sys
from pathlib import Path

# jsii looks for Node on the PATH; the one of the virtual environment is meant.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

# The template validator takes five seconds of every synth; one test switches it on.
os.environ.setdefault("CDK_VALIDATION", "false")
