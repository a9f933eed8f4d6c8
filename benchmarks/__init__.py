"""Benchmarks of speed and size, compared with the alternatives.

``python -m benchmarks`` (``make bench``) runs everything, prints tables, and writes them to
``benchmarks/results/``.
"""
