"""The command ``emr-session``."""
