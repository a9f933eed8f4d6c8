"""Rules 1 and 2: every request is answered, in time, however it is delivered."""

from typing import Any

import pytest

from testbed.simulation.choices import Fault
from testbed.simulation.lab import do, expect, lab, last, unsolicited
from testbed.simulation.schedule import Create, Delete, Rest, Session, Update
from testbed.simulation.world import World


def test_a_create_answers_with_its_session_and_what_describes_it(lab: World) -> None:
    assert do(lab, Create()) == "CREATE_COMPLETE"
    arn = lab.held()
    session = lab.session(arn)
    assert session is not None
    assert last(lab, "Create").data == {
        "Arn": arn,
        "SessionId": session.session_id,
        "ApplicationId": session.application_id,
    }


@pytest.mark.parametrize("kind", ["closed", "no answer", "closed after"])
def test_an_answer_that_was_not_taken_is_sent_again(lab: World, kind: str) -> None:
    expect(lab, Fault("PUT", kind, times=3))
    assert do(lab, Create()) == "CREATE_COMPLETE"


def test_an_answer_that_is_not_taken_once_is_sent_again(lab: World) -> None:
    expect(lab, Fault("PUT", "closed"))
    assert do(lab, Create()) == "CREATE_COMPLETE"


def test_a_delete_of_an_id_that_was_made_up_succeeds_where_nothing_can_be_listed(
    lab: World,
) -> None:
    do(lab, Create())
    expect(lab, Fault("ListSessions", "error", times=10_000))
    request = unsolicited(
        lab,
        "Delete",
        PhysicalResourceId="lab-Session-1",
        ResourceProperties=Session().properties(),
    )
    assert request.succeeded


@pytest.mark.parametrize(
    "properties",
    [None, {}, "text", [], {"ApplicationId": 7}, {"ApplicationId": "NOT AN ID", "Tags": "x"}],
)
@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_malformed_properties_are_answered_with_what_is_wrong(
    lab: World, kind: str, properties: Any
) -> None:
    request = unsolicited(lab, kind, ResourceProperties=properties, PhysicalResourceId="whatever")
    assert request.status == "FAILED"
    assert lab.calls("StartSession") == 0
    lab.stack.requests.clear()


@pytest.mark.parametrize("seconds", ["45", "200", "500"])
def test_an_event_that_was_queued_is_answered_in_time(seconds: str) -> None:
    with lab({"delivery of Create.1": f"late {seconds}"}) as here:
        here.service.start_seconds = lambda: 2000.0
        assert do(here, Create()) == "ROLLBACK_COMPLETE"
        create = here.stack.requests[0]
        assert create.status == "FAILED"
        assert create.answered_at is not None
        assert create.answered_at - create.sent_at < here.stack.service_timeout


def test_a_late_event_is_answered_in_time() -> None:
    test_an_event_that_was_queued_is_answered_in_time("200")


@pytest.mark.parametrize("operation", ["StartSession", "GetSession", "DescribeStacks", "PUT"])
@pytest.mark.parametrize("times", [1, 2])
def test_an_invocation_that_dies_goes_on_with_the_same_session(
    lab: World, operation: str, times: int
) -> None:
    kind = "killed" if operation.startswith("Describe") else "killed after"
    kind = "killed" if operation == "GetSession" else kind
    expect(lab, Fault(operation, kind, times=times))
    assert do(lab, Create()) == "CREATE_COMPLETE"
    assert len(lab.own()) == 1


def test_a_second_delivery_has_the_same_token() -> None:
    with lab({"delivery of Create.1": "again 30"}) as here:
        assert do(here, Create(), Rest()) == "CREATE_COMPLETE"
        assert len(here.own()) == 1


def test_a_delete_that_comes_twice_succeeds_twice(lab: World) -> None:
    do(lab, Create())
    arn = lab.held()
    do(lab, Delete())
    assert unsolicited(
        lab, "Delete", PhysicalResourceId=arn, ResourceProperties=Session().properties()
    ).succeeded


def test_an_answer_has_at_most_4096_bytes(lab: World) -> None:
    """The simulated CloudFormation notes a longer one as broken, which fails at the end."""
    long = "x" * 20_000
    request = unsolicited(lab, "Create", ResourceProperties={"ApplicationId": long})
    assert request.status == "FAILED"
    lab.stack.requests.clear()


def test_the_log_names_the_session_and_has_no_secret(lab: World) -> None:
    do(lab, Create(), Update())
    session = lab.session(lab.held())
    assert session is not None
    assert session.session_id in lab.log.getvalue()
    assert lab.response_url not in lab.log.getvalue()
