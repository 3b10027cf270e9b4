"""Hooks that record what the attention of each block did, and the frozen results."""
