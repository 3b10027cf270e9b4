"""Weights: found, checked, read without running code, translated, loaded."""
