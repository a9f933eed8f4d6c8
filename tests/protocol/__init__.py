"""The real handler in the simulated world of ``testbed.simulation``, with all invariants.

``test_property`` and ``soak`` draw schedules at random, ``explore`` goes through a small world
exhaustively, ``counterexamples`` are schedules that broke a rule once, and ``mutations`` break
each rule on purpose.
"""
