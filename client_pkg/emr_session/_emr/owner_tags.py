"""The tags by which the handler recognises the sessions of its stack."""

from __future__ import annotations

OWNER_TAG_PREFIX = "emr-serverless-session:"
STACK_ID_TAG = OWNER_TAG_PREFIX + "stack-id"
LOGICAL_ID_TAG = OWNER_TAG_PREFIX + "logical-id"
# On a successor alone: the session that CloudFormation holds, in whose place it runs.
HELD_ARN_TAG = OWNER_TAG_PREFIX + "held-arn"
OWNER_TAGS = (
    STACK_ID_TAG,
    LOGICAL_ID_TAG,
    OWNER_TAG_PREFIX + "spec",
    OWNER_TAG_PREFIX + "client-token",
)
