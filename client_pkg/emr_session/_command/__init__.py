"""``emr-session``: the sessions of an account on the command line."""
