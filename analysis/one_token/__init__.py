"""What happens to one token: its attention maps and its steps through a block."""
