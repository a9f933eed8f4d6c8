"""The pages that were viewed longest, with Ibis on the session at SPARK_REMOTE."""

import ibis
from pyspark.sql import SparkSession

clicks = ibis.memtable(
    {
        "page": ["start", "start", "prices", "prices", "contact"],
        "seconds": [4, 9, 31, 12, 7],
    }
)


def main() -> None:
    """Print a page a line, the longest first."""
    spark = SparkSession.builder.getOrCreate()
    connection = ibis.pyspark.connect(spark)
    pages = clicks.group_by("page").agg(seconds=clicks.seconds.sum())
    table = connection.to_pandas(pages.order_by(ibis.desc("seconds")))
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
