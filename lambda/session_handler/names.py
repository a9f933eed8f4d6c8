"""Names that the handler shares with the constructs and the client: tag keys, session states."""

OWNER_TAG_PREFIX = "emr-serverless-session:"
STACK_ID_TAG = f"{OWNER_TAG_PREFIX}stack-id"
LOGICAL_ID_TAG = f"{OWNER_TAG_PREFIX}logical-id"
SPEC_TAG = f"{OWNER_TAG_PREFIX}spec"
CLIENT_TOKEN_TAG = f"{OWNER_TAG_PREFIX}client-token"
# On a session that an Update started: the ARN of the session that it replaces.
REPLACES_TAG = f"{OWNER_TAG_PREFIX}replaces"
# On a successor: the ARN of the session that CloudFormation holds, in whose place it runs.
HELD_ARN_TAG = f"{OWNER_TAG_PREFIX}held-arn"
# "true" on a session that a removal policy of RETAIN keeps.
RETAINED_TAG = f"{OWNER_TAG_PREFIX}retained"

STARTING_STATES = ("SUBMITTED", "STARTING")
USABLE_STATES = ("STARTED", "IDLE", "BUSY")
LIVE_STATES = STARTING_STATES + USABLE_STATES
OVER_STATES = ("FAILED", "TERMINATED")
