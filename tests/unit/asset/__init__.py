"""The Lambda asset beside stock botocore: the same endpoints, the same model, old and new."""
