"""The names of a session, and the errors for a name that matches several or none."""

import json
from typing import Any

import pytest

from emr_session import ConnectError, SessionAmbiguousError, SessionNotFoundError, remote_url
from emr_session._emr.aws import Aws
from emr_session._emr.locate import locate

from ..account import Stack, TestClock
from .conftest import OWNER, STACK, Run, session_id
from .deployed import Deployed


@pytest.fixture
def named(aws: Deployed, arn: str) -> str:
    """The session of the stack, whose construct has a path."""
    aws.templates["Notebooks"] = {
        "Session": {"Metadata": {"aws:cdk:path": "Notebooks/Team/Session/Resource"}}
    }
    return arn


def found(aws: Deployed, text: str, application: str | None = None) -> str:
    return str(locate(text, Aws(session=aws.session()), application=application))


@pytest.mark.parametrize(
    "text",
    [
        "{arn}",
        "{id}",
        "{application}/{id}",
        "/notebooks/session",
        "Notebooks",
        "Notebooks/Session",
        "Notebooks/Team/Session",
        "Notebooks/Team",
        "Notebooks/Team/Session/Resource",
        STACK,
        "search",
    ],
)
def test_each_of_its_names_leads_to_a_session(
    run: Run, aws: Deployed, named: str, text: str
) -> None:
    aws.start(name="another")
    ids = {"arn": named, "id": session_id(named), "application": named.split("/")[2]}

    described = run("describe", "--json", text.format(**ids))
    assert json.loads(described.stdout)["arn"] == named


def test_the_library_takes_the_same_names(aws: Deployed, named: str) -> None:
    assert session_id(named) in remote_url("Notebooks/Team/Session", session=aws.session())


def test_a_stack_in_a_stage_or_with_a_name_of_its_own_is_found_by_its_constructs(
    aws: Deployed, clock: TestClock
) -> None:
    for name, path in (("Prod-Notebooks", "Prod/Notebooks/Session"), ("prod-x", "Mine/Session")):
        stack = STACK.replace("Notebooks", name)
        arn = aws.start(tags={**OWNER, "emr-serverless-session:stack-id": stack})
        aws.stacks[stack] = Stack(resources={"Session": ("CREATE_COMPLETE", arn)})
        aws.templates[name] = {"Session": {"Metadata": {"aws:cdk:path": f"{path}/Resource"}}}
        clock.advance(100)

        assert found(aws, path) == arn


def test_a_stack_means_the_successor_of_what_it_holds(
    aws: Deployed, clock: TestClock, named: str
) -> None:
    aws.terminate(named)
    clock.advance(60)
    assert found(aws, "Notebooks") == named

    successor = aws.start(
        named.split("/")[2], tags={**OWNER, "emr-serverless-session:held-arn": named}
    )
    assert found(aws, "Notebooks") == successor


def test_without_a_name_the_only_live_session_is_meant(run: Run, aws: Deployed, arn: str) -> None:
    assert session_id(arn) in run("describe").stdout

    other = aws.start()
    ended = run("describe")
    assert ended.returncode == 2
    first, *choices = ended.stderr.splitlines()
    assert "There are 2 live sessions in us-east-1" in first
    assert len(choices) == 2
    assert session_id(other) in ended.stderr
    assert session_id(arn) in ended.stderr
    assert session_id(other) in run("describe", "--application", other.split("/")[2]).stdout


def test_without_a_live_session_it_says_so(run: Run) -> None:
    ended = run("ui")

    assert ended.returncode == 1
    assert "There is no live session in us-east-1" in ended.stderr


def test_a_name_that_fits_several_lists_them(aws: Deployed, named: str) -> None:
    twin = aws.start(name="search")
    with pytest.raises(SessionAmbiguousError) as ambiguous:
        found(aws, "search")
    assert len(ambiguous.value.choices) == 2
    assert session_id(twin) in str(ambiguous.value)

    namesake = aws.start(name="Notebooks")
    with pytest.raises(SessionAmbiguousError) as ambiguous:
        found(aws, "Notebooks")
    assert {choice.split()[0].partition("/")[2] for choice in ambiguous.value.choices} == {
        session_id(named),
        session_id(namesake),
    }
    assert found(aws, "search", twin.split("/")[2]) == twin


def test_a_name_of_sessions_that_are_over_is_the_newest_ones(
    run: Run, aws: Deployed, clock: TestClock, named: str
) -> None:
    newer = aws.start(named.split("/")[2], name="search")
    for arn in (newer, named):
        aws.terminate(arn)
    clock.advance(60)

    said = run("describe", "search").stdout
    assert session_id(newer) in said
    assert "Session terminated by user" in said
    live = aws.start(named.split("/")[2], name="search")
    assert found(aws, "search") == live


def test_what_may_not_be_asked_is_no_hindrance_to_what_may(aws: Deployed, named: str) -> None:
    aws.denied |= {"ListStackResources", "GetParameter"}

    assert found(aws, "search") == named
    with pytest.raises(Exception, match="AccessDenied"):
        found(aws, "unknown")


def test_what_is_no_name_says_so_and_blanks_around_one_are_none(aws: Deployed, named: str) -> None:
    nothing: Any = None
    for text in ("", " \n", nothing):
        with pytest.raises(ConnectError, match="names no session: give its ARN"):
            remote_url(text, session=aws.session())
    assert found(aws, f"{named}\n") == named


def test_a_name_of_nothing_says_what_it_was_looked_for_as(aws: Deployed) -> None:
    with pytest.raises(
        SessionNotFoundError, match="no SSM parameter, no stack, no session of that name"
    ):
        found(aws, "unknown")
    with pytest.raises(SessionNotFoundError, match="no stack's resource or construct"):
        found(aws, "Notebooks/Nothing")
