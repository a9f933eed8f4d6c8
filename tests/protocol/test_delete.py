"""Deletes: of what lives, of what is gone, with ids of all kinds, with a broken event."""

from typing import Any

import pytest

from .cloudformation import Request
from .faults import Fault
from .world import ROLE, World

NAME = "Session"


def created(lab: World, application: int = 0, **properties: Any) -> str:
    assert lab.stack.create({NAME: lab.properties(application, **properties)}) == "CREATE_COMPLETE"
    return lab.stack.resources[NAME].physical_id


def delete(lab: World, physical_id: str, properties: Any = None) -> Request:
    """A Delete out of the blue, with properties as they come."""
    request = lab.stack._send("Delete", NAME, properties, PhysicalResourceId=physical_id)
    lab.agenda.run()
    return request


def test_a_delete_waits_until_the_session_is_over(lab: World) -> None:
    arn = created(lab)
    assert lab.stack.delete() == "DELETE_COMPLETE"
    assert lab.state(arn) == "TERMINATED"


def test_a_second_delete_succeeds(lab: World) -> None:
    arn = created(lab)
    lab.stack.delete()
    assert delete(lab, arn, lab.properties()).succeeded


def test_a_delete_of_a_session_that_is_over_asks_for_nothing_more(lab: World) -> None:
    arn = created(lab)
    lab.service.sessions()[-1].terminate(lab.agenda.now())
    lab.agenda.wait(60)
    assert lab.stack.delete() == "DELETE_COMPLETE"
    assert lab.state(arn) == "TERMINATED"


def test_a_delete_of_a_session_whose_application_is_gone_succeeds(lab: World) -> None:
    gone = f"arn:aws:emr-serverless:us-east-1:000000000000:/applications/{'0' * 16}/sessions/0a1"
    lab.network.asked = lambda *_: None
    assert delete(lab, gone, lab.properties()).succeeded


@pytest.mark.parametrize(
    "properties",
    [None, {}, "text", [], {"ApplicationId": 7}, {"ApplicationId": "NOT AN ID", "Tags": "x"}],
)
def test_a_delete_with_malformed_properties_ends_its_session(lab: World, properties: Any) -> None:
    arn = created(lab)
    request = delete(lab, arn, properties)
    assert request.succeeded
    assert lab.state(arn) == "TERMINATED"
    lab.stack.resources.clear()
    lab.stack.status = "DELETE_COMPLETE"


def test_a_delete_with_a_made_up_id_ends_what_the_create_started(lab: World) -> None:
    created(lab)
    lab.stack.resources[NAME].physical_id = "lab-Session-MADEUP"
    assert lab.stack.delete() == "DELETE_COMPLETE"


def test_a_delete_with_a_made_up_id_waits_until_the_session_is_over(lab: World) -> None:
    arn = created(lab)
    lab.service.sessions()[-1].stop_seconds = 400
    lab.stack.resources[NAME].physical_id = "lab-Session-MADEUP"
    assert lab.stack.delete() == "DELETE_COMPLETE"
    assert lab.state(arn) == "TERMINATED"


def test_a_delete_with_a_pending_id_ends_what_the_create_started(lab: World) -> None:
    created(lab)
    token = lab.asked_for("StartSession")[-1]["clientToken"]
    lab.stack.resources[NAME].physical_id = f"pending:{lab.applications[0]}:{token}"
    assert lab.stack.delete() == "DELETE_COMPLETE"


def test_a_delete_with_a_pending_id_ends_no_session_of_another_request(lab: World) -> None:
    """A failed Update's pending id is cleaned up while the stack holds its earlier session."""
    arn = created(lab)
    assert delete(lab, f"pending:{lab.applications[0]}:{'0' * 64}", lab.properties()).succeeded
    assert arn in lab.live()


def test_a_delete_with_a_made_up_id_and_no_application_succeeds(lab: World) -> None:
    assert delete(lab, "lab-Session-MADEUP", {"ApplicationId": {}}).succeeded


@pytest.mark.parametrize("operation", ["TerminateSession", "GetSession"])
@pytest.mark.parametrize("kind", ["throttled", "error", "garbled", "dropped", "slow", "denied"])
@pytest.mark.parametrize("acted", [False, True])
def test_a_delete_survives_faults(lab: World, operation: str, kind: str, acted: bool) -> None:
    arn = created(lab)
    lab.network.expect(Fault(operation, kind, acted=acted, times=3))  # type: ignore[arg-type]
    assert lab.stack.delete() == "DELETE_COMPLETE"
    assert lab.state(arn) == "TERMINATED"


