"""Ctrl-C while `python -m stvit.convert` loads this package, which takes seconds, ends without a traceback.

Python imports the package before any line of the command runs, so the package itself has to handle this, and does so
for its own commands only: `sys.argv[0]` is "-m" as long as Python looks for what `-m` names, and never later.
"""

import signal
import sys

_LOADS_A_COMMAND = sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler

if _LOADS_A_COMMAND:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def loaded() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again, which the command turns into a sentence."""
    if _LOADS_A_COMMAND:
        signal.signal(signal.SIGINT, signal.default_int_handler)
