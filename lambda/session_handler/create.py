"""Create: rules 3 to 5."""

from session_handler import after_answer
from session_handler.invocation import Invocation, Outcome
from session_handler.started_session import StartedSession


def create(invocation: Invocation) -> Outcome:
    """Start the session, wait until it is usable, and see CloudFormation take it over."""
    own = StartedSession(invocation, more_tags={})
    try:
        arn, session = own.run()
        own.mark(session)
    except Exception as error:  # noqa: BLE001 - whatever it is, what was started ends
        own.end()
        return Outcome(own.physical_id, failure=invocation.reason(error))

    def afterwards() -> None:
        after_answer.taken_over(invocation, arn, own.end)

    return Outcome(arn.arn, arn=arn, afterwards=afterwards)
