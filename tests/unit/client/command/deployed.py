"""An account with stacks, a schedule, its function, and the function's log."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from emr_serverless_local.http import serve
from emr_serverless_local.sessions import SessionService

from ..account import Account, Answer, refusal, xml_answer

SESSION_TYPE = "Custom::EMRServerlessSession"


@dataclass
class Deployed(Account):
    """What stacks have beside their sessions; tests put things in.

    ``others`` has (physical id, type) by logical id, ``templates`` the resources of a template,
    each by the stack's name. ``invoked`` has what a function was called with.
    """

    others: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    templates: dict[str, dict[str, Any]] = field(default_factory=dict)
    schedules: dict[str, dict[str, Any]] = field(default_factory=dict)
    on_invoke: Callable[[], object] = lambda: None
    invoked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    # Of the requests so far, by their signatures.
    regions: set[str] = field(default_factory=set)

    def handle(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, Sequence[str]],
    ) -> Answer:
        """Answer what the account itself doesn't."""
        self.regions.add(headers["authorization"].split("/")[2])
        target = headers.get("x-amz-target", "").rpartition(".")[2]
        if target == "FilterLogEvents":
            events = [{"timestamp": 1_000, "message": message} for message in self.log]
            return 200, {}, json.dumps({"events": events}).encode()
        if target in self.denied:
            return 400, {}, json.dumps({"__type": "AccessDeniedException"}).encode()
        if path.startswith("/schedules/"):
            return 200, {}, json.dumps(self.schedules[path.rpartition("/")[2]]).encode()
        if "/functions/" in path:
            self.invoked.append((path, json.loads(body)))
            self.on_invoke()
            return 202, {}, b""
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        action = form.get("Action", "")
        if action in self.denied:
            return refusal("AccessDenied", f"not authorized to perform: cloudformation:{action}")
        if action in ("ListStackResources", "GetTemplate"):
            return self._look_into(action, form["StackName"])
        return super().handle(method, path, headers, body, query)

    def _look_into(self, action: str, name: str) -> Answer:
        # By name or id, as CloudFormation takes it.
        ids = [one for one in self.stacks if name in (one, one.split("/")[1])]
        if not ids:
            return refusal("ValidationError", f"Stack with id {name} does not exist")
        short = ids[0].split("/")[1]
        if action == "GetTemplate":
            template = json.dumps({"Resources": self.templates.get(short, {})})
            return xml_answer(action, f"<TemplateBody>{escape(template)}</TemplateBody>")
        held = {
            logical: (physical, SESSION_TYPE, status)
            for logical, (status, physical) in self.stacks[ids[0]].resources.items()
        }
        others = {
            logical: (*other, "CREATE_COMPLETE")
            for logical, other in self.others.get(short, {}).items()
        }
        members = "".join(
            f"<member><LogicalResourceId>{logical}</LogicalResourceId>"
            f"<PhysicalResourceId>{physical}</PhysicalResourceId><ResourceType>{kind}"
            "</ResourceType><LastUpdatedTimestamp>2026-01-01T00:00:00Z</LastUpdatedTimestamp>"
            f"<ResourceStatus>{status}</ResourceStatus></member>"
            for logical, (physical, kind, status) in {**held, **others}.items()
        )
        return xml_answer(action, f"<StackResourceSummaries>{members}</StackResourceSummaries>")


@contextmanager
def deployed(service: SessionService) -> Iterator[Deployed]:
    """An account over HTTP for as long as the context lasts."""
    made = Deployed(service)
    with serve(made) as url:
        made.url = url
        yield made
