"""Shared by tests, demo, benchmarks and acceptance: a local AWS, the CDK CLI, and their output."""
