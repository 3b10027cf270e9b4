"""Start the app: `stvit-inside` where the project is installed as a package, `python -m ui.start` in a checkout."""

import gc
import runpy
import sys
import sysconfig
from importlib import import_module
from pathlib import Path
from threading import Thread
from time import sleep

from streamlit import runtime
from streamlit.runtime import RuntimeState

SHARE = Path(sysconfig.get_path("data")) / "share" / "stvit-inside"
"""Where the wheel puts `app.py` and, beside it, Streamlit's settings."""

CHECKOUT = Path(__file__).resolve().parents[1]

GLANCE = 0.01
"""Seconds between two looks whether the server is up."""


def main() -> None:
    """Run Streamlit on the app; the words of the command line go to Streamlit."""
    script = next(path for path in (CHECKOUT / "app.py", SHARE / "app.py") if path.is_file())
    Thread(target=_import_frame, name="import", daemon=True).start()
    sys.argv = ["streamlit", "run", str(script), *sys.argv[1:]]
    runpy.run_module("streamlit", run_name="__main__")


def _import_frame() -> None:
    """Import what draws the app while the browser loads Streamlit's own files, instead of once it has connected.

    Not before the server is up, which would come later for it.
    """
    while not (runtime.exists() and runtime.get_instance().state is not RuntimeState.INITIAL):
        sleep(GLANCE)
    gc.disable()  # thousands of new modules hold nothing that could be collected
    try:
        import_module("ui.frame")
    finally:
        gc.freeze()
        gc.enable()


if __name__ == "__main__":
    main()
