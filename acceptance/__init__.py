"""What the project believes of AWS, asked of an account. See docs/beliefs.md.

``make acceptance PROFILE=… REGION=…`` makes things in that account, each tagged, and deletes them
again; ``make acceptance-sweep`` deletes what an interrupted run has left. Costs money: it says how
much, and begins when the account's number has been typed.
"""
