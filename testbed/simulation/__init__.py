"""A simulated world around the real handler: CloudFormation, Lambda, EMR Serverless and a clock.

``choices`` decides what goes wrong, ``world`` puts everything together, ``schedule`` runs
operations on a stack, ``invariants`` says what must hold whatever happened.
"""
