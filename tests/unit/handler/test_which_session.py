"""Which session an Update takes for its own: retained ones, those of others, those that die."""

from itertools import pairwise

from session_handler.handler import is_complete, on_event
from session_handler.identity import LOGICAL_ID_TAG
from tests.unit.handler.conftest import ROLE, START_SECONDS, STOP_SECONDS, Lab


def test_a_retained_session_outlives_every_later_update(lab: Lab) -> None:
    """CloudFormation sends no Delete for it."""
    spec = {"ApplicationId": lab.application(), "ExecutionRoleArn": ROLE, "Retain": "true"}
    versions = [{**spec, "Name": name} for name in "abc"]
    held = [lab.create(versions[0]).physical_id]
    for old, new in pairwise(versions):
        update = lab.request("Update", new, held[-1], OldResourceProperties=old)
        held.append(lab.send(update).physical_id)
    assert [session.arn for session in lab.live()] == held


def test_a_session_of_another_resource_is_neither_kept_nor_tagged(lab: Lab) -> None:
    old = {"ApplicationId": lab.application(), "ExecutionRoleArn": ROLE}
    before = lab.create(old).physical_id
    lab.session(before).tags[LOGICAL_ID_TAG] = "AnotherNotebook"
    new = {**old, "Tags": {"team": "data"}}
    answer = lab.send(lab.request("Update", new, before, OldResourceProperties=old))
    assert answer.physical_id != before
    assert lab.asked("TagResource") == []


def test_a_session_that_ends_while_its_update_completes_is_replaced(lab: Lab) -> None:
    old = {"ApplicationId": lab.application(), "ExecutionRoleArn": ROLE}
    before = lab.create(old).physical_id
    new = {**old, "Tags": {"team": "data"}}
    event = lab.request("Update", new, before, OldResourceProperties=old)
    event |= on_event(event)
    assert event["PhysicalResourceId"] == before
    lab.session(before).terminate(lab.agenda.now())
    lab.agenda.wait(STOP_SECONDS + 1)
    assert not is_complete(event)["IsComplete"]
    lab.agenda.wait(START_SECONDS + 1)
    assert [session.arn for session in lab.live()] == [is_complete(event)["PhysicalResourceId"]]
