"""Tests the project's assumptions about AWS in a real account: see docs/assumptions.md.

``make acceptance PROFILE=… REGION=…`` creates tagged resources in that account and deletes
them again. ``make acceptance-sweep`` deletes what an interrupted run has left. A run costs money:
it says how much, and starts after the account's number has been typed.
"""
