"""Starts, finds and ends sessions without a stack."""
