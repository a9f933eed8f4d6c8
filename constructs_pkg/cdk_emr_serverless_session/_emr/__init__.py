"""What is known of EMR Serverless. Nothing here imports the CDK."""
