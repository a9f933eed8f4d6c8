"""What is claimed about speed and size, measured beside what a user would pick instead.

``python -m benchmarks`` (``make bench``) runs everything, prints tables, and writes them to
``benchmarks/results/``.
"""
