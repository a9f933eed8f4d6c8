"""Diagnoses sessions, applications and accounts. Reads AWS, and changes nothing.

A check is a function from what was read to findings. Knows nothing of the command that prints them.
"""
