"""Schedules of all kinds, for hypothesis."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from .cloudformation import CALM, Conditions
from .faults import Fault
from .schedule import Declared, Happening, Step, What

_ANYWHERE = [
    ("denied", False),
    ("throttled", False),
    ("unreachable", False),
    ("garbled", True),
    *((kind, acted) for kind in ("error", "dropped", "slow", "killed") for acted in (False, True)),
]
_OPERATIONS = (
    "StartSession",
    "GetSession",
    "ListSessions",
    "TerminateSession",
    "TagResource",
    "GetApplication",
    "StopApplication",
    "UntagResource",
    "DescribeStackResource",
    "PutParameter",
)
_WHAT_CAN_GO_WRONG = [
    *((operation, kind, acted) for operation in _OPERATIONS for kind, acted in _ANYWHERE),
    *((operation, "refused", False) for operation in ("StartSession", "StopApplication")),
    ("StartSession", "quota", False),
]

faults = st.builds(
    lambda what, skip, times: Fault(what[0], what[1], what[2], skip, times),
    st.sampled_from(_WHAT_CAN_GO_WRONG),
    st.integers(0, 4),
    st.sampled_from([1, 2, 3, 8, 99]),
)
declared = st.builds(
    Declared,
    name=st.sampled_from("ab"),
    tag=st.sampled_from("12"),
    application=st.sampled_from([0, 1]),
    waits=st.sampled_from([True, True, True, False]),
    stops=st.booleans(),
    kept_alive=st.booleans(),
    check=st.sampled_from(["", "", "1", "2"]),
)
# Half of the operations have nothing against them but what else is drawn: a schedule whose first
# operation fails has no second.
conditions = st.just(CALM) | st.builds(
    Conditions,
    other_fails_after=st.sampled_from([None, None, 0.5, 4, 25, 60, 95, 150]),
    other_waits=st.booleans(),
    deliveries=st.lists(
        st.sampled_from([(0,), (0,), (2,), (15,), (29,), (0, 3), (0, 70), (0, 300), (5, 6)]),
        max_size=3,
    ).map(tuple),
    failed_update_moves=st.booleans(),
)
happenings = st.builds(
    Happening,
    after=st.sampled_from([0, 1, 20, 80, 95, 130]),
    what=st.sampled_from([*get_args(What), "schedule calls", "schedule calls"]),
)
steps = st.builds(
    Step,
    sessions=st.lists(declared, max_size=2).map(tuple),
    conditions=conditions,
    faults=st.just(()) | st.lists(faults, max_size=3).map(tuple),
    happenings=st.lists(happenings, max_size=2).map(tuple),
    list_lag=st.sampled_from([0, 0, 0, 5, 30]),
    settles=st.sampled_from([True, True, False]),
)
schedules = st.lists(steps, min_size=1, max_size=6).filter(lambda s: bool(s[0].sessions))
