"""Sessions without a stack: found by name or started, and ended with their block."""

import os
import signal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emr_session import ConnectError, SessionDiffersError, ephemeral, get_or_create

from .account import ROLE, Account, TestClock


@pytest.fixture
def application(aws: Account) -> str:
    return aws.application()


def asked(aws: Account, clock: TestClock, application: str, **more: Any) -> dict[str, Any]:
    return {
        "application": application,
        "execution_role": ROLE,
        "session": aws.session(),
        "clock": clock,
        **more,
    }


def state(aws: Account, arn: str) -> str:
    _, _, application_id, _, session_id = arn.split("/")
    described = aws.client().get_session(applicationId=application_id, sessionId=session_id)
    return str(described["session"]["state"])


# get_or_create


def test_a_session_is_started_where_there_is_none(
    aws: Account, clock: TestClock, application: str
) -> None:
    arn = get_or_create(
        "nightly",
        **asked(aws, clock, application),
        idle_timeout_minutes=30,
        spark_properties={"spark.executor.cores": "2"},
        tags={"team": "search"},
    )

    _, _, _, _, session_id = arn.split("/")
    session = aws.client().get_session(applicationId=application, sessionId=session_id)["session"]
    assert session["name"] == "nightly"
    assert session["idleTimeoutMinutes"] == 30
    assert session["tags"] == {"team": "search"}
    (configuration,) = session["configurationOverrides"]["runtimeConfiguration"]
    assert configuration["properties"] == {"spark.executor.cores": "2"}


def test_the_live_session_of_that_name_is_taken(
    aws: Account, clock: TestClock, application: str
) -> None:
    aws.start(application, name="other")
    first = get_or_create("nightly", **asked(aws, clock, application))
    clock.advance(1000)

    assert get_or_create("nightly", **asked(aws, clock, application)) == first


def test_an_application_may_be_named_by_its_arn(
    aws: Account, clock: TestClock, application: str
) -> None:
    arn = f"arn:aws:emr-serverless:us-east-1:000000000000:/applications/{application}"

    assert f"/{application}/" in get_or_create("nightly", **asked(aws, clock, arn))


def test_a_session_that_ended_is_followed_by_a_new_one(
    aws: Account, clock: TestClock, application: str
) -> None:
    """Even at once, while the service still knows the client token."""
    first = get_or_create("nightly", **asked(aws, clock, application))
    aws.terminate(first)

    second = get_or_create("nightly", **asked(aws, clock, application))
    assert second != first
    assert state(aws, second) == "SUBMITTED"


def test_callers_that_find_none_at_the_same_time_start_one_together(
    aws: Account, clock: TestClock, application: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emr_session._start.get_or_create._live", lambda *_: iter(()))

    started = {get_or_create("nightly", **asked(aws, clock, application)) for _ in range(3)}
    assert len(started) == 1


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"execution_role": f"{ROLE}-other"}, f"its execution role is {ROLE}"),
        ({"idle_timeout_minutes": 30}, "its idle time-out is 60 minutes"),
        ({"spark_properties": {"spark.executor.cores": "2"}}, "spark.executor.cores is not set"),
    ],
)
def test_a_live_session_of_that_name_that_is_another_is_an_error_and_left_alone(
    aws: Account, clock: TestClock, application: str, wanted: dict[str, Any], said: str
) -> None:
    first = get_or_create("nightly", **asked(aws, clock, application), idle_timeout_minutes=60)

    with pytest.raises(SessionDiffersError, match=said):
        get_or_create("nightly", **{**asked(aws, clock, application), **wanted})
    assert state(aws, first) == "SUBMITTED"


def test_what_is_no_application_is_said(aws: Account, clock: TestClock) -> None:
    with pytest.raises(ConnectError, match="give the application's id"):
        get_or_create("nightly", **asked(aws, clock, "my application"))


