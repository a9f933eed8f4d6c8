"""Rule 18: a schedule's call starts a successor where the session is over, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from emr_serverless_local.http import serve
from session_handler import handler, sessions
from session_handler.errors import Refused
from session_handler.identity import SessionArn, client_token
from session_handler.names import HELD_ARN_TAG, RETAINED_TAG
from session_handler.properties import REQUEST_PROPERTIES, read_spec
from session_handler.request import ScheduleCall
from tests.unit.handler.conftest import HANDLER_ROLE, LOGICAL_ID, OWNER, STACK, Lab
from tests.unit.handler.network import BROKEN, NOT_FOUND, THROTTLED

GOLDEN = Path(__file__).parent / "golden_schedule" / "call.json"


class Parameters:
    """SSM, as far as PutParameter goes."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def handle(
        self,
        method: str,  # noqa: ARG002
        path: str,  # noqa: ARG002
        headers: Mapping[str, str],  # noqa: ARG002
        body: bytes,
        query: Mapping[str, Sequence[str]],  # noqa: ARG002
    ) -> tuple[int, dict[str, str], bytes]:
        asked = json.loads(body)
        answer_type = {"Content-Type": "application/x-amz-json-1.1"}
        if not asked.get("Overwrite"):  # the template has made the parameter
            return 400, answer_type, b'{"__type": "ParameterAlreadyExists"}'
        self.values[asked["Name"]] = asked["Value"]
        return 200, answer_type, b'{"Version": 1}'


