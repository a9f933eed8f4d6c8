"""Names that the constructs share with the handler and the client: resource type, tags, ARNs."""

from __future__ import annotations

RESOURCE_TYPE = "Custom::EMRServerlessSession"

# The owner tags: whose a session is. The handler sets them when it starts one.
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

# Set at the start, and never changed.
FIXED_OWNER_TAGS = (STACK_ID_TAG, LOGICAL_ID_TAG, SPEC_TAG, CLIENT_TOKEN_TAG, REPLACES_TAG)
# Set and removed by the handler while a session runs.
CHANGING_OWNER_TAGS = (HELD_ARN_TAG, RETAINED_TAG)
OWNER_TAGS = FIXED_OWNER_TAGS + CHANGING_OWNER_TAGS

# An ARN's resource: arn:PARTITION:emr-serverless:REGION:ACCOUNT:/applications/ID/sessions/ID
SERVICE = "emr-serverless"
ARN_RESOURCE = "/applications"


def session_resource_name(application_id: str, session_id: str) -> str:
    """What follows ``/applications/`` in a session's ARN."""
    return f"{application_id}/sessions/{session_id}"
