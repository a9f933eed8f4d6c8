"""From a session's ARN to a ``SparkSession``: waiting, tokens, and the gRPC channel."""
