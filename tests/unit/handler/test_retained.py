"""Retained sessions: what an Update leaves behind on purpose looks like a stray, and is none."""

from tests.unit.handler.conftest import ROLE, Lab


def test_a_retained_session_outlives_every_later_update(lab: Lab) -> None:
    """CloudFormation sends no Delete for it."""
    application = lab.application()
    spec = {"ApplicationId": application, "ExecutionRoleArn": ROLE, "Retain": "true"}
    versions = [{**spec, "Name": name} for name in "abc"]
    held = [lab.create(versions[0]).physical_id]
    for old, new in zip(versions, versions[1:], strict=False):
        update = lab.request("Update", new, held[-1], OldResourceProperties=old)
        held.append(lab.send(update).physical_id)
    assert [session.arn for session in lab.live()] == held
