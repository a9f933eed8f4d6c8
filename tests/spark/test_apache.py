"""Apache Spark behind sessions: what only Spark has, and servers of a session's own."""

import json
import os
import signal
import uuid
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import grpc
import pandas
import pytest
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql.functions import udf
from pyspark.sql.pandas.functions import pandas_udf

from emr_serverless_local.spark import ApacheServer
from tests.spark.conftest import LiveSession, SparkSessions, connected
from tests.spark.shared_server import SharedServer
from tests.spark.test_end import alive


def test_a_module_that_is_added_is_there_for_functions(
    spark: SparkSessions, tmp_path: Path
) -> None:
    module = tmp_path / "greeting.py"
    module.write_text("WORD = 'hello'\n")

    def greet(_: int) -> str:
        from greeting import WORD  # type: ignore[import-not-found]

        return str(WORD)

    with connected(spark.start().remote_url()) as session:
        session.addArtifacts(str(module), pyfile=True)
        greeted = session.range(2).select(udf(greet, "string")("id").alias("said"))
        assert [row.said for row in greeted.collect()] == ["hello", "hello"]


def test_functions_on_pandas_series_go_by_arrow(spark: SparkSessions) -> None:
    with connected(spark.start().remote_url()) as session:

        def half(numbers: pandas.Series) -> pandas.Series:
            return numbers / 2

        # Its stubs know only the way that Python's annotations have replaced.
        make: Any = pandas_udf
        halved = make(half, "double")
        frame = session.range(4).select(halved("id").alias("half"))
        assert frame.agg({"half": "sum"}).collect()[0][0] == 3.0


def test_a_stream_runs_functions_on_its_batches(spark: SparkSessions) -> None:
    with connected(spark.start().remote_url()) as session:
        table = f"batches_{uuid.uuid4().hex}"

        def keep(batch: DataFrame, _: int) -> None:
            batch.selectExpr("value * 10 AS value").write.saveAsTable(table, mode="append")

        rate = session.readStream.format("rate-micro-batch").option("rowsPerBatch", 5).load()
        query = rate.writeStream.foreachBatch(keep).start()
        try:
            while not session.catalog.tableExists(table):
                assert query.isActive, query.exception()
            assert session.table(table).filter("value % 10 != 0").count() == 0
        finally:
            query.stop()
            session.sql(f"DROP TABLE IF EXISTS {table}").collect()


def test_the_server_takes_no_call_past_the_endpoint(shared_server: SharedServer) -> None:
    """It listens on a port that every user of the machine reaches."""
    with grpc.insecure_channel(f"127.0.0.1:{shared_server.port}") as channel:
        config = "/spark.connect.SparkConnectService/Config"
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(config)
        with pytest.raises(grpc.RpcError) as refused:
            call(b"")
        with pytest.raises(grpc.RpcError) as refused_wrong:
            call(b"", metadata=(("authorization", "Bearer wrong"),))
    for error in (refused.value, refused_wrong.value):
        assert isinstance(error, grpc.Call)
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED


def test_sessions_start_in_parallel_each_as_it_is_configured(spark: SparkSessions) -> None:
    one = spark.submit(ApacheServer, **configured("one"))
    other = spark.submit(ApacheServer, **configured("other"))
    for live in (one, other):
        spark.backing.wait(live.session_id, 300)
    spark.clock.advance(600)

    with (
        connected(one.remote_url()) as first,
        connected(other.remote_url()) as second,
    ):
        for session, name in ((first, "one"), (second, "other")):
            assert session.conf.get("spark.app.name") == f"session: {name} = é\\"
            assert session.conf.get("spark.sql.shuffle.partitions") == "3"
            assert not session.catalog.tableExists("mine")
        first.range(3).write.saveAsTable("mine")
        assert first.catalog.tableExists("mine")
        assert not second.catalog.tableExists("mine")

        assert title(one) == "session: one = é\\"
        process_id = one.process_id()
        one.terminate()
        assert not alive(process_id)
        assert second.range(3).count() == 3

        os.kill(other.process_id(), signal.SIGKILL)
        with pytest.raises(PySparkException, match="is FAILED"):
            second.range(3).collect()
    assert "The Spark Connect server ended with -9" in other.details()


def configured(name: str) -> dict[str, object]:
    """What StartSession is asked, for a session that fits a cluster only."""
    properties = {
        "spark.app.name": f"session: {name} = é\\",
        "spark.sql.shuffle.partitions": "3",
        "spark.driver.memory": "14g",
        "spark.executor.memory": "14g",
        "spark.executor.instances": "3",
        "spark.dynamicAllocation.enabled": "true",
        "spark.eventLog.enabled": "true",
        "spark.jars": "s3://bucket/library.jar",
    }
    return {
        "configurationOverrides": {
            "runtimeConfiguration": [
                {"classification": "spark-defaults", "properties": properties},
            ]
        }
    }


def title(live: LiveSession) -> str:
    """The name of the application that the session's dashboard shows."""
    client = live.sessions.client("emr-serverless")
    url = client.get_resource_dashboard(
        applicationId=live.application_id, resourceId=live.session_id, resourceType="SESSION"
    )["url"]
    assert url.startswith("http://127.0.0.1:")
    with urlopen(f"{url}/api/v1/applications", timeout=60) as answer:
        (application,) = json.load(answer)
    return str(application["name"])


def test_a_configuration_that_spark_refuses_fails_the_session(spark: SparkSessions) -> None:
    properties = {"spark.serializer": "no.such.Serializer"}
    live = spark.submit(
        ApacheServer,
        configurationOverrides={
            "runtimeConfiguration": [{"classification": "spark-defaults", "properties": properties}]
        },
    )
    spark.backing.wait(live.session_id, 300)

    assert live.state() == "FAILED"
    assert "no.such.Serializer" in live.details()
