"""Measured claims: python -m benchmarks [name ...]. Medians, side by side in one run, as ratios."""
