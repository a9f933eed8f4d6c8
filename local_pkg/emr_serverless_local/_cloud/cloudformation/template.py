"""A template's resources, resolved with parameters, conditions and tags.

Reads MiniStack's template engine. Changes nothing.
"""

import copy
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ministack.services.cloudformation import engine, provisioners, stacks

Properties = dict[str, Any]
Records = Mapping[str, dict[str, Any]]


@dataclass(frozen=True)
class Template:
    """A processed template with the parameters and stack tags that it is used with."""

    stack_name: str
    stack_id: str
    body: Mapping[str, Any]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tags: list[dict[str, str]] = field(default_factory=list)

    @functools.cached_property
    def conditions(self) -> Any:
        """The conditions' values."""
        return engine._evaluate_conditions(self.body, self.parameters)

    @property
    def mappings(self) -> Any:
        """The section ``Mappings``."""
        return self.body.get("Mappings", {})

    @functools.cached_property
    def resources(self) -> dict[str, Any]:
        """The definitions of the resources whose condition holds, dependencies first.

        Raises:
            ValueError: They depend on each other in a circle.
        """
        defined = self.body.get("Resources", {})
        ordered = engine._topological_sort(defined, self.conditions)
        return {logical_id: defined[logical_id] for logical_id in ordered}

    @functools.cached_property
    def dependencies(self) -> dict[str, set[str]]:
        """What each resource depends on directly."""
        defined = self.resources
        names = set(defined)
        return {
            logical_id: set(engine._extract_deps(definition, names)) - {logical_id}
            for logical_id, definition in defined.items()
        }

    def resolve(self, value: Any, records: Records) -> Any:
        """A value of the template with its functions done. Raises ValueError."""
        return engine._resolve_refs(
            copy.deepcopy(value),
            records,
            self.parameters,
            self.conditions,
            self.mappings,
            self.stack_name,
            self.stack_id,
        )

    def properties(
        self, logical_id: str, records: Records, before: "Template"
    ) -> tuple[Properties, Any]:
        """A resource's properties, and the dynamic references in them by their values.

        A reference to a secret is looked up again only where the resource's definition is another
        one than ``before``.
        """
        definition = self.body["Resources"][logical_id]
        resolved = self.resolve(definition.get("Properties") or {}, records)
        known = {name: v for name, v in resolved.items() if v is not engine._NO_VALUE}
        properties, dynamic = engine._resolve_dynamic_references(
            known,
            (records.get(logical_id) or {}).get("_dynamic"),
            reuse_ssm=False,
            reuse_secrets=definition == before.body.get("Resources", {}).get(logical_id),
        )
        return properties, dynamic

    def with_tags(self, logical_id: str, resource_type: str, properties: Properties) -> Properties:
        """The properties that a resource is made with: the stack's tags are among them."""
        tagged: Properties = provisioners._with_stack_tags(
            resource_type, properties, self.tags, self.stack_name, self.stack_id, logical_id
        )
        return tagged

    def policy(self, logical_id: str, attribute: str, records: Records) -> str:
        """A resource's ``DeletionPolicy`` or ``UpdateReplacePolicy``."""
        return str(
            stacks._resource_policy(
                self.body.get("Resources", {}).get(logical_id),
                attribute,
                records,
                self.parameters,
                self.conditions,
                self.mappings,
                self.stack_name,
                self.stack_id,
            )
        )

    def outputs(self, records: Records) -> tuple[list[dict[str, str]], dict[str, dict[str, str]]]:
        """The outputs, and the exports by name. Raises ValueError."""
        outputs, exports = stacks._resolve_stack_outputs(
            self.body.get("Outputs", {}),
            self.conditions,
            records,
            self.parameters,
            self.mappings,
            self.stack_name,
            self.stack_id,
        )
        return outputs, exports
