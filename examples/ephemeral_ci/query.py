"""Connect to the session in the stack's outputs, and run a query.

Needs the packages that README.md beside it installs, and outputs.json of ``cdk deploy``. The
credentials need ``emr-serverless:GetSession`` and ``GetSessionEndpoint`` on the session.
"""

import json
from pathlib import Path

from emr_session import connect


def main() -> None:
    """Count to a thousand, and fail the run if Spark can't."""
    (outputs,) = json.loads(Path("outputs.json").read_text()).values()
    spark = connect(outputs["SessionArn"])
    counted = spark.range(1000).count()
    spark.stop()
    assert counted == 1000, f"Spark counted to {counted}"
    print(f"Spark counted to {counted}")


if __name__ == "__main__":
    main()
