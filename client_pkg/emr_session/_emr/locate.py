"""Resolves a name to a session's ARN.

``reference`` says what a text may be. A name that fits several sessions is an error, never a
guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from botocore.exceptions import ClientError

from ..errors import ConnectError, SessionAmbiguousError, SessionNotFoundError
from .aws import Aws
from .inventory import AT_ONCE, Summary, application_ids, inventory, summaries
from .names import LIVE_STATES, OVER_STATES, SessionArn
from .reference import Kind, kinds_of
from .session import NOT_FOUND, describe
from .stacks import StackResource, construct_path, sessions_of, template_of


@dataclass(frozen=True)
class Match:
    """A session that a name fits, and what tells it from others."""

    arn: SessionArn
    described: str

    def __str__(self) -> str:
        return f"{self.arn.application_id}/{self.arn.session_id}  {self.described}"


def locate(target: str, aws: Aws, *, application: str | None = None) -> SessionArn:
    """The session that a name names.

    Args:
        target: A session's ARN, its id, ``APPLICATION/SESSION``, the name of the SSM parameter
            that holds its ARN, ``STACK``, ``STACK/LOGICAL-ID``, the path of the construct, or the
            session's name. Where what a stack holds is over, a live successor of it is meant; of a
            name that no live session has, the newest session that had it.
        aws: The clients.
        application: The id of the application that ids and names are looked for in; all by
            default.

    Raises:
        SessionAmbiguousError: Several sessions are named so.
        ConnectError: Nothing is named so, or what is holds no session.
        botocore.exceptions.ClientError: A service refuses what has to be asked.
    """
    # At run time: it may come from an environment that lacks it, or from a file with its newline.
    target = target.strip() if isinstance(target, str) else target
    if not isinstance(target, str) or not target:
        raise ConnectError(
            f"{target!r} names no session: give its ARN, its id, a parameter, a stack or a name. "
            "emr-session list shows the sessions there are."
        )
    kinds = kinds_of(target)
    if not kinds:
        raise ConnectError(
            f"{target} is not a session's ARN, which is arn:PARTITION:emr-serverless:REGION:"
            "ACCOUNT:/applications/APPLICATION/sessions/SESSION. Take it from the stack's outputs."
        )
    found: dict[SessionArn, Match] = {}
    problems: list[ConnectError | ClientError] = []

    def look(find: _Finder) -> None:
        try:
            for match in find(aws, target, application):
                found.setdefault(match.arn, match)
        except ConnectError as problem:
            problems.append(problem)
        except ClientError as refusal:
            if "AccessDenied" not in refusal.response["Error"]["Code"]:
                raise
            problems.append(refusal)

    for kind in kinds:
        look(_FINDERS[kind])
    # There may be thousands that are over.
    if Kind.NAME in kinds and not found:
        look(_by_name_of_old)
    if len(found) > 1:
        raise SessionAmbiguousError(
            f"{len(found)} sessions match {target}. Choose one:",
            [str(match) for match in found.values()],
        )
    for match in found.values():
        return match.arn
    raise problems[0] if problems else _nothing(target, kinds, aws)


def _nothing(target: str, kinds: Sequence[Kind], aws: Aws) -> ConnectError:
    region = aws.emr_serverless().meta.region_name
    if kinds == (Kind.PARAMETER,):
        return ConnectError(
            f"There is no SSM parameter {target} in {region}. Check name and region. Deleting "
            "a stack deletes its parameter."
        )
    return SessionNotFoundError(
        f"Nothing in {region} matches {target}: no {', no '.join(kind.value for kind in kinds)}. "
        "Check name, region and account; emr-session list shows the sessions."
    )


def only_live(aws: Aws, application: str | None = None) -> SessionArn:
    """The only live session that the caller may see.

    Raises:
        SessionAmbiguousError: Several live.
        SessionNotFoundError: None lives.
        botocore.exceptions.ClientError: The service refuses to list them.
    """
    live = [_match(one) for one in summaries(aws, application_id=application, states=LIVE_STATES)]
    where = f"in application {application}" if application else ""
    where = where or f"in {aws.emr_serverless().meta.region_name}"
    if not live:
        raise SessionNotFoundError(
            f"There is no live session {where}. Name one (emr-session list --all shows ended "
            "sessions too), or deploy its stack."
        )
    if len(live) > 1:
        raise SessionAmbiguousError(
            f"There are {len(live)} live sessions {where}. Choose one:", [str(one) for one in live]
        )
    return live[0].arn


# How each kind of name is looked up


def _by_arn(_aws: Aws, target: str, _application: str | None) -> list[Match]:
    arn = SessionArn.parse(target)
    return [Match(arn, "")] if arn else []


def _by_ids(aws: Aws, target: str, _application: str | None) -> list[Match]:
    application, _, session = target.partition("/")
    return _with_id(aws, session, [application])


def _by_id(aws: Aws, target: str, application: str | None) -> list[Match]:
    return _with_id(aws, target, [application] if application else application_ids(aws))


def _by_parameter(aws: Aws, target: str, _application: str | None) -> list[Match]:
    try:
        value = str(aws.of("ssm").get_parameter(Name=target)["Parameter"]["Value"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        return []
    arn = SessionArn.parse(value)
    if not arn:
        raise ConnectError(
            f"The SSM parameter {target} doesn't hold a session's ARN. Name the parameter of the "
            "session, or give its ARN."
        )
    return [Match(arn, f"by the SSM parameter {target}")]


def _by_stack(aws: Aws, target: str, _application: str | None) -> list[Match]:
    held = sessions_of(aws, target)
    if held is None:
        return []
    if not held:
        raise ConnectError(f"Stack {target} has no session. Name its ARN, or another stack.")
    return [_current(aws, resource) for resource in held]


def _by_construct(aws: Aws, target: str, _application: str | None) -> list[Match]:
    """By ``STACK/LOGICAL-ID``, or by a path at or above the session's construct."""
    stack, _, within = target.partition("/")
    for resource in sessions_of(aws, stack) or ():
        if resource.logical_id == within:
            return [_current(aws, resource)]
    for name in _stack_names(aws, target):
        held = sessions_of(aws, name)
        if not held:
            continue
        template = template_of(aws, name)
        fitting = [
            resource
            for resource in held
            if f"{construct_path(template, resource.logical_id)}/".startswith(f"{target}/")
        ]
        if fitting:
            return [_current(aws, resource) for resource in fitting]
    return []


