"""Integrates the local AWS into MiniStack: services, IAM, CloudFormation, schedules."""
