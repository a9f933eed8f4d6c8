"""Visits the nodes of a graph, in parallel where they don't depend on each other."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping


async def visit_all(
    dependencies: Mapping[str, set[str]],
    visit: Callable[[str], Awaitable[bool]],
    *,
    stopped: Callable[[], bool] = lambda: False,
) -> bool:
    """Visit each node once all that it depends on were visited well.

    Args:
        dependencies: What each node depends on.
        visit: Gives whether the nodes that depend on this one may be visited.
        stopped: Whether no further visit is to begin.

    Returns:
        Whether every node was visited well.
    """
    visits: dict[str, asyncio.Task[bool]] = {}

    async def in_turn(node: str) -> bool:
        before = [visits[name] for name in sorted(dependencies[node]) if name in visits]
        if not all(await asyncio.gather(*before)) or stopped():
            return False
        return await visit(node)

    for node in dependencies:
        visits[node] = asyncio.create_task(in_turn(node))
    return all(await asyncio.gather(*visits.values()))


def reversed_dependencies(dependencies: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """What depends on each node: the order of deletion."""
    dependents: dict[str, set[str]] = {node: set() for node in dependencies}
    for node, needed in dependencies.items():
        for name in needed & dependents.keys():
            dependents[name].add(node)
    return dependents
