"""Runs the doctor's checks one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._emr.aws import Aws
from .._emr.clock import Clock
from .._emr.names import LIVE_STATES, STARTING_STATES, USABLE_STATES, SessionArn
from .application import application_findings, read_application, unread_application
from .caller import Caller, caller_finding, read_caller
from .capacity import (
    capacity_findings,
    read_live_sessions,
    read_vcpu_quota,
    session_count_finding,
    settings_of,
    vcpu_finding,
)
from .finding import Finding, Level, not_checked
from .installation import installation_findings, python_version, read_installed
from .leftovers import LEFTOVERS, leftovers_finding
from .permissions import (
    CONNECT,
    PASS,
    START,
    Simulation,
    pass_context,
    passed,
    permission_finding,
    read_principal,
    simulate,
    tag_context,
)
from .question import Unanswered, ask
from .role import read_trust, trust_finding
from .session import read_session, session_findings, unread_session
from .spark import connection_findings


@dataclass(frozen=True)
class Subject:
    """What to look at: a session, or an application, or nothing but the account.

    Attributes:
        session: The session; its application is looked at, too.
        application_id: The application, where there is no session.
        role: The ARN of the execution role of a session that is to be started.
        connect: Whether to fetch a token, and test the connection to the session's Spark.
        roots: The authorities to trust, as PEM or the path of a file; by default boto3's.
    """

    session: SessionArn | None = None
    application_id: str | None = None
    role: str | None = None
    connect: bool = False
    roots: bytes | str | None = None


def examine(
    aws: Aws, subject: Subject, *, strays: Callable[[], Sequence[str]], clock: Clock
) -> Iterator[Finding]:
    """Look at a session, an application or an account; gives each finding as it is made.

    Changes nothing, and takes no token unless ``subject.connect`` is set.

    Args:
        aws: The clients.
        subject: What to look at.
        strays: Gives the ids of the sessions that no stack holds any more.
        clock: Time.
    """
    caller = read_caller(aws)
    if isinstance(caller, Finding):
        yield caller
        yield from installation_findings(read_installed(), python_version(), None, {})
        return
    yield caller_finding(caller)
    region = subject.session.region if subject.session else caller.region
    session: Mapping[str, Any] | None = None
    if subject.session:
        read = read_session(aws, subject.session)
        if isinstance(read, Unanswered):
            yield unread_session(subject.session, read)
        else:
            session = read
            yield from session_findings(session, clock.now())
    application_id = subject.session.application_id if subject.session else subject.application_id
    application: Mapping[str, Any] | None = None
    if application_id:
        found = read_application(aws, application_id, region)
        if isinstance(found, Unanswered):
            yield unread_application(application_id, region, found)
        else:
            application = found
            yield from application_findings(application)
    settings = settings_of(application, session)
    yield from _room(aws, application, session, settings, region)
    yield from _permissions(aws, caller, subject, application, session)
    if subject.session and session:
        yield from _connection(aws, subject, subject.session, session, clock)
    shown = application or session
    label = str(shown["releaseLabel"]) if shown else None
    yield from installation_findings(read_installed(), python_version(), label, settings)
    left = ask("emr-serverless:ListSessions and cloudformation:DescribeStacks", strays)
    yield left.finding(LEFTOVERS) if isinstance(left, Unanswered) else leftovers_finding(left)


def _room(
    aws: Aws,
    application: Mapping[str, Any] | None,
    session: Mapping[str, Any] | None,
    settings: Mapping[str, str],
    region: str,
) -> Iterator[Finding]:
    """Whether application and account have room."""
    count = 0
    if application:
        yield from capacity_findings(application, settings)
        live = read_live_sessions(aws, application["applicationId"], region)
        if isinstance(live, Unanswered):
            yield live.finding("session quota")
        else:
            count = len(live)
            yield session_count_finding(live)
    quota = read_vcpu_quota(aws, region)
    if isinstance(quota, Unanswered):
        yield quota.finding("vCPU quota")
    else:
        running = session is not None and session["state"] in LIVE_STATES
        yield vcpu_finding(quota, count, settings, running=running)


def _permissions(
    aws: Aws,
    caller: Caller,
    subject: Subject,
    application: Mapping[str, Any] | None,
    session: Mapping[str, Any] | None,
) -> Iterator[Finding]:
    """Whether the service can assume the role, and what the caller may do."""
    role = subject.role or (str(session["executionRoleArn"]) if session else None)
    if role:
        yield trust_finding(role, read_trust(aws, role))
    if not (session or application):
        return
    principal = "" if caller.is_root else read_principal(aws, caller)

    def asked(
        actions: Sequence[str], resource: str, context: Mapping[str, str]
    ) -> Simulation | Unanswered:
        if caller.is_root:
            return Simulation()
        return simulate(aws, principal, actions, resource, context)

    # Whoever has a session needn't be able to start one: its stack does.
    level = Level.WARNING if session else Level.WRONG
    if session:
        context = tag_context(session.get("tags", {}))
        yield permission_finding(
            "connect",
            asked(CONNECT, session["arn"], context),
            "connect: whoever connects acts as the execution role",
            "Have session.grants.connect for your role deployed.",
            Level.WRONG,
        )
    if application:
        context = tag_context(application.get("tags", {}))
        yield permission_finding(
            "start",
            asked(START, application["arn"], context),
            "start sessions on this application",
            "Have emr-serverless:StartSession on the application allowed for you; a stack's "
            "sessions are started by its function.",
            level,
        )
    if role:
        yield permission_finding(
            "pass role",
            asked(PASS, role, pass_context()),
            passed(role),
            "Have iam:PassRole on it to emr-serverless.amazonaws.com allowed for you; a stack's "
            "sessions are started by its function.",
            level,
        )


def _connection(
    aws: Aws, subject: Subject, arn: SessionArn, session: Mapping[str, Any], clock: Clock
) -> Iterator[Finding]:
    """Findings about the connection to the session's Spark, if asked for."""
    if session["state"] in STARTING_STATES:
        yield not_checked(
            "endpoint",
            f"a session that is {session['state']} has none",
            "Look again when it is usable.",
        )
    elif session["state"] not in USABLE_STATES:
        return
    elif subject.connect:
        yield from connection_findings(aws, arn, clock, subject.roots)
    else:
        yield not_checked(
            "endpoint",
            "that takes a token, and none was fetched",
            "--connect fetches one, and tests the connection to the session's Spark.",
        )
