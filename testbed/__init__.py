"""What tests, demo and benchmarks share: a local AWS, the CDK CLI, and what is read from them."""
