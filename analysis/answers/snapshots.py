"""What is in the tray? One sentence."""

from stvit.error_text import counted


def snapshots_answer(count: int, most: int, nbytes: int, most_bytes: int) -> str:
    """Say how many snapshots there are and how much room they take.

    Args:
        count: Number of snapshots.
        most: How many there may be.
        nbytes: Their bytes together.
        most_bytes: How many bytes there may be.

    Example:
        >>> snapshots_answer(2, 24, 2**20, 2**24)
        'The tray holds 2 snapshots of at most 24, in 1.0 of 16 MiB.'
        >>> snapshots_answer(1, 24, 1000, 2**24)
        'The tray holds 1 snapshot of at most 24, in less than 0.1 of 16 MiB.'
        >>> snapshots_answer(0, 24, 0, 2**24)
        'The tray is empty.'
    """
    if not count:
        return "The tray is empty."
    taken = nbytes / 2**20
    room = f"{'less than 0.1' if taken < 0.1 else f'{taken:.1f}'} of {most_bytes / 2**20:.0f} MiB"
    return f"The tray holds {counted(count, 'snapshot')} of at most {most}, in {room}."
