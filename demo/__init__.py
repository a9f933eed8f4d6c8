"""The quickstart deployed, queried and destroyed on a local AWS: ``python -m demo``.

The end-to-end tests use the same two parts: ``local_aws`` runs the local AWS
in a process of its own, ``cdk_cli`` runs the real CDK CLI against it.
"""
