"""Checks at synth of what StartSession would refuse, read from the service's model.

Every check collects all problems of a construct. Values that are only known at deployment, and
texts with such values in them, pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import aws_cdk as cdk
import jsii
from constructs import Construct, IValidation

from .asked_once import asked_once
from .configuration import Configuration
from .errors import SessionValidationError
from .owner_tags import OWNER_TAG_PREFIX, OWNER_TAGS
from .service_model import shape

_RESERVED_SPARK_KEY = "spark.connect.grpc.binding.address"

# What makes the values that a text or a number is easily given for.
_MADE_BY = {
    "application": "CfnApplication.from_application_id or from_application_arn",
    "execution_role": "iam.Role.from_role_arn",
    "idle_timeout": "cdk.Duration.minutes",
    "provider": "SessionProvider",
}
_REQUIRED = ("application", "execution_role")
_SWITCHES = ("wait_until_ready", "ensure_live_on_deploy", "stop_application")


def check_types(path: str, **values: object) -> None:
    """Checks that constructs and durations are no plain values, and switches nothing else.

    A type checker sees it first; whoever has none is told what to write.

    Raises:
        SessionValidationError: All problems that were found.
    """
    problems = []
    for name, value in values.items():
        if name in _SWITCHES:
            unset = name == "stop_application" and value is None
            if not isinstance(value, bool) and not unset:
                problems.append(f"{name}: {_shown(name, value)}, must be True or False.")
        elif isinstance(value, (str, int, float)) or (value is None and name in _REQUIRED):
            problems.append(f"{name}: {_shown(name, value)}, must be made by {_MADE_BY[name]}.")
    if problems:
        raise SessionValidationError(path, problems)


def check_request(
    path: str,
    *,
    application_id: str,
    execution_role_arn: str,
    session_name: str | None,
    idle_timeout: cdk.Duration | None,
    runtime_configuration: Sequence[Configuration] | None,
    tags: Mapping[str, str] | None,
    removal_policy: cdk.RemovalPolicy | None,
    elsewhere: Sequence[str],
) -> None:
    """Checks what a session is asked for; what it has elsewhere is told with the rest.

    Raises:
        SessionValidationError: All problems that were found.
    """
    problems = [
        *_member_problems("application", "applicationId", application_id),
        *_member_problems("execution_role", "executionRoleArn", execution_role_arn),
    ]
    if session_name is not None:
        problems += _member_problems("session_name", "name", session_name)
    if idle_timeout is not None:
        problems += _idle_timeout_problems(idle_timeout)
    if runtime_configuration is not None:
        problems += _configurations_problems("runtime_configuration", runtime_configuration)
    if tags is not None:
        problems += _tag_problems(tags)
    if removal_policy == cdk.RemovalPolicy.SNAPSHOT:
        problems.append("removal_policy: SNAPSHOT, but a session has no snapshots.")
    problems += elsewhere
    if problems:
        raise SessionValidationError(path, problems)


@jsii.implements(IValidation)
class LateChecks:
    """Checks of what is complete only when the whole app is: the tags that ``Tags.of`` adds.

    One for all sessions of a stack: that spares each of them a callback from the CDK's process.
    """

    def __init__(self) -> None:
        """Checks nothing yet."""
        self._tags: list[tuple[Construct, cdk.TagManager]] = []
        self._kept_alive: set[Construct] = set()

    def add(self, session: Construct, tags: cdk.TagManager) -> None:
        """Has the tags checked that are in the manager at the end."""
        self._tags.append((session, tags))

    def keep_alive(self, session: Construct) -> None:
        """Leaves room for the tag that a successor has beside the owner tags."""
        self._kept_alive.add(session)

    def validate(self) -> list[str]:
        """Called by the CDK at the end; returns the problems, each with the session's path."""
        found = []
        for session, tags in self._tags:
            own = len(OWNER_TAGS) + (session in self._kept_alive)
            problems = _tag_problems(tags.tag_values(), own)
            found += [f"{session.node.path}: {problem}" for problem in problems]
        return found


@asked_once
def late_checks_of(stack: cdk.Stack) -> LateChecks:
    """The checks of a stack, made and added to it when first asked for."""
    checks = LateChecks()
    stack.node.add_validation(checks)
    return checks


def shape_problems(name: str, shape_name: str, value: Any) -> Iterator[str]:
    """What is wrong with a text or a number by the length, range and pattern of a shape."""
    if _known_later(value):
        return
    constraints = shape(shape_name)
    shown = _shown(name, value)
    if constraints["type"] == "string":
        if not isinstance(value, str):
            yield f"{name}: {shown}, must be text."
            return
        yield from _bound_problems(name, shown, len(value), constraints, "characters")
        pattern = constraints.get("pattern")
        if pattern and not re.fullmatch(pattern, value, re.ASCII):
            yield f"{name}: {shown}, must match {pattern}"
    else:
        yield from _bound_problems(name, shown, value, constraints, "")


