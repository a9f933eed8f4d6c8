"""A stack's template before the CDK writes it: with overrides, aspects and late changes.

The CDK hands out a resource's properties without what ``add_override`` says of them. So the whole
template is written to a temporary folder, through a synthesizer made for that.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import aws_cdk as cdk
import jsii
from aws_cdk import cx_api
from constructs import IConstruct

from .lookups import address_of, stack_of


@dataclass(frozen=True)
class Rendered:
    """A template, as far as references between stacks don't matter.

    Attributes:
        resources: The template's resources, by logical id.
        parameters: The template's parameters, by logical id.
        outputs: The template's outputs, by logical id.
        misses_lookups: Whether values of the stack are still to be looked up by the CLI: what
            stands for them until then says nothing.
    """

    resources: Mapping[str, Any]
    parameters: Mapping[str, Any]
    outputs: Mapping[str, Any]
    misses_lookups: bool


def render(stack: cdk.Stack) -> Rendered:
    """The stack's template as it is now.

    Raises:
        RuntimeError: The CDK can't write the template, and why.
    """
    with tempfile.TemporaryDirectory() as folder:
        builder = cx_api.CloudAssemblyBuilder(folder)
        writer = _TemplateWriter()
        writer.bind(stack)
        writer.write(cast("cdk.ISynthesisSession", _Session(folder, builder)))
        builder.build_assembly()
        template, manifest = (
            json.loads((Path(folder) / name).read_text(encoding="utf-8"))
            for name in (stack.template_file, "manifest.json")
        )
        return Rendered(
            template.get("Resources", {}),
            template.get("Parameters", {}),
            template.get("Outputs", {}),
            bool(manifest.get("missing")),
        )


class Templates:
    """The templates of an app's stacks at one moment, each rendered once."""

    def __init__(self) -> None:
        """None rendered yet."""
        self._rendered: dict[str, Rendered | RuntimeError] = {}

    def declaration(self, resource: cdk.CfnResource) -> Mapping[str, Any] | None:
        """What a template says of a resource; None where it leaves it out.

        Raises:
            RuntimeError: The CDK can't write the template, and why.
        """
        stack = stack_of(resource)
        return self.resources(stack).get(str(stack.resolve(resource.logical_id)))

    def resources(self, stack: cdk.Stack) -> Mapping[str, Any]:
        """A stack's resources, by logical id.

        Raises:
            RuntimeError: The CDK can't write the template, and why.
        """
        return self._of(stack).resources

    def parameters(self, stack: cdk.Stack) -> Mapping[str, Any]:
        """A stack's parameters, by logical id.

        Raises:
            RuntimeError: The CDK can't write the template, and why.
        """
        return self._of(stack).parameters

    def outputs(self, stack: cdk.Stack) -> Mapping[str, Any]:
        """A stack's outputs, by logical id.

        Raises:
            RuntimeError: The CDK can't write the template, and why.
        """
        return self._of(stack).outputs

    def _of(self, stack: cdk.Stack) -> Rendered:
        address = address_of(stack)
        if address not in self._rendered:
            try:
                self._rendered[address] = render(stack)
            except RuntimeError as error:
                self._rendered[address] = error
        rendered = self._rendered[address]
        if isinstance(rendered, RuntimeError):
            raise rendered
        return rendered


def misses_lookups(construct: IConstruct) -> bool:
    """Whether the app that a construct is in has values that the CLI is still to look up."""
    for stack in construct.node.root.node.find_all():
        if isinstance(stack, cdk.Stack):
            with contextlib.suppress(RuntimeError):  # synth itself says what is wrong with it
                if render(stack).misses_lookups:
                    return True
    return False


class _TemplateWriter(cdk.BootstraplessSynthesizer):
    """Writes a template, and nothing else: no assets, no artifact."""

    def write(self, session: cdk.ISynthesisSession) -> None:
        self._synthesize_template(session)


@jsii.implements(cdk.ISynthesisSession)
class _Session:
    """Where the template is written. Properties, because jsii reads members of the class alone."""

    def __init__(self, outdir: str, assembly: cx_api.CloudAssemblyBuilder) -> None:
        self._outdir = outdir
        self._assembly = assembly

    @property
    def outdir(self) -> str:
        return self._outdir

    @property
    def assembly(self) -> cx_api.CloudAssemblyBuilder:
        return self._assembly

    @property
    def validate_on_synth(self) -> bool:
        return False
