"""Start the app where the project is installed as a package: `stvit-inside`."""

import subprocess
import sys
import sysconfig
from pathlib import Path

SHARE = Path(sysconfig.get_path("data")) / "share" / "stvit-inside"
"""Where the wheel puts `app.py` and, beside it, Streamlit's settings."""


def main() -> int:
    """Run Streamlit on the installed app; the words of the command line go to Streamlit."""
    return subprocess.run([sys.executable, "-m", "streamlit", "run", str(SHARE / "app.py"), *sys.argv[1:]]).returncode
