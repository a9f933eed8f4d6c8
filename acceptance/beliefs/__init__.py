"""The beliefs, each a function that asks the account and answers."""
