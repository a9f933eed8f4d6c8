"""Commands that can't exist (extend, resize, restart, …), and what to do instead."""

from __future__ import annotations

_LIFE = (
    "No command can extend a session: it ends with its idle time-out or after 24 hours. "
    "Deploy idle_timeout for a longer idle time-out, or keep_alive for a successor after its end."
)
_SIZE = (
    "No command can change a running session. Deploy another runtime_configuration "
    "(spark.driver.cores, spark.executor.memory, spark.dynamicAllocation.maxExecutors and so on), "
    "or another maximum_capacity of the application."
)
_CONFIGURATION = (
    "No command can change a running session. Deploy runtime_configuration, idle_timeout or "
    "execution_role: the deployment starts a new session and ends this one."
)
_STOP = 'A session can\'t be paused: "terminate" ends it.'
_RESTART = 'A session can\'t be restarted: "terminate" ends it, "start" starts a successor.'
_CREATE = (
    "Sessions are declared in a CDK stack, or started from Python: emr_session.get_or_create, "
    "emr_session.ephemeral."
)

_ADVICE = {
    **dict.fromkeys(("extend", "renew", "prolong", "keep-alive", "keepalive"), _LIFE),
    **dict.fromkeys(("resize", "scale", "cores", "memory"), _SIZE),
    **dict.fromkeys(("update", "modify", "configure", "set", "edit"), _CONFIGURATION),
    **dict.fromkeys(("stop", "pause", "suspend"), _STOP),
    **dict.fromkeys(("restart", "resume"), _RESTART),
    **dict.fromkeys(("create", "new", "run"), _CREATE),
}


def advice_on(command: str) -> str | None:
    """What to do instead of a command that EMR Serverless can't carry out; None for any other."""
    return _ADVICE.get(command)
