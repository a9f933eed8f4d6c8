"""Checks of the complete app: tags, applications, roles, and uses in other stacks.

One object for all sessions of a stack: that spares each of them callbacks from the CDK's process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
import jsii
from aws_cdk.interfaces.aws_iam import IRoleRef
from constructs import Construct, IValidation

from .._emr.names import RESOURCE_TYPE
from .._template.completion import when_complete
from .._template.dependencies import PolicyDependencies
from .._template.findings import ID_PREFIX, Finding, report
from .._template.lookups import address_of, cached, path_of
from .._template.properties import RETAINING, SessionResource
from .._template.references import references_in
from .._template.rendered import Templates, misses_lookups
from ..configuration import Configuration, spark_defaults
from .application import DeclaredApplication
from .request import tag_problems
from .role import role_findings
from .spark import spark_findings, worker_findings

USED_IN_ANOTHER_STACK = ID_PREFIX + "usedInAnotherStack"
APPLICATION_UNCHECKED = ID_PREFIX + "applicationUnchecked"

# Which attribute of the construct an attribute of the resource is.
_ATTRIBUTES = {"Arn": "session_arn", "SessionId": "session_id"}

# Where the CDK puts strong and weak references, and those of other regions.
_OUTPUT_SCOPES = ("Exports", "Publish")
_EXPORT_WRITER = "Custom::CrossRegionExportWriter"


@dataclass(frozen=True)
class DeclaredSession:
    """A session, and what the checks have to know of it.

    Attributes:
        session: Where findings are attached.
        resource: The custom resource.
        application: The application's resource, if this app declares it.
        execution_role: The role.
        configuration: The session's own configuration.
        stops_by_default: Whether the application is stopped because nothing else was asked for.
    """

    session: Construct
    resource: SessionResource
    application: cdk.CfnResource | None
    execution_role: IRoleRef
    configuration: Sequence[Configuration]
    stops_by_default: bool


@jsii.implements(IValidation)
class SessionChecks:
    """The sessions of one stack."""

    def __init__(self, stack: cdk.Stack) -> None:
        """No sessions yet.

        Args:
            stack: The stack of the sessions.
        """
        self._stack = stack
        self._sessions: list[DeclaredSession] = []
        self._tags: list[tuple[Construct, cdk.TagManager]] = []
        # By the addresses of applications and roles.
        self._applications: dict[str, DeclaredApplication | Finding] = {}
        self._roles: dict[str, list[Finding]] = {}
        self._policies = PolicyDependencies(stack)
        self._exported: set[str] = set()

    def add(self, declared: DeclaredSession) -> None:
        """Has a session checked."""
        self._sessions.append(declared)
        self._policies.add(declared.session, declared.resource, declared.execution_role)

    def add_tags(self, session: Construct, tags: cdk.TagManager) -> None:
        """Has the tags checked that are in the manager at the end."""
        self._tags.append((session, tags))

    def complete(self) -> None:
        """Settles what depends on the whole app, while resources can still be changed."""
        templates = Templates()
        self._policies.attach(templates)
        self._applications = _applications_of(self._sessions, templates)
        self._roles = _roles_of(self._sessions, templates)
        self._exported = set(_exported_by(self._stack, templates))
        if self._may_be_retained(templates):
            for declared in self._sessions:
                declared.resource.retain(*_removal_policies(declared.resource, templates))
        for declared in self._sessions:
            application = self._application(declared)
            if declared.stops_by_default and isinstance(application, DeclaredApplication):
                declared.resource.stop_application(application.auto_starts)

    def _may_be_retained(self, templates: Templates) -> bool:
        """Whether any session may be: to ask for each takes a message to the CDK's process."""
        if any(declared.resource.tells_to_retain for declared in self._sessions):
            return True
        try:
            resources = templates.resources(self._stack)
        except RuntimeError:
            return True
        return any(
            resource.get("Type") == RESOURCE_TYPE and resource.get(policy) in RETAINING
            for resource in resources.values()
            for policy in ("DeletionPolicy", "UpdateReplacePolicy")
        )

    def validate(self) -> list[str]:
        """Called by the CDK at the end; returns the problems, each with the session's path."""
        self._policies.attach_other_stacks()
        self._report()
        self._warn_of_references()
        problems = [
            f"{session.node.path}: {problem}{_advice(problem)}"
            for session, tags in self._tags
            for problem in tag_problems(tags.tag_values())
        ]
        return [] if problems and misses_lookups(self._stack) else problems

    def _application(self, declared: DeclaredSession) -> DeclaredApplication | Finding | None:
        if declared.application is None:
            return None
        return self._applications.get(address_of(declared.application))

    def _report(self) -> None:
        of_applications = {
            address: [application] if isinstance(application, Finding) else application.findings()
            for address, application in self._applications.items()
        }
        found: list[tuple[Construct, Finding]] = []
        for declared in self._sessions:
            role = self._roles.get(address_of(declared.execution_role), [])
            findings = [*role, *spark_findings(declared.configuration)]
            application = self._application(declared)
            if application is not None and declared.application is not None:
                findings += of_applications[address_of(declared.application)]
            if isinstance(application, DeclaredApplication):
                findings += application.findings_for(
                    declared.configuration, is_retained=declared.resource.is_retained
                )
            else:
                findings += worker_findings(
                    spark_defaults(declared.configuration), is_complete=False
                )
            found += [(declared.session, finding) for finding in findings]
        if any(finding.is_error for _, finding in found) and misses_lookups(self._stack):
            return
        for session, finding in found:
            report(session, finding)

    def _warn_of_references(self) -> None:
        """References of other stacks are outputs or writers of parameters by now."""
        used = set(_references_to(self._stack))
        if not used and not self._exported:
            return
        for declared in self._sessions:
            logical_id = str(self._stack.resolve(declared.resource.logical_id))
            for attribute, name in _ATTRIBUTES.items():
                for how, references in (
                    ("used in another stack", used),
                    ("exported", self._exported),
                ):
                    if any(one.endswith(logical_id + attribute) for one in references):
                        report(declared.session, _used_in_another_stack(name, how))
                        break


