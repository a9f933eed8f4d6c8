"""The notebook extension: ``%%sparksql``, the progress of queries, and the session as a card.

Imports IPython only once it is loaded, which it is in notebooks alone, or by ``%load_ext``.
"""
