"""A session of the local AWS answers queries of a plain PySpark client."""

from tests.spark.conftest import SparkSessions, connected


def test_a_query_is_answered(spark: SparkSessions) -> None:
    live = spark.start()
    with connected(live.remote_url()) as session:
        assert session.range(10).selectExpr("sum(id) AS total").collect()[0].total == 45
