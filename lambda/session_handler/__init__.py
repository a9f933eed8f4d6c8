"""The Lambda handler behind ``Custom::EMRServerlessSession``.

It runs in Lambda, on the standard library and botocore alone. ``handler`` has
the entry points, ``lifecycle`` the rules they follow.
"""
