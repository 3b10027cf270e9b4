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
    if handler is signal.default_int_handler:  # else whoever started it wants Ctrl-C ignored
        signal.signal(signal.SIGINT, _end)

    from training.cli import main  # takes a second, in which people interrupt too

    signal.signal(signal.SIGINT, handler)
    main()
