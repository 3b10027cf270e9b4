"""Every kind of attention as rows that can be asked for, and which of them apply to a block."""
