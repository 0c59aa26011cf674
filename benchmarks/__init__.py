"""Benchmarks of the budgets in the design: `python -m benchmarks` prints one table. Never part of the tests."""
