"""The tray of snapshots: what was pinned on any page, side by side, and as one page for others."""
