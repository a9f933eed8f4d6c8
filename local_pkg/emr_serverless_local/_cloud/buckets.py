"""The tags of buckets that a stack makes, which MiniStack 1.5.33 drops.

The CDK's ``auto_delete_objects`` goes by them. Touches MiniStack's
``AWS::S3::Bucket``, by standing behind its create and update.
"""

from typing import Any

from ministack.services import s3
from ministack.services.cloudformation import provisioners

RESOURCE_TYPE = "AWS::S3::Bucket"


def install() -> None:
    """Stand behind MiniStack's resource type. Doing it twice does no harm."""
    provisioners._STACK_TAG_PROPERTY[RESOURCE_TYPE] = ("Tags", "list")
    provisioners._RESOURCE_HANDLERS[RESOURCE_TYPE].update(create=_create, update=_update)


def _create(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
    name, attributes = provisioners._s3_create(logical_id, properties, stack_name)
    s3._bucket_tags[name] = provisioners._tag_map(properties.get("Tags"))
    return name, attributes


def _update(
    physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str
) -> tuple[str, Any]:
    name, attributes = provisioners._s3_update(physical_id, old, new, stack_name)
    s3._bucket_tags[name] = provisioners._tag_map(new.get("Tags"))
    return name, attributes
