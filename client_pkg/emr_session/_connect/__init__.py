"""From a session's ARN to a ``SparkSession``, and to its addresses."""
