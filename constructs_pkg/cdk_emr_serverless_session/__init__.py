"""Amazon EMR Serverless interactive sessions as resources of a CDK stack."""
