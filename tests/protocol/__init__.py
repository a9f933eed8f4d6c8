"""CloudFormation's event sequences and the service's faults, against the real handler functions.

``schedule`` says what happens, ``world`` makes it happen, ``invariants`` says what must hold
whatever happens. ``agenda`` is the time that all of them share: no test here sleeps.
"""
