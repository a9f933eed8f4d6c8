"""Connect PySpark to a session and run a query on it: ``python -m demo.query SESSION_ARN``.

The same as against AWS: where that is, and whom to trust, is in the environment.
"""

import sys

from emr_session import connect


def main(arn: str) -> None:
    """Print the answer as PySpark shows it."""
    spark = connect(arn)
    print(f"PySpark is connected, to Spark {spark.version}")
    spark.range(1, 1_000_001).createOrReplaceTempView("numbers")
    spark.sql(
        "SELECT id % 3 AS remainder, count(*) AS numbers, sum(id) AS total "
        "FROM numbers GROUP BY remainder ORDER BY remainder"
    ).show()
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1])
