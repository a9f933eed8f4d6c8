"""Our rules of the Provider framework against the framework's own JavaScript, on the same input."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import aws_cdk
import pytest

from . import framework
from .agenda import Agenda
from .framework import CREATE_FAILED, FunctionFailed, ProviderFramework, Response

RUNTIME = "package/custom-resources/lib/provider-framework/runtime"

# Plays CloudFormation, Lambda and Step Functions: what leaves the framework ends up in `sent`.
DRIVER = """
const outbound = require("./outbound.js");
const sent = [];
let cases;
Object.assign(process.env, {
  USER_ON_EVENT_FUNCTION_ARN: "a:on-event", USER_IS_COMPLETE_FUNCTION_ARN: "a:is-complete",
  WAITER_STATE_MACHINE_ARN: "waiter",
});
console.log = () => {};
async function main() {
  cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
  const { onEvent, isComplete, onTimeout } = require("./framework.js");
  for (const [request, started, looks] of cases) {
    const answers = [];
    let waiting;
    outbound.startExecution = async ({ input }) => { waiting = JSON.parse(input); };
    outbound.httpRequest = async (_, body) => { answers.push(JSON.parse(body)); };
    const queue = [started, ...looks];
    outbound.invokeFunction = async () => {
      const next = queue.shift();
      return next && next.raises
        ? { FunctionError: "Unhandled", Payload: JSON.stringify({ errorMessage: next.raises }) }
        : { Payload: JSON.stringify(next.returns) };
    };
    await onEvent(structuredClone(request));
    const merged = waiting && structuredClone(waiting);
    while (waiting && !answers.length) {
      let retry;
      try { await isComplete(structuredClone(waiting)); } catch (e) { retry = e; }
      if (retry && !queue.length) {
        const cause = JSON.stringify({ errorMessage: retry.message });
        await onTimeout({ Cause: cause });
      }
    }
    sent.push({ merged: merged || null, answer: answers[0], answers: answers.length });
  }
  process.stdout.write(JSON.stringify(sent));
}
main();
"""
OUTBOUND = "exports.startExecution=exports.httpRequest=exports.invokeFunction=async()=>{};"

CREATE = {
    "RequestType": "Create",
    "RequestId": "request-1",
    "StackId": "stack",
    "LogicalResourceId": "Session",
    "ResponseURL": "https://cloudformation.example/answer?signature",
    "ResourceProperties": {"ApplicationId": "a1"},
}
UPDATE = {
    **CREATE,
    "RequestType": "Update",
    "PhysicalResourceId": "old",
    "OldResourceProperties": {},
}
DELETE = {**CREATE, "RequestType": "Delete", "PhysicalResourceId": "old"}
RAISES = {"raises": "no: it didn't work"}
NOT_YET = {"returns": {"IsComplete": False}}
DONE = {"returns": {"IsComplete": True}}


def returns(**result: Any) -> dict[str, Any]:
    return {"returns": result}


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]] = {
    "a create without an id": (CREATE, returns(), [DONE]),
    "a create with an id": (CREATE, returns(PhysicalResourceId="new", StartedAt=1.5), [DONE]),
    "data of both functions": (
        CREATE,
        returns(Data={"A": 1, "B": 1}),
        [NOT_YET, returns(IsComplete=True, Data={"B": 2})],
    ),
    "an id of is_complete": (CREATE, returns(), [returns(IsComplete=True, PhysicalResourceId="n")]),
    "what an incomplete look returns is dropped": (
        CREATE,
        returns(),
        [returns(IsComplete=False, PhysicalResourceId="dropped"), DONE],
    ),
    "data while incomplete": (CREATE, returns(), [returns(IsComplete=False, Data={"A": 1})]),
    "no data while incomplete": (CREATE, returns(), [returns(IsComplete=False, Data={}), DONE]),
    "a create that fails at once": (CREATE, RAISES, []),
    "a create that fails later": (CREATE, returns(PhysicalResourceId="new"), [NOT_YET, RAISES]),
    "a create that takes too long": (CREATE, returns(PhysicalResourceId="new"), [NOT_YET] * 4),
    "an update that keeps its id": (UPDATE, returns(), [DONE]),
    "an update with a new id": (UPDATE, returns(PhysicalResourceId="new"), [DONE]),
    "an update that fails at once": (UPDATE, RAISES, []),
    "an update that fails later": (UPDATE, returns(PhysicalResourceId="new"), [RAISES]),
    "an update that takes too long": (UPDATE, returns(PhysicalResourceId="new"), [NOT_YET] * 4),
    "a delete": (DELETE, returns(), [NOT_YET, DONE]),
    "a delete with another id": (DELETE, returns(PhysicalResourceId="new"), []),
    "a delete that fails": (DELETE, returns(), [RAISES]),
    "a delete after a failed create": ({**DELETE, "PhysicalResourceId": CREATE_FAILED}, RAISES, []),
    "a request without properties": (
        {name: value for name, value in DELETE.items() if name != "ResourceProperties"},
        returns(),
        [DONE],
    ),
}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the framework's own code does with each case."""
    folder = tmp_path_factory.mktemp("framework")
    package = next((Path(aws_cdk.__file__).parent / "_jsii").glob("aws-cdk-lib@*.jsii.tgz"))
    with tarfile.open(package) as archive:
        for name in ("framework.js", "cfn-response.js", "consts.js", "util.js"):
            member = archive.extractfile(f"{RUNTIME}/{name}")
            assert member is not None
            (folder / name).write_bytes(member.read())
    (folder / "outbound.js").write_text(OUTBOUND)
    (folder / "driver.js").write_text(DRIVER)
    done = subprocess.run(
        ["node", "driver.js"],
        cwd=folder,
        input=json.dumps(list(CASES.values())),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return dict(zip(CASES, json.loads(done.stdout), strict=True))


def ours(
    request: dict[str, Any], started: dict[str, Any], looks: list[dict[str, Any]]
) -> tuple[Any, list[Response]]:
    """What ours does: the event that isComplete got first, and the answers."""
    agenda = Agenda()
    queue = [started, *looks]
    merged: list[Any] = []

    def function(_: Any) -> Any:
        following = queue.pop(0)
        if "raises" in following:
            raise FunctionFailed(following["raises"])
        return following["returns"]

    def is_complete(event: Any) -> Any:
        merged.append(event)
        return function(event)

    under_test = ProviderFramework(
        agenda, function, is_complete, query_interval=1, total_timeout=max(0, len(looks) - 1)
    )
    answers: list[Response] = []
    under_test.handle(request, answers.append)
    agenda.run()
    return (merged[0] if merged else None), answers


@pytest.mark.parametrize("case", CASES)
def test_the_simulated_framework_does_what_the_real_one_does(
    case: str, real: dict[str, Any]
) -> None:
    merged, answers = ours(*CASES[case])
    theirs = real[case]
    assert len(answers) == theirs["answers"] == 1
    if theirs["merged"] is not None:
        assert merged == theirs["merged"]
    answer, (status, physical_id, reason, data) = (
        theirs["answer"],
        (answers[0].status, answers[0].physical_id, answers[0].reason, answers[0].data),
    )
    assert (status, physical_id) == (answer["Status"], answer["PhysicalResourceId"])
    assert dict(data) == (answer.get("Data") or {})
    assert reason.split("\n")[0] in answer["Reason"]


def test_the_room_left_for_a_message_covers_what_the_real_framework_adds(
    real: dict[str, Any],
) -> None:
    reason = real["a create that fails at once"]["answer"]["Reason"]
    assert len(reason.encode()) - len(RAISES["raises"]) <= len(framework.REASON_EXTRA)
