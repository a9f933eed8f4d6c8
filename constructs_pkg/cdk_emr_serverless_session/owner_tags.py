"""The tags by which the handler recognises the sessions of its stack."""

from __future__ import annotations

OWNER_TAG_PREFIX = "emr-serverless-session:"
STACK_ID_TAG = OWNER_TAG_PREFIX + "stack-id"
LOGICAL_ID_TAG = OWNER_TAG_PREFIX + "logical-id"
OWNER_TAGS = (
    STACK_ID_TAG,
    LOGICAL_ID_TAG,
    OWNER_TAG_PREFIX + "spec",
    OWNER_TAG_PREFIX + "client-token",
)
