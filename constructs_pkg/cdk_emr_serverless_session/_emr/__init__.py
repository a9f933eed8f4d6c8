"""Facts about EMR Serverless. Nothing here imports the CDK."""
