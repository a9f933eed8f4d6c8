"""The Lambda function behind ``Custom::EMRServerlessSession``.

It runs on the standard library and botocore. CloudFormation calls it directly; it stays until the
session is usable, or over, and answers. The rules that it follows are numbered in
``docs/lifecycle.md``; ``create``, ``update``, ``delete`` and ``schedule`` read in their order.
"""