def _stack_and_parents(stack: cdk.Stack) -> Iterator[cdk.Stack]:
    yield stack
    while (parent := stack.nested_stack_parent) is not None:
        stack = parent
        yield stack


def _exported_by(stack: cdk.Stack, templates: Templates) -> Iterator[str]:
    """Resources with their attributes that the app itself exports, here or in what nests this."""
    for one in _stack_and_parents(stack):
        with contextlib.suppress(RuntimeError):  # said of the application, or by synth itself
            for output in templates.outputs(one).values():
                if "Export" in output:
                    yield from map("".join, references_in(output.get("Value")))


def _references_to(stack: cdk.Stack) -> Iterator[str]:
    """Resources with their attributes that other stacks refer to, here or in what nests this."""
    *_, outermost = _stack_and_parents(stack)
    values = [
        output.value
        for scope in map(outermost.node.try_find_child, _OUTPUT_SCOPES)
        if scope is not None
        for output in scope.node.children
        if isinstance(output, cdk.CfnOutput)
    ]
    for writer in cdk.ConstructSelector.resources_of_type(_EXPORT_WRITER).select(outermost):
        if isinstance(writer, cdk.CfnResource):
            written = outermost.resolve(writer._cfn_properties).get("WriterProps", {})
            values += written.get("exports", {}).values()
    yield from map("".join, references_in(outermost.resolve(values)))


def _applications_of(
    sessions: Sequence[DeclaredSession], templates: Templates
) -> dict[str, DeclaredApplication | Finding]:
    """What the templates say of the sessions' applications, or why that can't be told."""
    found: dict[str, DeclaredApplication | Finding] = {}
    for declared in sessions:
        resource = declared.application
        if resource is None or address_of(resource) in found:
            continue
        try:
            declaration = templates.declaration(resource)
        except RuntimeError as error:
            found[address_of(resource)] = _unchecked(resource, error)
            continue
        if declaration is not None:
            found[address_of(resource)] = DeclaredApplication(path_of(resource), declaration)
    return found


def _unchecked(application: cdk.CfnResource, error: RuntimeError) -> Finding:
    # Synth itself goes on to the same error, or gets by without it.
    return Finding(
        APPLICATION_UNCHECKED,
        f"application: [{path_of(application)}] wasn't checked, because its template can't be read "
        f"before it is written: {error} Check its release, and that interactive sessions are "
        "enabled.",
        False,
    )


def _removal_policies(resource: cdk.CfnResource, templates: Templates) -> list[object]:
    try:
        declaration = templates.declaration(resource) or {}
    except RuntimeError:  # said of the application, or by synth itself
        options = resource.cfn_options
        declared = (options.deletion_policy, options.update_replace_policy)
        return [policy.name.title().replace("_", "") if policy else None for policy in declared]
    return [declaration.get(name) for name in ("DeletionPolicy", "UpdateReplacePolicy")]


def _roles_of(
    sessions: Sequence[DeclaredSession], templates: Templates
) -> dict[str, list[Finding]]:
    """What is wrong with the sessions' execution roles, as the templates have them."""
    found: dict[str, list[Finding]] = {}
    for declared in sessions:
        address = address_of(declared.execution_role)
        if address not in found:
            with contextlib.suppress(RuntimeError):  # said of the application, or by synth itself
                found[address] = list(role_findings(declared.execution_role, templates))
    return found


def _advice(problem: str) -> str:
    """What to do about a tag of ``Tags.of``, which may be meant for everything else."""
    if not problem.startswith("tags["):
        return ""
    return (
        f' Leave sessions out with exclude_resource_types=["{RESOURCE_TYPE}"] where it is added, '
        "or remove it from this one with cdk.Tags.of(session).remove(…)."
    )


def _used_in_another_stack(name: str, how: str) -> Finding:
    return Finding(
        USED_IN_ANOTHER_STACK,
        f"{name}: is {how}, and changes when the session is replaced. "
        "CloudFormation refuses to change an export that is in use, and that deployment fails; a "
        "weak reference, or one from another region, keeps the old value. Let the other stack "
        "read session.parameter at run time; grants need no reference.",
        False,
    )


@cached
def checks_of(stack: cdk.Stack) -> SessionChecks:
    """The checks of a stack, made and added to it when first asked for."""
    checks = SessionChecks(stack)
    stack.node.add_validation(checks)
    when_complete(stack, checks.complete)
    return checks
