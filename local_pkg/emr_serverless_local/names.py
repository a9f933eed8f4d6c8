"""Names that the local AWS shares with the other distributions: states, ARNs, owner tags."""

STARTING_STATES = ("SUBMITTED", "STARTING")
USABLE_STATES = ("STARTED", "IDLE", "BUSY")
LIVE_STATES = STARTING_STATES + USABLE_STATES
OVER_STATES = ("FAILED", "TERMINATED")

OWNER_TAG_PREFIX = "emr-serverless-session:"
STACK_ID_TAG = f"{OWNER_TAG_PREFIX}stack-id"
LOGICAL_ID_TAG = f"{OWNER_TAG_PREFIX}logical-id"


def application_arn(partition: str, region: str, account: str, application_id: str) -> str:
    """The ARN of an application. Its resource part begins with a slash."""
    return f"arn:{partition}:emr-serverless:{region}:{account}:/applications/{application_id}"


def session_arn(application: str, session_id: str) -> str:
    """The ARN of a session of the application with this ARN."""
    return f"{application}/sessions/{session_id}"
