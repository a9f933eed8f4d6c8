"""Checks at synth: what the service, IAM or CloudFormation would refuse later."""
