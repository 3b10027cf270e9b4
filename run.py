"""Set everything up in .venv and run the app or the tests; needs nothing but Python 3.11 or newer.

python3 run.py app     starts the app and opens the browser
python3 run.py test    checks style and types and runs all tests

Further words go to Streamlit or pytest: python3 run.py test -k association
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
REQUIREMENTS = {"app": "requirements.txt", "test": "requirements-dev.txt"}
CHECKS = [
    ("ruff", "format", "--check", "."),
    ("ruff", "check", "."),
    ("mypy",),
    ("oxfmt", "--check", "."),
    ("oxlint", "."),
    ("codespell",),
    ("zensical", "build", "--strict"),
]
"""Programs that look at the sources: Python, JavaScript and style sheets, spelling, the links of the site."""


def main(arguments: list[str]) -> int:
    """Run one of the two commands and return its exit status."""
    if not arguments or arguments[0] not in REQUIREMENTS:
        print(__doc__)
        return 2
    if sys.version_info < (3, 11):  # noqa: UP036  # this file runs before anything has checked the version
        print(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}; start run.py with a newer one.")
        return 2
    command, rest = arguments[0], arguments[1:]
    install(REQUIREMENTS[command])
    return start_app(rest) if command == "app" else run_tests(rest)


def install(requirements: str) -> None:
    """Create the environment and install into it, unless that was already done for exactly these requirements."""
    wanted = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in sorted({*REQUIREMENTS.values()})))
    stamp = ENVIRONMENT / f"installed-{requirements}"
    if stamp.exists() and stamp.read_text() == wanted.hexdigest():
        return
    if not PYTHON.exists():
        make_environment()
    print(f"Installing {requirements} (once; some minutes) ...", flush=True)
    run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements)
    stamp.write_text(wanted.hexdigest())


def make_environment() -> None:
    """Create the environment, or leave nothing: the next run would take a part of one for a whole one."""
    print("Making the environment .venv ...", flush=True)
    try:
        venv.create(ENVIRONMENT, with_pip=True)
    except BaseException as error:
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        if isinstance(error, subprocess.CalledProcessError):
            raise SystemExit(
                "This Python lacks ensurepip; on Debian and Ubuntu: apt-get install python3-venv"
            ) from None
        raise


def start_app(rest: list[str]) -> int:
    """Start the app; ends with Ctrl-C."""
    try:
        return run("python", "-m", "ui.start", *rest, check=False)
    except KeyboardInterrupt:
        return 0


def run_tests(rest: list[str]) -> int:
    """Check format, style and types, then run the tests; stop at the first that fails."""
    for check in CHECKS:
        status = run(*check, check=False)
        if status:
            return status
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers with a thread each; more would wait for each other
    return run("python", "-m", "pytest", *(rest or ("-n", "2")), check=False)


def run(*words: str, check: bool = True) -> int:
    """Run a program of the environment in the project's folder."""
    program, *arguments = words
    status = subprocess.run([str(PYTHON.parent / program), *arguments], cwd=ROOT, check=False).returncode
    if check and status:
        raise SystemExit(f"{' '.join(words)} failed (status {status}); its message is above.")
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
