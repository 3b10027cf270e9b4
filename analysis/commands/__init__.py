"""The command lines of `python -m analysis`."""
