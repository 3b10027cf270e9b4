"""Start the command line: python -m analysis."""

import os

from analysis.commands.interrupts import install

if __name__ == "__main__":
    install()  # before anything large is imported
    # NumPy reads this when it is imported; threads of its own would spin beside the tasks that run one on each core.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

    from analysis.commands.main import main

    raise SystemExit(main())
