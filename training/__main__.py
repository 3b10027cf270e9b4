"""`python -m training`."""

import os
import signal
from types import FrameType


def _end(number: int, frame: FrameType | None) -> None:
    """End at once: libraries swallow an exception that is raised while they load."""
    os.write(2, b"interrupted\n")
    os._exit(130)


if __name__ == "__main__":
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:  # otherwise the parent process wants Ctrl-C ignored
        signal.signal(signal.SIGINT, _end)

    from training.cli import main  # takes a second, during which people may press Ctrl-C too

    signal.signal(signal.SIGINT, handler)
    main()
