"""The assumptions, each with a function that tests it in the account."""