def _by_name(aws: Aws, target: str, application: str | None) -> list[Match]:
    live = summaries(aws, application_id=application, states=LIVE_STATES)
    return [_match(one) for one in live if one.get("name") == target]


def _by_name_of_old(aws: Aws, target: str, application: str | None) -> list[Match]:
    """The newest of that name that is over. The service lists it for a while."""
    states = ("TERMINATING", *OVER_STATES)
    over = summaries(aws, application_id=application, states=states)
    named = [one for one in over if one.get("name") == target]
    return [_match(max(named, key=lambda one: one["createdAt"]))] if named else []


_Finder = Callable[[Aws, str, str | None], list[Match]]
_FINDERS: dict[Kind, _Finder] = {
    Kind.ARN: _by_arn,
    Kind.IDS: _by_ids,
    Kind.ID: _by_id,
    Kind.PARAMETER: _by_parameter,
    Kind.STACK: _by_stack,
    Kind.CONSTRUCT: _by_construct,
    Kind.NAME: _by_name,
}


def _with_id(aws: Aws, session: str, applications: Iterable[str]) -> list[Match]:
    client = aws.emr_serverless()

    def ask(application: str) -> Match | None:
        try:
            asked = client.get_session(applicationId=application, sessionId=session)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return None
        return _match(asked["session"])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [match for match in pool.map(ask, applications) if match]


def _stack_names(aws: Aws, path: str) -> Iterable[str]:
    """The stacks that a construct's path may lead into: by the CDK's names, then by their tags.

    A stack within a stage is named STAGE-STACK; one that was given a name is found by what it has
    started.
    """
    parts = path.split("/")
    by_default = ["-".join(parts[:count]) for count in range(1, len(parts))]
    yield from by_default
    owners = {
        one.owner.stack_id: one.owner for one in inventory(aws, states=LIVE_STATES) if one.owner
    }
    yield from (id for id, owner in owners.items() if owner.stack_name not in by_default)


def _current(aws: Aws, resource: StackResource) -> Match:
    """The session that a resource holds; where that is over, a live successor of it."""
    arn = SessionArn.parse(resource.physical_id)
    if arn is None:
        raise ConnectError(
            f"{resource} is {resource.status}, and no session of it is known. See the stack's "
            "events for why."
        )
    status = describe(aws, arn)
    if not status.live:
        live = inventory(
            aws, application_id=arn.application_id, states=LIVE_STATES, region=arn.region
        )
        for one in live if status.state != NOT_FOUND else ():
            successor = SessionArn.parse(one.arn)
            if one.owner and one.owner.held_arn == arn.arn and successor:
                return Match(successor, f"{resource}, {one.state}, successor")
    return Match(arn, f"{resource}, {status.state}")


def _match(session: Summary) -> Match:
    arn = SessionArn.parse(session["arn"])
    if arn is None:
        raise ConnectError(f"The service returned an invalid session ARN: {session['arn']}")
    name = session.get("name")
    return Match(arn, f"{name}, {session['state']}" if name else str(session["state"]))
