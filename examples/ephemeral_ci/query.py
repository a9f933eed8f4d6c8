"""Connect to the session that the stack's outputs name, and query it.

Needs the packages that README.md beside it installs, and outputs.json of ``cdk deploy``. The
credentials need ``emr-serverless:GetSessionEndpoint`` on the session.
"""

import json
from pathlib import Path

import boto3
from pyspark.sql import SparkSession


def main() -> None:
    """Count to a thousand, and fail the run if Spark can't."""
    (outputs,) = json.loads(Path("outputs.json").read_text()).values()
    answer = boto3.client("emr-serverless").get_session_endpoint(
        applicationId=outputs["ApplicationId"], sessionId=outputs["SessionId"]
    )
    host = answer["endpoint"].removeprefix("https://")
    # The token is the full use of the execution role: never print or keep the address.
    remote = f"sc://{host}:443/;use_ssl=true;x-aws-proxy-auth={answer['authToken']}"
    spark = SparkSession.builder.remote(remote).getOrCreate()
    assert spark.range(1000).count() == 1000


if __name__ == "__main__":
    main()
