"""Checks a session's arguments for what StartSession would refuse.

Every check collects all problems of a construct. Values that are only known at deployment pass.
Their types were checked before, by ``request_kinds``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import aws_cdk as cdk

from .._emr.model import shape
from .._emr.names import OWNER_TAG_PREFIX, OWNER_TAGS
from .._template.lookups import cached
from ..configuration import Configuration
from .limits import known_later, member_problems, shape_problems, size_problems

_RESERVED_SPARK_KEY = "spark.connect.grpc.binding.address"


def request_problems(
    *,
    application_id: str,
    execution_role_arn: str,
    session_name: str | None,
    idle_timeout: cdk.Duration | None,
    runtime_configuration: Sequence[Configuration] | None,
    tags: Mapping[str, str] | None,
    removal_policy: cdk.RemovalPolicy | None,
) -> list[str]:
    """What the service would refuse of what a session is asked for, if its types are right."""
    problems = [
        *member_problems("application", "applicationId", application_id),
        *member_problems("execution_role", "executionRoleArn", execution_role_arn),
    ]
    if session_name is not None:
        problems += member_problems("session_name", "name", session_name)
    if idle_timeout is not None:
        problems += _idle_timeout_problems(idle_timeout)
    if runtime_configuration is not None:
        problems += _configurations_problems("runtime_configuration", runtime_configuration)
    if tags is not None:
        problems += tag_problems(tags)
    if removal_policy == cdk.RemovalPolicy.SNAPSHOT:
        problems.append("removal_policy: SNAPSHOT, but a session has no snapshots.")
    return problems


@cached
def minutes_of(duration: cdk.Duration) -> float:
    """A duration in minutes, with a fraction where it has one; a token where it is one."""
    return duration.to_minutes(integral=False)


def _idle_timeout_problems(idle_timeout: cdk.Duration) -> list[str]:
    minutes = minutes_of(idle_timeout)
    if known_later(minutes):
        return []
    if minutes != int(minutes):
        return [
            f"idle_timeout: {idle_timeout.to_human_string()}, must be whole minutes "
            "(the service counts in minutes)."
        ]
    return member_problems("idle_timeout", "idleTimeoutMinutes", int(minutes))


def _configurations_problems(name: str, configurations: Sequence[Configuration]) -> list[str]:
    problems = list(
        size_problems(
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
    members = shape("Configuration")["members"]
    problems = list(
        shape_problems(
            f"{name}.classification",
            members["classification"]["shape"],
            configuration.classification,
        )
    )
    properties = configuration.properties
    if properties is not None:
        constraints = shape(members["properties"]["shape"])
        problems += size_problems(
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


def tag_problems(tags: Mapping[str, str]) -> list[str]:
    """What the service would refuse of a session's tags, and what is the library's."""
    constraints = shape("TagMap")
    problems = []
    limit = constraints["max"]
    if len(tags) > limit - len(OWNER_TAGS):
        problems.append(
            f"tags: {len(tags)} entries, must be at most {limit - len(OWNER_TAGS)}: "
            f"the service takes {limit}, and {len(OWNER_TAGS)} are owner tags."
        )
    for key, value in tags.items():
        name = f"tags[{key!r}]"
        problems += shape_problems(f"{name} key", constraints["key"]["shape"], key)
        problems += shape_problems(name, constraints["value"]["shape"], value)
        if known_later(key):
            continue
        if key.lower().startswith("aws:"):
            problems.append(f"{name}: keys that begin with 'aws:' are reserved by AWS.")
        if key.startswith(OWNER_TAG_PREFIX):
            problems.append(f"{name}: keys that begin with {OWNER_TAG_PREFIX!r} are the library's.")
    return problems
