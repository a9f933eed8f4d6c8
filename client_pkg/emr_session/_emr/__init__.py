"""EMR Serverless as clients see it: names, releases, boto3's clients, and what GetSession says."""