def test_a_service_that_is_away_for_a_moment_starts_one_session(
    aws: Account, clock: TestClock, application: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer was lost, not the request."""
    handle = aws.service.handle
    lost = [True]

    def loses_an_answer(method: str, path: str, *rest: Any) -> Any:
        answer = handle(method, path, *rest)
        if method == "POST" and path.endswith("/sessions") and lost:
            lost.pop()
            return 400, {"x-amzn-errortype": "ThrottlingException"}, b"{}"
        return answer

    monkeypatch.setattr(aws.service, "handle", loses_an_answer)
    get_or_create("nightly", **asked(aws, clock, application))

    assert len(aws.service.sessions()) == 1


# ephemeral


def test_a_session_lasts_as_long_as_its_block(
    aws: Account, clock: TestClock, application: str
) -> None:
    with ephemeral(**asked(aws, clock, application)) as arn:
        assert state(aws, arn) == "SUBMITTED"

    assert state(aws, arn) == "TERMINATING"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_session_ends_whatever_happens_in_its_block(
    aws: Account, clock: TestClock, application: str, error: type[BaseException]
) -> None:
    with pytest.raises(error), ephemeral(**asked(aws, clock, application)) as arn:
        raise error

    assert state(aws, arn) == "TERMINATING"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_so_it_does_when_the_process_is_told_to_end(
    aws: Account, clock: TestClock, application: str, name: str
) -> None:
    number = signal.Signals[name]
    # nohup has the tests ignore it.
    before = signal.signal(number, signal.SIG_DFL)
    try:
        with pytest.raises(SystemExit) as ended, ephemeral(**asked(aws, clock, application)) as arn:
            os.kill(os.getpid(), number)
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)

    assert ended.value.code == 128 + number
    assert state(aws, arn) == "TERMINATING"


def test_a_program_that_handles_its_end_itself_goes_on_doing_so(
    aws: Account, clock: TestClock, application: str
) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        with ephemeral(**asked(aws, clock, application)):
            os.kill(os.getpid(), signal.SIGTERM)
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_ctrl_c_while_the_session_is_being_started_leaves_none(
    aws: Account, clock: TestClock, application: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service has accepted the request, and its answer is on the way."""
    handle = aws.service.handle
    pressed: list[int] = []

    def pressed_meanwhile(method: str, path: str, *rest: Any) -> Any:
        answer = handle(method, path, *rest)
        if method == "POST" and path.endswith("/sessions") and not pressed:
            pressed.append(1)
            os.kill(os.getpid(), signal.SIGINT)
        return answer

    monkeypatch.setattr(aws.service, "handle", pressed_meanwhile)
    with pytest.raises(KeyboardInterrupt), ephemeral(**asked(aws, clock, application)):
        pytest.fail("the block is not entered")

    (session,) = aws.service.sessions()
    assert session.state == "TERMINATING"


def test_ending_is_tried_again_while_the_service_is_away(
    aws: Account, clock: TestClock, application: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ephemeral(**asked(aws, clock, application)) as arn:
        aws.unreachable = True
        sleep = clock.sleep

        def back_after_a_while(seconds: float) -> None:
            aws.unreachable = False
            sleep(seconds)

        monkeypatch.setattr(clock, "sleep", back_after_a_while)

    assert state(aws, arn) == "TERMINATING"


def test_a_session_that_ended_by_itself_is_no_error(
    aws: Account, clock: TestClock, application: str, caplog: pytest.LogCaptureFixture
) -> None:
    with ephemeral(**asked(aws, clock, application)) as arn:
        aws.terminate(arn)
        clock.advance(100)

    assert state(aws, arn) == "TERMINATED"
    assert not caplog.records


def test_a_refusal_to_end_it_is_logged_and_hides_no_error_of_the_block(
    aws: Account, clock: TestClock, application: str, caplog: pytest.LogCaptureFixture
) -> None:
    def block() -> None:
        with ephemeral(**asked(aws, clock, application)) as arn:
            aws.refused.add(arn.rpartition("/")[2])
            raise ValueError("of the block")

    with pytest.raises(ValueError, match="of the block"):
        block()
    (session,) = aws.service.sessions()
    assert "could not be ended" in caplog.text
    assert session.session_id in caplog.text


def test_a_refusal_to_start_it_is_raised(aws: Account, clock: TestClock, application: str) -> None:
    aws.refused.add("/sessions")

    with (
        pytest.raises(ClientError, match="AccessDenied"),
        ephemeral(**asked(aws, clock, application)),
    ):
        pytest.fail("the block is not entered")
