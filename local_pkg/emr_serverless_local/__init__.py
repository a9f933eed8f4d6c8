"""A local AWS to try the library on: MiniStack with EMR Serverless sessions added.

``python -m emr_serverless_local`` runs it. The session service
itself (``sessions``) is a plain object that needs botocore and nothing else.
"""
