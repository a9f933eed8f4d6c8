"""Simulated CloudFormation for stacks of sessions: operations, events, and API answers.

A stack has sessions and one more resource that may fail. An operation blocks the task that calls
it until the stack has come to its status; what it left running (a Create that was cancelled, a
delivery that is late, a clean-up in Express mode) goes on beside the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from .choices import Choices
from .clock import FOREVER, Clock
from .service import Answer, ServiceError

STACK_NAME = "lab"
STACK_ID = "arn:aws:cloudformation:us-east-1:000000000000:stack/lab/6f1c-0001"
RESPONSE_URL = "https://cloudformation-custom-resource-response.example/secret-signature"
SERVICE_TIMEOUT = 960.0
LONG_SECONDS = 800.0
"""Of an update that takes longer, the function may not see the end."""
SEEN_SECONDS = 60.0
"""It has seen the end of an update once that is so long ago."""
STALE_SECONDS = 5.0
CLEAN_UP_TRIES = 3
UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED")

# What sets a stack's DeletionTime: its deletion begins, or the rollback of its creation.
_DELETES = ("DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS")


class Declared(Protocol):
    """A session as a template declares it. Equal ones are no change."""

    @property
    def retained(self) -> bool:
        """Whether it has a removal policy of RETAIN."""

    @property
    def kept_alive(self) -> bool:
        """Whether a schedule starts successors of it."""

    def properties(self) -> dict[str, Any]:
        """Its resource properties, as CloudFormation sends them."""

    def request(self) -> dict[str, Any]:
        """Those of them that a schedule sends."""


Template = Mapping[str, Declared]


@dataclass(eq=False)
class Request:
    """One request to the function, and the first answer to it."""

    number: int
    event: dict[str, Any]
    sent_at: float
    rollback: bool = False
    is_open: bool = True
    status: str | None = None
    physical_id: str = ""
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    answered_at: float | None = None
    cancelled_at: float | None = None
    timed_out: bool = False
    delivered_late: bool = False
    deaths: int = 0
    died_for_good: bool = False

    @property
    def kind(self) -> str:
        return str(self.event["RequestType"])

    @property
    def logical_id(self) -> str:
        return str(self.event["LogicalResourceId"])

    @property
    def name(self) -> str:
        return f"{self.kind}.{self.number}"

    @property
    def succeeded(self) -> bool:
        return self.status == "SUCCESS"


@dataclass(eq=False)
class Resource:
    """A session, as the stack knows it, and as it was."""

    name: str
    declared: Declared | None = None
    status: str | None = None
    physical_id: str | None = None
    history: list[tuple[float, str | None, str | None]] = field(default_factory=list)
    unfinished: list[tuple[str, Declared]] = field(default_factory=list)
    """Earlier ids that no Delete has come for yet."""

    @property
    def exists(self) -> bool:
        return self.declared is not None


Replaced = tuple[Resource, str | None, Declared | None, bool]
"""A resource with an id that it had, as which session, and whether RETAIN keeps that."""


@dataclass(eq=False)
class Change:
    """A Create or Update of one resource that is in progress."""

    request: Request
    resource: Resource
    held: str | None
    new: Declared
    old: Declared | None
    cancelled: bool = False
    succeeded: bool | None = None

    @property
    def is_over(self) -> bool:
        return self.succeeded is not None


class Stack:
    """A stack, and the operations on it.

    Args:
        clock: The time.
        choices: Decides what CloudFormation does where that isn't known.
        deliver: Takes a request to the function.
        is_session: Whether an id is a session's: a removal policy keeps nothing else.
    """

    def __init__(
        self,
        clock: Clock,
        choices: Choices,
        deliver: Callable[[Request], None],
        is_session: Callable[[str], bool],
    ) -> None:
        self.status: str | None = None
        self.history: list[tuple[float, str]] = []
        self.resources: dict[str, Resource] = {}
        self.requests: list[Request] = []
        self.let_go: set[str] = set()
        """Ids that a removal policy of RETAIN took out of the stack: nobody may end them."""
        self.either: set[str] = set()
        """Ids that RETAIN left after a failure: they may live or end."""
        self.skipped: set[tuple[str, str]] = set()
        """Logical and physical ids whose clean-up failed three times, or was left out."""
        self.outlived: dict[str, Resource] = {}
        """Ids that no Delete came for, after an update whose end the function didn't see."""
        self.rolled_back: list[tuple[str, str, Request]] = []
        """Logical id, the id held before, and the rollback's Update."""
        self.operations: list[str] = []
        """The status that each operation came to."""
        self.service_timeout = SERVICE_TIMEOUT
        self.shows_skipped_ids = True
        """Whether a resource that RETAIN took out of the stack is shown with its id, as on AWS."""
        self.completed: Callable[[], None] = lambda: None
        self._clock, self._choices = clock, choices
        self._deliver, self._is_session = deliver, is_session
        self._made_up = 0
        self._failed: tuple[list[Change], list[Change]] = ([], [])
        self._complete: dict[str, tuple[Declared | None, str | None]] = {}
        """What the stack was when it was complete: RollbackStack goes there."""
        self._is_express = self._goes_to_complete = False
        self._to_clean_up: list[tuple[Change, str | None]] = []
        self._made_up_for: dict[str, Resource] = {}
        """Ids that no Delete came for before the last update, which was short and succeeded."""
        choose = choices.choose
        self._takes_failed_ids = choose("world takes failed ids", ("yes", "no")) == "yes"
        self._shows_made_up = choose("world shows made-up ids", ("yes", "no")) == "yes"
        self._undo_deletes_held = choose("world rollback deletes", ("new", "both")) == "both"
        self._cleans_up_later = choose("world cleans up later", ("yes", "no")) == "yes"
        self._refuses = choose("world refuses replacement", ("yes", "no")) == "yes"
        self._forgets_removed = choose("world forgets removed", ("no", "yes")) == "yes"
        self.clock_ahead = float(choose("world CloudFormation's clock ahead", ("0", "1", "-1")))

    # --- operations ------------------------------------------------------------

    @property
    def can_be_updated(self) -> bool:
        return self.status in UPDATABLE and not any(
            r.exists and r.status == "CREATE_FAILED" for r in self.resources.values()
        )

    def create(
        self, template: Template, fails_after: float | None = None, rollback: bool = True
    ) -> None:
        self._show("CREATE_IN_PROGRESS")
        began = self._clock.now()
        changes = [self._begin(n, d, None, False, rollback) for n, d in template.items()]
        if self._settle(changes, began, fails_after, rollback):
            self._finish("CREATE_COMPLETE")
            return
        if not rollback:
            self._finish("CREATE_FAILED")
            return
        self._clock.sleep(1)
        self._show("ROLLBACK_IN_PROGRESS")
        self._clock.sleep(2)
        done = self._delete_all([c.resource for c in changes], failed_create=True)
        self._finish("ROLLBACK_COMPLETE" if done else "ROLLBACK_FAILED")

    def update(
        self,
        template: Template,
        fails_after: float | None = None,
        rollback: bool = True,
        express: bool = False,
    ) -> None:
        if not self.can_be_updated:
            return
        self._is_express = express
        is_seen = self._clock.now() - self.history[-1][0] > SEEN_SECONDS
        unseen = {} if is_seen else self._made_up_for
        self._made_up_for = {}
        self._show("UPDATE_IN_PROGRESS")
        self._clock.sleep(1)
        began = self._clock.now()
        changes = [
            self._begin(name, declared, resource.declared, False, rollback)
            for name, declared in template.items()
            if (resource := self._resource(name)).declared != declared
            or resource.status == "UPDATE_FAILED"
        ]
        if self._settle(changes, began, fails_after, rollback):
            self.either -= {str(c.resource.physical_id) for c in changes if c.new.retained}
            removed = [r for r in self.resources.values() if r.exists and r.name not in template]
            self._show("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            self._clock.sleep(1)
            replaced: list[Replaced] = [
                (c.resource, c.held, c.old, c.new.retained)
                for c in changes
                if c.held is not None and c.old is not None and c.held != c.resource.physical_id
            ]
            for resource in self.resources.values():
                replaced += self._unfinished(resource)
            is_long = self._clock.now() - began > LONG_SECONDS
            for resource in (change.resource for change in changes):
                if is_long:
                    self.outlived |= {i: resource for i, _ in resource.unfinished}
                else:  # the update makes up for what never came
                    self._made_up_for |= {i: resource for i, _ in resource.unfinished}
                    self.outlived = {i: r for i, r in self.outlived.items() if r is not resource}
                resource.unfinished = []
            self._clean_up(replaced, removed, express)
            self._finish("UPDATE_COMPLETE")
            return
        if not rollback:
            for change in changes:
                if change.held is None or change.old is None:
                    continue
                if change.held != change.resource.physical_id:
                    change.resource.unfinished.append((change.held, change.old))
                retained = change.old.retained or change.new.retained
                if retained and self._is_session(change.held):
                    self.either.add(change.held)
            self.outlived |= unseen
            self._finish("UPDATE_FAILED")
            return
        self._roll_back(changes)

    def continue_rollback(self, skip: Iterable[str] = ()) -> None:
        """What a user does about UPDATE_ROLLBACK_FAILED; ``skip`` names resources to leave out.

        CloudFormation takes only the names of those that are UPDATE_FAILED.
        """
        if self.status != "UPDATE_ROLLBACK_FAILED":
            return
        changes, undone = self._failed
        failed = [c for c in changes if c.resource.status == "UPDATE_FAILED"]
        skipped = [c for c in failed if c.resource.name in set(skip)]
        for change in skipped:
            if change.resource.physical_id != change.held and change.held and change.old:
                change.resource.unfinished.append((change.held, change.old))
        self._roll_back(changes, [*undone, *skipped], skipped)

    def roll_back(self) -> None:
        """RollbackStack, of a stack whose update failed with rollback switched off."""
        if self.status != "UPDATE_FAILED" or self._is_express:
            return
        changes = []
        for resource in self.resources.values():
            old, held = self._complete.get(resource.name, (None, None))
            if resource.declared is None or (
                resource.declared == old and resource.status != "UPDATE_FAILED"
            ):
                continue
            if len(resource.unfinished) > 1:
                held = None  # a rollback takes one step back
            kind = "Update" if old is not None else "Create"
            latest = next(
                r
                for r in reversed(self.requests)
                if (r.logical_id, r.kind) == (resource.name, kind)
            )
            changes.append(Change(latest, resource, held, resource.declared, old))
        self._goes_to_complete = True
        self._roll_back(changes)

    def delete(self) -> None:
        if self.status is None or self.status == "DELETE_COMPLETE":
            return
        if self.status == "UPDATE_ROLLBACK_FAILED":  # as after one that came to its end
            self._leave_open(self._failed[0])
        self._show("DELETE_IN_PROGRESS")
        self._clock.sleep(1)
        done = self._delete_all([r for r in self.resources.values() if r.exists])
        self._finish("DELETE_COMPLETE" if done else "DELETE_FAILED")

    # --- what the function may ask ---------------------------------------------

    def describe_resource(self, params: Mapping[str, Any], stale: bool) -> Answer:
        """DescribeStackResource."""
        self._check_stack(params)
        resource = self.resources.get(params["LogicalResourceId"])
        # An old read of one that has just been declared is from before it was there.
        before = [(0.0, None, None)]
        at, status, physical_id = self._look(before + (resource.history if resource else []), stale)
        if status is None or (self._forgets_removed and status == "DELETE_COMPLETE"):
            raise ServiceError(
                400,
                "ValidationError",
                f"Resource {params['LogicalResourceId']} does not exist for stack {STACK_ID}",
            )
        detail: Answer = {
            "LogicalResourceId": params["LogicalResourceId"],
            "ResourceType": "Custom::EMRServerlessSession",
            "ResourceStatus": status,
            "LastUpdatedTimestamp": self._timestamp(at),
            "StackId": STACK_ID,
            "StackName": STACK_NAME,
        }
        if physical_id is not None:
            detail["PhysicalResourceId"] = physical_id
        return {"StackResourceDetail": detail}

    def describe(self, params: Mapping[str, Any], stale: bool) -> Answer:
        """DescribeStacks."""
        self._check_stack(params)
        if not self.history:
            raise ServiceError(400, "ValidationError", f"Stack {STACK_ID} does not exist")
        at, status = self._look(self.history, stale)
        stack: Answer = {
            "StackId": STACK_ID,
            "StackName": STACK_NAME,
            "CreationTime": datetime.fromtimestamp(0, UTC),
            "StackStatus": status,
        }
        deletions = [t for t, s in self.history if s in _DELETES and t <= at]
        if deletions:
            stack["DeletionTime"] = self._timestamp(deletions[-1])
        updates = [t for t, s in self.history if s == "UPDATE_IN_PROGRESS" and t <= at]
        if updates:
            stack["LastUpdatedTime"] = self._timestamp(updates[-1])
        return {"Stacks": [stack]}

    def take(self, request: Request, answer: Mapping[str, Any]) -> None:
        """What came to a request's ResponseURL; a second answer is nobody's."""
        if not request.is_open:
            return
        request.is_open = False
        request.status, request.reason = answer["Status"], answer.get("Reason", "")
        request.physical_id, request.data = answer["PhysicalResourceId"], answer.get("Data", {})
        request.answered_at = self._clock.now()
        self._clock.changed()

    # --- what they are made of ---------------------------------------------------

    def _begin(
        self,
        name: str,
        new: Declared,
        old: Declared | None,
        rollback: bool,
        rolls_back: bool,
    ) -> Change:
        """Send a Create or Update, and follow it in a task of its own."""
        resource = self._resource(name)
        held = resource.physical_id
        if not resource.exists:
            self._show_resource(resource, "CREATE_IN_PROGRESS", None)
            request = self._send("Create", resource, new)
            held = None
        else:
            self._show_resource(resource, "UPDATE_IN_PROGRESS", held)
            assert old is not None
            request = self._send(
                "Update",
                resource,
                new,
                PhysicalResourceId=held,
                OldResourceProperties=self._sent(old),
            )
        request.rollback = rollback
        resource.declared = new
        change = Change(request, resource, held, new, old)
        self._clock.start(lambda: self._follow(change, rolls_back))
        return change

    def _follow(self, change: Change, rolls_back: bool) -> None:
        request, resource = change.request, change.resource
        create = request.kind == "Create"
        self._await(request, lambda: change.cancelled)
        now = change.held
        if request.succeeded and not (
            self._refuses and not create and not rolls_back and request.physical_id != now
        ):
            self._show_resource(resource, f"{request.kind.upper()}_COMPLETE", request.physical_id)
            change.succeeded = True
            self.let_go.discard(request.physical_id)  # a rollback may have come back to it
            self._clock.changed()
            return
        answered = request.status is not None
        if create:
            self._made_up += 1
            resource.physical_id = (
                request.physical_id
                if answered
                else f"{STACK_NAME}-{resource.name}-{self._made_up:012X}"
            )
            shown = resource.physical_id if answered or self._shows_made_up else None
            self._show_resource(resource, "CREATE_FAILED", shown, keeps=True)
        else:
            if answered and self._takes_failed_ids:
                now = request.physical_id
            self._show_resource(resource, "UPDATE_FAILED", now)
        change.succeeded = False
        self._clock.changed()

    def _await(self, request: Request, cancelled: Callable[[], object] = lambda: False) -> None:
        """Wait for an answer, a cancellation, or the service time-out."""
        deadline = request.sent_at + self.service_timeout
        self._clock.wait_until(lambda: not request.is_open or cancelled(), deadline)
        if not request.is_open:
            slow = self._choices.choose(f"{request.name} taking", ("quick", "slow")) == "slow"
            self._clock.sleep(4.0 if slow else 0.7)
            return
        request.is_open = False
        if cancelled():
            request.cancelled_at = self._clock.now()
        else:
            request.timed_out = True

    def _settle(
        self, changes: list[Change], began: float, fails_after: float | None, rollback: bool
    ) -> bool:
        """Let changes come to their end; with rollback, cancel them as soon as anything fails."""
        fails_at = FOREVER if fails_after is None else began + fails_after

        def settled() -> bool:
            return all(c.is_over for c in changes) or (
                rollback and any(c.succeeded is False for c in changes)
            )

        self._clock.wait_until(settled, fails_at if rollback else FOREVER)
        for change in changes:
            change.cancelled = not change.is_over
        self._clock.changed()
        self._clock.wait_until(lambda: all(c.is_over for c in changes))
        if not all(c.succeeded for c in changes):
            return False
        if fails_after is None:
            self._clock.sleep(2)
            return True
        self._clock.sleep(fails_at - self._clock.now())
        return False

    def _roll_back(
        self,
        changes: list[Change],
        undone: list[Change] | None = None,
        skipped: Iterable[Change] = (),
    ) -> None:
        """Undo an update. ``undone`` are the changes that an earlier attempt has undone."""
        undone = undone or []
        self._clock.sleep(1)
        self._show("UPDATE_ROLLBACK_IN_PROGRESS")
        self._clock.sleep(2)
        for change in skipped:
            resource = change.resource
            self._show_resource(resource, "UPDATE_COMPLETE", resource.physical_id)
            resource.declared = change.old
        back: list[tuple[Change, str | None, Change]] = []
        for change in changes:
            if change.request.kind == "Update" and change not in undone:
                assert change.old is not None
                now = change.resource.physical_id
                undo = self._begin(change.resource.name, change.old, change.new, True, True)
                back.append((change, now, undo))
        undos = [undo for _, _, undo in back]
        self._clock.wait_until(lambda: all(u.is_over for u in undos))
        undone += [change for change, _, undo in back if undo.succeeded]
        for change, _, undo in back:
            change.resource.declared = change.old
            if change.held is not None and undo.succeeded:
                self.rolled_back.append((change.resource.name, change.held, undo.request))
        self._to_clean_up += [(c, now) for c, now, undo in back if undo.succeeded]
        if not all(u.succeeded for u in undos):
            self._failed = (changes, undone)
            self._finish("UPDATE_ROLLBACK_FAILED")
            return
        replaced, self._to_clean_up = self._to_clean_up, []
        self._show("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        self._clock.sleep(1)
        gone: list[Replaced] = []
        for change, now in replaced:
            assert change.old is not None
            ids = [now, change.held] if self._undo_deletes_held else [now]
            self._leave_open([change])
            for physical_id in dict.fromkeys(ids):
                if physical_id != change.resource.physical_id:
                    if change.old.retained:
                        if physical_id is not None and self._is_session(physical_id):
                            self.either.add(physical_id)
                        continue
                    gone.append((change.resource, physical_id, change.old, False))
        if self._goes_to_complete:
            for change in changes:
                gone += self._unfinished(change.resource)
                change.resource.unfinished = []
        created = [c.resource for c in changes if c.request.kind == "Create"]
        self._clean_up(gone, created, False, failed_create=True)
        self._finish("UPDATE_ROLLBACK_COMPLETE")

    def _leave_open(self, changes: list[Change]) -> None:
        """What undone updates under RETAIN had left, and no rollback came back to: it may end."""
        for change in changes:
            if change.new.retained and change.held is not None:
                self.either |= {change.held} - {str(change.resource.physical_id)}

    def _unfinished(self, resource: Resource) -> list[Replaced]:
        """What an update with rollback switched off has replaced, and is cleaned up now."""
        found: list[Replaced] = []
        keeps = resource.declared is None or resource.declared.retained
        for physical_id, old in resource.unfinished:
            if physical_id == resource.physical_id:
                continue  # RollbackStack has come back to it
            if (old.retained or keeps) and self._is_session(physical_id):
                self.either.add(physical_id)
            elif self._cleans_up_later:
                found.append((resource, physical_id, old, False))
        return found

    def _clean_up(
        self,
        replaced: Iterable[Replaced],
        removed: Iterable[Resource],
        express: bool,
        failed_create: bool = False,
    ) -> None:
        """Delete what is no longer part of the stack; CloudFormation ignores failures here."""
        tasks: list[Callable[[], object]] = []
        for resource, physical_id, declared, retained in replaced:
            if physical_id is None or declared is None:
                continue
            if retained:
                if self._is_session(physical_id):
                    self.let_go.add(physical_id)
                continue
            tasks.append(partial(self._clean, resource, physical_id, declared))
        tasks += [partial(self._delete, r, CLEAN_UP_TRIES, failed_create) for r in removed]
        self._together(tasks, wait=not express)
        if express:
            self._clock.sleep(2)

    def _clean(self, resource: Resource, physical_id: str, declared: Declared) -> None:
        for _ in range(CLEAN_UP_TRIES):
            request = self._send("Delete", resource, declared, PhysicalResourceId=physical_id)
            self._await(request)
            if request.succeeded:
                return
        self.skipped.add((resource.name, physical_id))

    def _delete_all(self, resources: list[Resource], failed_create: bool = False) -> bool:
        self._together([partial(self._delete, r, 1, failed_create) for r in resources])
        return not any(r.exists for r in resources)

    def _delete(self, resource: Resource, tries: int, failed_create: bool) -> None:
        """Delete a resource with all its ids, and show it."""
        declared, held = resource.declared, resource.physical_id
        if declared is None:
            return
        if declared.retained:
            if held is not None and self._is_session(held):
                # A Create that failed answers with the session that it has ended.
                never_was = failed_create or resource.status == "CREATE_FAILED"
                in_doubt = never_was or held in self.either
                (self.either if in_doubt else self.let_go).add(held)
            left = [i for i, _ in resource.unfinished]
            left += [i for change, i in self._to_clean_up if change.resource is resource and i]
            self.either.update(filter(self._is_session, left))
            resource.declared, resource.unfinished = None, []
            shown = resource.history[-1][2] if self.shows_skipped_ids else None
            self._show_resource(resource, "DELETE_SKIPPED", shown)
            resource.physical_id = None
            return
        if held is not None and resource.status == "CREATE_FAILED" and not self._shows_made_up:
            self._show_resource(resource, "DELETE_IN_PROGRESS", None, keeps=True)
        else:
            self._show_resource(resource, "DELETE_IN_PROGRESS", held)
        mark = len(resource.history)
        if tries > 1:
            resource.declared = None  # it is no part of the template any more
        for physical_id, old in resource.unfinished:
            if old.retained:
                self.either.add(physical_id)
            elif self._cleans_up_later:
                self._clean(resource, physical_id, old)
        done = False
        for attempt in range(tries):
            if attempt:
                self._clock.sleep(5)
            request = self._send("Delete", resource, declared, PhysicalResourceId=held)
            self._await(request)
            if request.succeeded:
                done = True
                break
        if tries > 1 and not done and held is not None:
            self.skipped.add((resource.name, held))
        if len(resource.history) != mark:
            return  # in Express mode it may have been recreated meanwhile
        if done or tries > 1:
            resource.declared, resource.unfinished = None, []
            self._show_resource(resource, "DELETE_COMPLETE" if done else "DELETE_FAILED", held)
            resource.physical_id = None
        else:
            self._show_resource(resource, "DELETE_FAILED", held)

    def _together(self, tasks: list[Callable[[], object]], wait: bool = True) -> None:
        left = len(tasks)

        def run(task: Callable[[], object]) -> None:
            nonlocal left
            task()
            left -= 1
            self._clock.changed()

        for task in tasks:
            self._clock.start(partial(run, task))
        if wait:
            self._clock.wait_until(lambda: not left)
        else:
            self._clock.sleep(0.01)

    def _send(self, kind: str, resource: Resource, declared: Declared, **more: Any) -> Request:
        number = len(self.requests) + 1
        event = {
            "RequestType": kind,
            "RequestId": f"request-{number}",
            "StackId": STACK_ID,
            "LogicalResourceId": resource.name,
            "ResourceType": "Custom::EMRServerlessSession",
            "ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:sessions",
            "ResponseURL": f"{RESPONSE_URL}/{number}",
            "ResourceProperties": self._sent(declared),
            **more,
        }
        request = Request(number, event, self._clock.now())
        self.requests.append(request)
        self._deliver(request)
        return request

    def _sent(self, declared: Declared) -> dict[str, Any]:
        return {
            "ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:sessions",
            "ServiceTimeout": str(int(self.service_timeout)),
            **declared.properties(),
        }

    def _resource(self, name: str) -> Resource:
        return self.resources.setdefault(name, Resource(name))

    def _finish(self, status: str) -> None:
        self._show(status)
        if status.endswith("_COMPLETE"):
            self._goes_to_complete = False
            named = self.resources.items()
            self._complete = {n: (r.declared, r.physical_id) for n, r in named if r.exists}
        self.operations.append(status)
        self.completed()

    def _show(self, status: str) -> None:
        self.status = status
        self.history.append((self._clock.now(), status))

    def _show_resource(
        self, resource: Resource, status: str, physical_id: str | None, keeps: bool = False
    ) -> None:
        """What is shown from now on; ``keeps`` the id that CloudFormation itself knows."""
        resource.status = status
        if not keeps:
            resource.physical_id = physical_id
        resource.history.append((self._clock.now(), status, physical_id))

    def _look(self, history: list[Any], stale: bool) -> Any:
        if stale:
            at = self._clock.now() - STALE_SECONDS
            return next((h for h in reversed(history) if h[0] <= at), history[0])
        return history[-1]

    def _timestamp(self, seconds: float) -> datetime:
        return datetime.fromtimestamp(seconds + self.clock_ahead, UTC)

    def _check_stack(self, params: Mapping[str, Any]) -> None:
        if params.get("StackName") not in (STACK_ID, STACK_NAME):
            raise ServiceError(400, "ValidationError", f"Stack {params} does not exist")
