"""Start the app: `stvit-inside` where the project is installed as a package, `python -m ui.start` in a checkout."""

import runpy
import sys
import sysconfig
from pathlib import Path
from threading import Thread

from ui.warm_up import warm_up

SHARE = Path(sysconfig.get_path("data")) / "share" / "stvit-inside"
"""Where the wheel puts `app.py` and, beside it, Streamlit's settings."""

CHECKOUT = Path(__file__).resolve().parents[1]
"""Where `app.py` lies otherwise; no other package has put one there if the project's settings lie beside it."""


def main() -> None:
    """Run Streamlit on the app; the words of the command line go to Streamlit.

    Streamlit would import the app once a browser has connected; here that happens while the browser still loads.
    """
    folder = CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else SHARE
    Thread(target=warm_up, name="warm-up", daemon=True).start()
    sys.argv = ["streamlit", "run", str(folder / "app.py"), *sys.argv[1:]]
    runpy.run_module("streamlit", run_name="__main__")


if __name__ == "__main__":
    main()
