"""EMR Serverless as the client sees it: ARNs, owner tags, states, and boto3's clients."""
