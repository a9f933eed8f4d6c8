"""Events of stacks that are deployed: each release of the handler has to understand them all.

A file in ``golden`` is an event as CloudFormation sends it; those "before extras" have none of the
properties that are the library's own. Files are added and never changed: a pinned value that
changes would start a second session, or replace one, in a stack that asked for neither.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from session_handler.request import Request
from tests.unit.handler.conftest import Lab

GOLDEN = Path(__file__).parent / "golden"
# What is sent one after the other, and which session CloudFormation holds after each.
STORIES = {
    "a stack of today": {"create": 2, "delete": 2},
    "all there is": {"create_everything": 2, "update_tags": 2, "delete_everything": 2},
    "the library is upgraded": {
        "create_before_extras": 2,
        "update_extras_are_added": 2,
        "update_idle_timeout": 3,
        "delete_before_extras": 2,
        "delete_replacement": 3,
    },
    "the library goes back": {"create": 2, "update_extras_are_dropped": 2, "delete": 2},
    "before extras": {"create_before_extras": 2, "delete_before_extras": 2},
}
# The digest of what was asked for, and the client token.
PINNED = {
    "create": (
        "24f455e064b0534ef111603ebddbee697413ed2656f0635ce2fc22afd97eaab5",
        "23b186f96dd6ee42ea620083e41f376e4a044af981b809cce30b83b01f9e9a8d",
    ),
    "create_before_extras": (
        "7e0c589a2f8e02ccff3011005ca86b7926efdb1b0d239f1d02b5d1c37d7159b3",
        "79d9c17860664cab7ddcf8ae77a252f09340c2296d6b610bc5aae8a6919da997",
    ),
    "create_everything": (
        "ee2934fe2e7878efc11475cbc3a8d5ef7ebaaf00df0cab1da210ceaf1808a4dc",
        "7d8ee6531cbc6d49363e01658681f3e66a5952b1ab22a6d4185007702f295bfc",
    ),
    "delete": (
        "24f455e064b0534ef111603ebddbee697413ed2656f0635ce2fc22afd97eaab5",
        "4ebeb5527a92a894b1ddf74dd0ab1fca83b709465c71f07691c8bb2a3612a7ad",
    ),
    "delete_before_extras": (
        "7e0c589a2f8e02ccff3011005ca86b7926efdb1b0d239f1d02b5d1c37d7159b3",
        "797e507793fa6585949be2ad0fa037b3f9dca10171dc4cbfb8fe7b681289171c",
    ),
    "delete_everything": (
        "ee2934fe2e7878efc11475cbc3a8d5ef7ebaaf00df0cab1da210ceaf1808a4dc",
        "ba38c4c7b45b9870d673b2908bb24ef2b1e090057b2297586ac86396678c9d84",
    ),
    "delete_replacement": (
        "bd96d10be33ae0e733facdc0d100dc4fa14b225cc44ba3d50f29d4847b91d2d7",
        "1eda9f9afc407b56e1b9d70f904d8882e04182dc83f91874bb0c9fd780e5062c",
    ),
    "update_extras_are_added": (
        "7e0c589a2f8e02ccff3011005ca86b7926efdb1b0d239f1d02b5d1c37d7159b3",
        "16971c12bd5681565b407bd21f9d766e21f031671084298a6ba3bf54f4fb537c",
    ),
    "update_extras_are_dropped": (
        "24f455e064b0534ef111603ebddbee697413ed2656f0635ce2fc22afd97eaab5",
        "450d0c1a3ffe6b543c219857643262baf976d35ea9832dbbf3ee1b973a53ce29",
    ),
    "update_idle_timeout": (
        "bd96d10be33ae0e733facdc0d100dc4fa14b225cc44ba3d50f29d4847b91d2d7",
        "384b063ba5d94d6cef27965271dc4508d66c999af0e9a78d6d8554b8e6f29dec",
    ),
    "update_tags": (
        "ee2934fe2e7878efc11475cbc3a8d5ef7ebaaf00df0cab1da210ceaf1808a4dc",
        "ef6f11ba4d4a1122a21307fe451e946ee45807efc2725d816c41102f76a21924",
    ),
}


def golden(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return event


def names() -> list[str]:
    return sorted(file.stem for file in GOLDEN.glob("*.json"))


def test_every_golden_event_is_in_a_story_and_pinned() -> None:
    assert names() == sorted({name for story in STORIES.values() for name in story})
    assert names() == sorted(PINNED)


@pytest.mark.parametrize("story", STORIES)
def test_a_story_goes_as_it_always_went(lab: Lab, story: str) -> None:
    lab.application()
    for name, number in STORIES[story].items():
        event = golden(name)
        kind = event["RequestType"]
        if kind == "Create":
            lab.cloudformation.physical_id = None
        lab.cloudformation.begins(kind)
        answer = lab.deliver(event)

        assert answer.is_success, answer.reason
        arn = answer.physical_id
        assert arn.endswith(f"/sessions/00golden0000000{number}")
        session = lab.session(arn)
        if kind == "Delete":
            assert session.state == "TERMINATED"
            continue
        waits = event["ResourceProperties"].get("WaitUntilReady") != "false"
        assert session.state in (("STARTED", "IDLE") if waits else ("SUBMITTED", "STARTING"))
        assert answer.body["Data"] == {
            "Arn": arn,
            "SessionId": session.session_id,
            "ApplicationId": session.application_id,
        }
        users = {k: v for k, v in session.tags.items() if ":" not in k}
        assert users == event["ResourceProperties"].get("Tags", {})
    assert lab.live() == []
    assert len(lab.asked("StartSession")) == max(STORIES[story].values()) - 1


@pytest.mark.parametrize("name", names())
def test_what_identifies_a_session_never_changes(name: str) -> None:
    request = Request.read(golden(name))
    assert (request.spec().digest, request.client_token()) == PINNED[name]