def _bound_problems(
    name: str, shown: str, size: float, constraints: Mapping[str, Any], unit: str
) -> Iterator[str]:
    suffix = f" {unit}" if unit else ""
    if "min" in constraints and size < constraints["min"]:
        yield f"{name}: {shown}, must be at least {constraints['min']:,}{suffix}."
    if "max" in constraints and size > constraints["max"]:
        yield f"{name}: {shown}, must be at most {constraints['max']:,}{suffix}."


def _member_problems(name: str, member: str, value: Any) -> list[str]:
    members = shape("StartSessionRequest")["members"]
    return list(shape_problems(name, members[member]["shape"], value))


@asked_once
def minutes_of(duration: cdk.Duration) -> float:
    """A duration in minutes, with a fraction where it has one; a token where it is one."""
    return duration.to_minutes(integral=False)


def _idle_timeout_problems(idle_timeout: cdk.Duration) -> list[str]:
    minutes = minutes_of(idle_timeout)
    if _known_later(minutes):
        return []
    if minutes != int(minutes):
        return [
            f"idle_timeout: {idle_timeout.to_human_string()}, must be whole minutes "
            "(the service counts in minutes)."
        ]
    return _member_problems("idle_timeout", "idleTimeoutMinutes", int(minutes))


def _configurations_problems(name: str, configurations: Sequence[Configuration]) -> list[str]:
    if isinstance(configurations, str) or not isinstance(configurations, Sequence):
        kind = type(configurations).__name__
        return [f"{name}: {kind}, must be a list of Configuration."]
    problems = list(
        _bound_problems(
            name,
            f"{len(configurations)} entries",
            len(configurations),
            shape("ConfigurationList"),
            "entries",
        )
    )
    for index, configuration in enumerate(configurations):
        problems += _configuration_problems(f"{name}[{index}]", configuration)
    return problems


def _configuration_problems(name: str, configuration: Configuration) -> list[str]:
    if not isinstance(configuration, Configuration):
        return [f"{name}: {type(configuration).__name__}, must be a Configuration."]
    members = shape("Configuration")["members"]
    problems = list(
        shape_problems(
            f"{name}.classification",
            members["classification"]["shape"],
            configuration.classification,
        )
    )
    properties = configuration.properties
    if properties is not None and not isinstance(properties, Mapping):
        problems.append(_no_mapping(f"{name}.properties", properties))
    elif properties is not None:
        constraints = shape(members["properties"]["shape"])
        problems += _bound_problems(
            f"{name}.properties",
            f"{len(properties)} entries",
            len(properties),
            constraints,
            "entries",
        )
        for key, value in properties.items():
            entry = f"{name}.properties[{key!r}]"
            problems += shape_problems(f"{entry} key", constraints["key"]["shape"], key)
            problems += shape_problems(entry, constraints["value"]["shape"], value)
            if key == _RESERVED_SPARK_KEY:
                problems.append(f"{entry}: is reserved by EMR Serverless; leave it out.")
    if configuration.configurations is not None:
        problems += _configurations_problems(f"{name}.configurations", configuration.configurations)
    return problems


def _tag_problems(tags: Mapping[str, str], own: int = len(OWNER_TAGS)) -> list[str]:
    if not isinstance(tags, Mapping):
        return [_no_mapping("tags", tags)]
    constraints = shape("TagMap")
    problems = []
    limit = constraints["max"]
    if len(tags) + own > limit:
        problems.append(
            f"tags: {len(tags)} entries, must be at most {limit - own}: "
            f"the service takes {limit}, and {own} say whose the session is."
        )
    for key, value in tags.items():
        name = f"tags[{key!r}]"
        problems += shape_problems(f"{name} key", constraints["key"]["shape"], key)
        problems += shape_problems(name, constraints["value"]["shape"], value)
        if _known_later(key):
            continue
        if key.lower().startswith("aws:"):
            problems.append(f"{name}: keys that begin with 'aws:' are reserved by AWS.")
        if key.startswith(OWNER_TAG_PREFIX):
            problems.append(f"{name}: keys that begin with {OWNER_TAG_PREFIX!r} are the library's.")
    return problems


def _no_mapping(name: str, value: object) -> str:
    return f"{name}: {type(value).__name__}, must be a mapping of text to text."


def _known_later(value: Any) -> bool:
    """Whether a value is a token; asking the CDK costs time, and text shows it."""
    if isinstance(value, str):
        return "${Token[" in value
    if isinstance(value, (int, float)):
        return value < 0 and cdk.Token.is_unresolved(value)  # tokens are negative numbers
    return cdk.Token.is_unresolved(value)


def _shown(name: str, value: Any) -> str:
    """The value as messages have it: quoted, cut when long, and never a property's own value."""
    if ".properties[" in name and not name.endswith(" key"):
        # The service's model marks the properties as sensitive.
        return f"{len(value)} characters" if isinstance(value, str) else type(value).__name__
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:60]}… ({len(str(value)):,} characters)"