def sent_by_schedule(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What a schedule's input has of a resource's properties: not how to handle it."""
    return {k: v for k, v in properties.items() if k in REQUEST_PROPERTIES}


class Scheduled:
    """A deployed session that is kept alive, and its schedule."""

    def __init__(self, lab: Lab, parameters: Parameters) -> None:
        self.lab = lab
        self.parameters = parameters.values
        self.properties = lab.properties(KeepAlive="true", Tags={"team": "data"})
        self.held = lab.create(self.properties).physical_id
        lab.cloudformation.shows("CREATE_COMPLETE", "CREATE_COMPLETE")

    def call(self, late: float = 0, **more: Any) -> str:
        """Let the schedule call; the outcome, as it is logged."""
        scheduled = datetime.fromtimestamp(self.lab.clock.now() - late, UTC)
        return self.deliver(
            {
                "ScheduledTime": scheduled.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "StackId": STACK,
                "LogicalResourceId": LOGICAL_ID,
                "ResourceProperties": sent_by_schedule(self.properties),
                "ParameterName": "/current",
                **more,
            }
        )

    def successor(self, **tags: str) -> str:
        """A session that another call has started in place of the held one."""
        spec = read_spec(self.properties).digest
        owners = {**OWNER.tags(spec, "token"), HELD_ARN_TAG: self.held}
        return self.lab.start(self.properties["ApplicationId"], {**owners, **tags})

    def deliver(self, event: dict[str, Any]) -> str:
        handler.handle(event, None)
        logged = self.lab.logged()[-1]
        return str(logged.get("outcome") or logged.get("error"))


@pytest.fixture
def scheduled(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Any:
    parameters = Parameters()
    with serve(parameters) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", url)
        yield Scheduled(lab, parameters)


def test_a_session_that_lives_stays_the_only_one(lab: Lab, scheduled: Scheduled) -> None:
    assert scheduled.call() == "alive"
    assert lab.live() == [scheduled.held]
    assert scheduled.parameters == {}


@pytest.mark.parametrize("names_id", [True, False])
def test_a_session_that_is_over_gets_a_successor(
    lab: Lab, scheduled: Scheduled, names_id: bool
) -> None:
    lab.end(scheduled.held)
    more: dict[str, Any] = {"PhysicalResourceId": scheduled.held} if names_id else {}
    assert scheduled.call(**more) == "renewed"
    [successor] = lab.live()
    tags = lab.session(successor).tags
    assert tags[HELD_ARN_TAG] == scheduled.held
    assert tags["team"] == "data"
    assert OWNER.owns(tags)
    assert scheduled.parameters == {"/current": successor}


def test_the_next_call_finds_the_successor(lab: Lab, scheduled: Scheduled) -> None:
    lab.end(scheduled.held)
    scheduled.call()
    successor = lab.live()
    assert scheduled.call() == "alive"
    assert lab.live() == successor


def test_a_successor_that_is_over_gets_one_too(lab: Lab, scheduled: Scheduled) -> None:
    lab.end(scheduled.held)
    assert scheduled.call() == "renewed"
    lab.end(scheduled.parameters["/current"])
    lab.clock.sleep(3600)
    assert scheduled.call() == "renewed"
    assert lab.live() == [scheduled.parameters["/current"]]


def test_a_call_from_before_an_update_starts_nothing(lab: Lab, scheduled: Scheduled) -> None:
    lab.end(scheduled.held)
    before = {**sent_by_schedule(scheduled.properties), "Name": "before"}
    assert scheduled.call(ResourceProperties=before) == "the call is from before an update"
    assert lab.live() == []


@pytest.mark.parametrize("older", [0, 1, None], ids=["the first", "the second", "none"])
def test_of_two_successors_the_older_one_stays(
    lab: Lab, scheduled: Scheduled, older: int | None
) -> None:
    """Where none is, the ARN tells: each call that sees both ends the same one."""
    lab.end(scheduled.held)
    two = [scheduled.successor(), scheduled.successor()]
    if older is not None:
        lab.session(two[older]).created_at -= 60
    assert scheduled.call() == "alive"
    assert lab.live() == [two[older or 0]]
    assert scheduled.parameters == {"/current": two[older or 0]}


def test_a_second_successor_stays_that_the_stack_holds_by_now(
    lab: Lab, scheduled: Scheduled
) -> None:
    lab.end(scheduled.held)
    two = [scheduled.successor(), scheduled.successor()]
    lab.network.before["ListSessions"] = lambda: lab.cloudformation.shows(
        "UPDATE_COMPLETE", "UPDATE_COMPLETE", two[1]
    )
    assert scheduled.call() == "alive"
    assert lab.live() == two


def test_a_second_successor_stays_that_is_retained(lab: Lab, scheduled: Scheduled) -> None:
    """An Update may have taken it."""
    lab.end(scheduled.held)
    two = [scheduled.successor(), scheduled.successor(**{RETAINED_TAG: "true"})]
    assert scheduled.call() == "alive"
    assert lab.live() == two


def test_a_second_successor_ends_though_cloudformation_has_become_silent(
    lab: Lab, scheduled: Scheduled
) -> None:
    lab.end(scheduled.held)
    first, _ = scheduled.successor(), scheduled.successor()

    def fall_silent() -> None:
        lab.cloudformation.refuses = 1000

    lab.network.before["ListSessions"] = fall_silent
    assert scheduled.call() == "alive"
    assert lab.live() == [first]
    assert scheduled.parameters == {"/current": first}


def test_a_successor_that_ends_while_it_is_looked_for_is_none(
    lab: Lab, scheduled: Scheduled
) -> None:
    lab.end(scheduled.held)
    ending = scheduled.successor()

    def end_once_listed() -> None:
        if lab.network.count()["ListSessions"]:
            lab.session(ending).terminate(lab.clock.now())

    lab.network.before["GetSession"] = end_once_listed
    assert scheduled.call() == "renewed"
    assert scheduled.parameters["/current"] != ending


def test_a_successor_that_the_list_does_not_show_yet_is_named_all_the_same(
    lab: Lab, scheduled: Scheduled, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.end(scheduled.held)
    monkeypatch.setattr(sessions, "page", lambda *_: sessions.Page([], None))
    assert scheduled.call() == "renewed"
    assert lab.live() == [scheduled.parameters["/current"]]


@pytest.mark.parametrize(
    "shown", ["by the list", "by GetSession", "of the held one", "of the successor"]
)
@pytest.mark.parametrize("field", ["created_by", "execution_role_arn"])
def test_what_the_service_does_not_show_speaks_against_no_successor(
    lab: Lab, scheduled: Scheduled, monkeypatch: pytest.MonkeyPatch, field: str, shown: str
) -> None:
    lab.end(scheduled.held)
    successor = scheduled.successor()
    page, get = sessions.page, sessions.get
    without: dict[str, Any] = {field: None}

    def list_without(*asked: Any) -> sessions.Page:
        summaries, next_token = page(*asked)
        return sessions.Page([s._replace(**without) for s in summaries], next_token)

    def get_without(arn: SessionArn) -> sessions.Session:
        return replace(get(arn), **without) if arn.arn in hidden else get(arn)

    one_alone = {"of the held one": {successor}, "of the successor": {scheduled.held}}
    hidden = one_alone.get(shown, {successor, scheduled.held})
    if shown != "by the list":
        monkeypatch.setattr(sessions, "page", list_without)
    if shown != "by GetSession":
        monkeypatch.setattr(sessions, "get", get_without)
    assert scheduled.call() == "alive"
    assert lab.live() == [successor]


def test_somebody_elses_successor_is_none(lab: Lab, scheduled: Scheduled) -> None:
    lab.end(scheduled.held)
    copy = scheduled.successor()
    lab.session(copy).created_by = "arn:aws:sts::123456789012:assumed-role/team/the-function"
    assert scheduled.call() == "renewed"
    assert scheduled.parameters["/current"] != copy


@pytest.mark.parametrize(
    ("maker", "found"),
    [
        (HANDLER_ROLE, True),
        (HANDLER_ROLE.replace("the-function", "another"), False),
        (HANDLER_ROLE.replace("/handler/", "/developer/"), False),
        ("arn:aws:iam::123456789012:user/the-function", False),
    ],
)
def test_the_functions_role_and_name_tell_its_successor_where_the_held_session_is_forgotten(
    lab: Lab,
    scheduled: Scheduled,
    maker: str,
    found: bool,
) -> None:
    successor = scheduled.successor()
    lab.session(successor).created_by = maker
    lab.network.fail("GetSession", *[NOT_FOUND] * 3)
    assert scheduled.call() == ("alive" if found else "renewed")
    assert (scheduled.parameters["/current"] == successor) is found


def test_where_an_update_takes_long_the_parameter_stays_what_it_is(
    lab: Lab, scheduled: Scheduled
) -> None:
    lab.end(scheduled.held)
    lab.network.before["StartSession"] = lambda: lab.cloudformation.begins("Update")
    assert scheduled.call() == "the stack is not at rest yet"
    assert scheduled.parameters == {}
    assert len(lab.live()) == 1, "the Update may take it"


def test_nothing_is_started_once_an_update_has_begun(lab: Lab, scheduled: Scheduled) -> None:
    lab.end(scheduled.held)
    lab.network.always["StartSession"] = THROTTLED
    lab.clock.after(30, lambda: lab.cloudformation.begins("Update"))
    lab.clock.after(40, lab.network.always.clear)
    assert scheduled.call() == "the stack is being changed"
    assert lab.live() == []


def test_a_call_that_is_delivered_twice_starts_one(lab: Lab, scheduled: Scheduled) -> None:
    lab.end(scheduled.held)
    event = {
        "ScheduledTime": datetime.fromtimestamp(lab.clock.now(), UTC).isoformat(),
        "StackId": STACK,
        "LogicalResourceId": LOGICAL_ID,
        "ResourceProperties": sent_by_schedule(scheduled.properties),
    }
    lab.network.fail("ListSessions", *[BROKEN] * 2)
    scheduled.deliver(event)
    scheduled.deliver(event)
    assert len(lab.live()) == 1


def test_a_late_call_starts_nothing(lab: Lab, scheduled: Scheduled) -> None:
    lab.end(scheduled.held)
    assert scheduled.call(late=601) == "too late"
    assert lab.live() == []


@pytest.mark.parametrize(
    ("status", "stack"),
    [
        ("CREATE_COMPLETE", "UPDATE_IN_PROGRESS"),
        ("UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"),
    ],
)
def test_nothing_starts_while_the_stack_changes(
    lab: Lab, scheduled: Scheduled, status: str, stack: str
) -> None:
    lab.end(scheduled.held)
    lab.cloudformation.shows(status, stack)
    assert scheduled.call() == "the stack is being changed"
    assert lab.live() == []


@pytest.mark.parametrize(
    ("status", "stack"),
    [
        ("DELETE_COMPLETE", "DELETE_COMPLETE"),
        ("DELETE_COMPLETE", "UPDATE_COMPLETE"),
        ("UPDATE_FAILED", "UPDATE_FAILED"),
        ("CREATE_COMPLETE", "DELETE_FAILED"),
    ],
)
def test_nothing_starts_where_the_resource_has_gone_or_failed(
    lab: Lab, scheduled: Scheduled, status: str, stack: str
) -> None:
    lab.end(scheduled.held)
    lab.cloudformation.shows(status, stack)
    assert scheduled.call() == f"nothing to renew: the stack is {stack}, the resource {status}"
    assert lab.live() == []


def test_nothing_starts_where_cloudformation_does_not_say(lab: Lab, scheduled: Scheduled) -> None:
    lab.end(scheduled.held)
    lab.cloudformation.refuses = 100
    assert "CloudFormation doesn't say what the stack holds: describe_stack" in scheduled.call()
    assert lab.live() == []


def test_nothing_starts_where_the_resource_holds_no_session(lab: Lab, scheduled: Scheduled) -> None:
    lab.end(scheduled.held)
    lab.cloudformation.shows("UPDATE_COMPLETE", "UPDATE_COMPLETE", "made-up")
    assert scheduled.call().startswith("nothing to renew: ")
    assert lab.live() == []


def test_an_old_schedules_call_starts_nothing(lab: Lab, scheduled: Scheduled) -> None:
    lab.end(scheduled.held)
    other = scheduled.held.replace("golden", "0other")
    assert scheduled.call(PhysicalResourceId=other).startswith("nothing to renew: ")
    assert lab.live() == []


def test_what_lambda_logs_of_a_failed_call_has_no_token(
    lab: Lab, scheduled: Scheduled, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.end(scheduled.held)

    def refuse(parameters: Any) -> None:
        raise Refused("StartSession", "Odd", f"not {parameters['clientToken']}")

    monkeypatch.setattr(sessions, "start", refuse)
    with pytest.raises(RuntimeError) as raised:
        scheduled.call()
    assert str(raised.value) == "StartSession: Odd: not (token)"
    assert raised.value.__suppress_context__


def later(lab: Lab, *shown: tuple[str, str, str | None]) -> Callable[[], None]:
    """Show one thing after the other, ten seconds apart."""

    def begin() -> None:
        for number, what in enumerate(shown):
            lab.clock.after(10 * number, partial(lab.cloudformation.shows, *what))

    return begin


@pytest.mark.parametrize("status", ["DELETE_IN_PROGRESS", "CREATE_COMPLETE"])
def test_a_successor_ends_when_the_stack_is_deleted_meanwhile(
    lab: Lab, scheduled: Scheduled, status: str
) -> None:
    lab.end(scheduled.held)
    lab.network.before["StartSession"] = later(lab, (status, "DELETE_IN_PROGRESS", scheduled.held))
    began = lab.clock.now()
    assert scheduled.call() == "the stack was changed"
    assert lab.live() == []
    assert lab.clock.now() - began < 60


def test_a_successor_stays_though_cloudformation_falls_silent_for_a_while(
    lab: Lab, scheduled: Scheduled
) -> None:
    lab.end(scheduled.held)

    def fall_silent() -> None:
        lab.cloudformation.refuses = 2

    lab.network.before["StartSession"] = lambda: lab.clock.after(5, fall_silent)
    assert scheduled.call() == "renewed"
    assert lab.live() == [scheduled.parameters["/current"]]


def test_a_successor_is_left_to_an_update_that_takes_it(lab: Lab, scheduled: Scheduled) -> None:
    lab.end(scheduled.held)
    successor = scheduled.held.replace("00golden00000002", "00golden00000003")
    lab.network.before["StartSession"] = later(
        lab,
        ("UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", scheduled.held),
        ("UPDATE_COMPLETE", "UPDATE_COMPLETE", successor),
    )
    assert scheduled.call() == "renewed"
    assert lab.live() == [successor]


def test_a_successor_ends_that_an_update_has_not_taken(lab: Lab, scheduled: Scheduled) -> None:
    lab.end(scheduled.held)
    other = scheduled.held.replace("00golden00000002", "00another")
    lab.network.before["StartSession"] = later(
        lab,
        ("UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", scheduled.held),
        ("UPDATE_COMPLETE", "UPDATE_COMPLETE", other),
    )
    assert scheduled.call() == "the stack was changed"
    assert lab.live() == []


def test_a_look_during_an_update_makes_the_looks_before_it_uncertain(
    lab: Lab, scheduled: Scheduled
) -> None:
    lab.end(scheduled.held)
    at_rest = ("CREATE_COMPLETE", "CREATE_COMPLETE", scheduled.held)
    other = scheduled.held.replace("00golden00000002", "00another")
    lab.network.before["StartSession"] = later(
        lab,
        *[at_rest] * 3,
        ("UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", scheduled.held),
        ("UPDATE_COMPLETE", "UPDATE_COMPLETE", scheduled.held),
        ("UPDATE_COMPLETE", "UPDATE_COMPLETE", other),
    )
    assert scheduled.call() == "the stack was changed"
    assert lab.live() == []


def test_a_call_that_fails_raises_so_that_lambda_delivers_it_again(
    lab: Lab, scheduled: Scheduled
) -> None:
    lab.end(scheduled.held)
    lab.network.always["StartSession"] = BROKEN
    with pytest.raises(Exception, match="StartSession"):
        scheduled.call()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ScheduledTime": "soon"}, "ScheduledTime is 'soon'"),
        ({"StackId": None}, "no StackId"),
        ({"LogicalResourceId": ""}, "no LogicalResourceId"),
    ],
)
def test_a_call_that_cannot_be_read_is_logged(
    scheduled: Scheduled, changed: dict[str, Any], said: str
) -> None:
    assert said in scheduled.call(**changed)


def test_a_deployed_schedules_call_is_understood() -> None:
    """Another token would start a second successor where a call is delivered twice."""
    event = json.loads(GOLDEN.read_text())
    call = ScheduleCall.read(event)
    assert call.scheduled_at == datetime(2026, 11, 24, 9, 15, tzinfo=UTC).timestamp()
    assert call.parameter_name == "/emr-serverless-session/Notebooks/SessionA1B2C3D4"
    request_id = f"{call.scheduled} in place of {event['PhysicalResourceId']}"
    assert client_token(call.request.owner, request_id, call.request.spec().digest) == (
        "e2f13c293f611af37a645b658f7aa76027e81c77292b92b4bba5248010b2640b"
    )


@pytest.mark.parametrize(("late", "outcome"), [(60, "renewed"), (91, "nothing to renew")])
def test_a_call_that_was_queued_knows_nothing_of_a_change_since(
    lab: Lab, scheduled: Scheduled, late: int, outcome: str
) -> None:
    """``emr-session start`` sends the beginning of the minute, and the resource may be new."""
    lab.end(scheduled.held)
    lab.cloudformation.shows("UPDATE_COMPLETE", "UPDATE_COMPLETE")
    assert scheduled.call(late=late).partition(":")[0] == outcome
