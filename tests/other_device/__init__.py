"""Tests that `tests/test_other_device.py` runs in a process of their own."""
