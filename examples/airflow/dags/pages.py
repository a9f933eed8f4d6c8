"""Two ways from a DAG to a session: the one that a stack keeps, and one for this run alone.

``pages_of_the_stack`` takes the session that the construct's parameter names, and leaves it to
others. The other tasks are Airflow's own operators around a task: they start a session, and end it
whatever happens. Both connect with ``emr_session.connect``, so that a task may take longer than an
endpoint's token lives.
"""

import os

from airflow.providers.amazon.aws.hooks.emr import EmrServerlessHook
from airflow.providers.amazon.aws.operators.emr import (
    EmrServerlessStartSessionOperator,
    EmrServerlessStopSessionOperator,
)
from airflow.sdk import DAG, task

APPLICATION = os.environ["CLICKS_APPLICATION_ID"]
ROLE = os.environ["CLICKS_ROLE_ARN"]
# As in the stack: Session(…, parameter_name="/clicks/session").
PARAMETER = "/clicks/session"
PAGES = """
SELECT page, sum(seconds) AS seconds
FROM VALUES ('start', 4), ('start', 9), ('prices', 31), ('prices', 12), ('contact', 7)
    AS clicks (page, seconds)
GROUP BY page ORDER BY seconds DESC
"""


def pages(arn_or_parameter: str) -> dict[str, int]:
    """Seconds by page, the most first."""
    from emr_session import connect

    spark = connect(arn_or_parameter)
    try:
        return {row.page: row.seconds for row in spark.sql(PAGES).collect()}
    finally:
        spark.stop()


with DAG("pages", schedule=None):

    @task
    def pages_of_the_stack() -> dict[str, int]:
        return pages(PARAMETER)

    start = EmrServerlessStartSessionOperator(
        task_id="start",
        application_id=APPLICATION,
        execution_role_arn=ROLE,
        idle_timeout_minutes=60,
        # Airflow's defaults look every ten seconds.
        waiter_delay=2,
        waiter_max_attempts=300,
    )

    @task
    def pages_of_this_run(started: dict[str, str]) -> dict[str, int]:
        session = EmrServerlessHook().conn.get_session(
            applicationId=started["application_id"], sessionId=started["session_id"]
        )["session"]
        return pages(session["arn"])

    stop = EmrServerlessStopSessionOperator(
        task_id="stop",
        application_id=APPLICATION,
        session_id="{{ ti.xcom_pull(task_ids='start')['session_id'] }}",
        trigger_rule="all_done",
    )

    pages_of_the_stack()
    pages_of_this_run(start.output) >> stop