def test_without_a_route_neither_the_create_nor_its_delete_hangs(lab: World) -> None:
    operations = ("StartSession", "GetSession", "ListSessions", "GetApplication")
    lab.network.expect(*(Fault(name, "unreachable", times=999) for name in operations))
    began = lab.agenda.now()
    assert lab.stack.create({NAME: lab.properties()}) == "ROLLBACK_FAILED"
    assert lab.agenda.now() - began < 360
    answer = lab.stack.requests[-1].response
    assert answer is not None
    assert "no route to the service" in answer.reason
    lab.network.expect()
    assert lab.stack.delete() == "DELETE_COMPLETE"


def test_a_delete_without_the_permission_says_so_and_can_be_repeated(lab: World) -> None:
    created(lab)
    lab.network.expect(Fault("TerminateSession", "denied", times=99))
    assert lab.stack.delete() == "DELETE_FAILED"
    answer = lab.stack.requests[-1].response
    assert answer is not None
    assert "give the handler's role that permission" in answer.reason
    lab.network.expect()
    assert lab.stack.delete() == "DELETE_COMPLETE"


def test_a_delete_that_cannot_see_the_end_says_so_in_time(lab: World) -> None:
    created(lab)
    lab.service.sessions()[-1].stop_seconds = 5000
    assert lab.stack.delete() == "DELETE_FAILED"
    answer = lab.stack.requests[-1].response
    assert answer is not None
    assert "was not over after" in answer.reason


@pytest.mark.parametrize("operation", ["TerminateSession", "GetSession"])
@pytest.mark.parametrize("acted", [False, True])
@pytest.mark.parametrize("skip", [0, 1])
def test_a_killed_delete_can_be_repeated(
    lab: World, operation: str, acted: bool, skip: int
) -> None:
    created(lab)
    lab.network.expect(Fault(operation, "killed", acted=acted, skip=skip))
    lab.stack.delete()
    lab.network.expect()
    assert lab.stack.delete() == "DELETE_COMPLETE"


def test_the_last_session_stops_its_application(lab: World) -> None:
    created(lab, 1, StopApplication="true")
    assert lab.stack.delete() == "DELETE_COMPLETE"
    assert lab.service.application(lab.applications[1]).state == "STOPPED"


def test_two_sessions_that_are_deleted_together_stop_their_application(lab: World) -> None:
    properties = lab.properties(1, StopApplication="true")
    lab.stack.create({"One": properties, "Two": properties})
    assert lab.stack.delete() == "DELETE_COMPLETE"
    assert lab.service.application(lab.applications[1]).state == "STOPPED"


def test_an_application_is_stopped_once_the_sessions_of_others_have_ended(lab: World) -> None:
    created(lab, 1, StopApplication="true")
    other = {"executionRoleArn": ROLE, "clientToken": "by-hand"}
    lab.service.perform("StartSession", {"applicationId": lab.applications[1], **other})
    lab.service.sessions()[-1].stop_seconds = 300
    lab.service.sessions()[-1].terminate(lab.agenda.now())
    assert lab.stack.delete() == "DELETE_COMPLETE"
    assert lab.service.application(lab.applications[1]).state == "STOPPED"


@pytest.mark.parametrize("operation", ["ListSessions", "GetApplication", "StopApplication"])
def test_an_application_that_may_not_be_stopped_fails_no_delete(lab: World, operation: str) -> None:
    """Its session is over: the answer must not say that it may still be live."""
    arn = created(lab, 1, StopApplication="true")
    lab.network.expect(Fault(operation, "denied", times=99))
    assert lab.stack.delete() == "DELETE_COMPLETE"
    assert lab.state(arn) == "TERMINATED"


def test_an_application_with_other_sessions_is_not_stopped(lab: World) -> None:
    created(lab, 0, StopApplication="true")
    assert lab.stack.delete() == "DELETE_COMPLETE"
    assert lab.service.application(lab.applications[0]).state == "STARTED"
    assert lab.asked_for("StopApplication") == []


def test_an_application_is_not_stopped_unless_it_is_asked_for(lab: World) -> None:
    created(lab, 1)
    assert lab.stack.delete() == "DELETE_COMPLETE"
    assert lab.service.application(lab.applications[1]).state == "STARTED"


@pytest.mark.parametrize("kind", ["refused", "denied", "throttled", "error", "dropped"])
def test_an_application_that_cannot_be_stopped_fails_no_delete(lab: World, kind: str) -> None:
    created(lab, 1, StopApplication="true")
    lab.network.expect(Fault("StopApplication", kind, times=12))  # type: ignore[arg-type]
    assert lab.stack.delete() == "DELETE_COMPLETE"


def test_a_late_create_of_the_longest_kind_is_still_found(lab: World) -> None:
    """Delivered 29 s late, 2 minutes without an answer, and then a session all the same."""
    request = lab.stack._send("Create", NAME, lab.properties())
    lab.agenda._due.clear()
    lab.agenda.after(29, lab.stack._delivery(request))
    lab.network.expect(Fault("StartSession", "throttled", times=24))
    assert delete(lab, "lab-Session-MADEUP", lab.properties()).succeeded
    lab.stack.status = "DELETE_COMPLETE"
