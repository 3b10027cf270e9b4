"""Start the command line: python -m analysis."""

import signal

from analysis.commands.interrupts import end_at_once

if __name__ == "__main__":
    signal.signal(signal.SIGINT, end_at_once)  # before anything large is imported

    from analysis.commands.main import main

    raise SystemExit(main())
