"""What browser tests share: Chromium, the real app served on a free port, and how to wait for either.

A machine may be busy: nothing is asserted after a fixed time that could come later, but by `eventually`.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT

START_SECONDS = 120
PATIENCE = 300_000
"""Milliseconds to wait for a page where a machine is busy."""

STILL = 1000
"""Milliseconds without a run of the script after which nothing more is expected of a choice."""

QUIET = ".stApp[data-test-script-state=notRunning]"
"""Selects the app while its script does not run."""

ENOUGH = 60
"""Seconds after which what has not come to be will not."""

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


def chromium_path() -> str:
    """Return where Chromium is; without one the test skips, or fails where browsers are required."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    reason = "no Chromium is installed (Debian: apt-get install chromium)"
    if os.environ.get("STVIT_REQUIRE_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served_app(log: Path, script: str | None = None) -> Iterator[str]:
    """Start the app as people do, or another script, and yield its address; the log holds what it printed."""
    port = free_port()
    program = ["ui.start"] if script is None else ["streamlit", "run", script]
    options = ["--server.port", str(port), "--server.headless", "true", "--server.address", "127.0.0.1"]
    command = [sys.executable, "-m", *program, *options]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_healthy(address, process, log)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_until_healthy(address: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"the app did not start within {START_SECONDS} s:\n{log.read_text()[-2000:]}")


STOOD_STILL = """(still) => {
  const [now, app] = [performance.now(), document.querySelector(".stApp")];
  window.stillSince = app?.dataset.testScriptState === "notRunning" ? (window.stillSince ?? now) : null;
  return window.stillSince !== null && now - window.stillSince >= still;
}"""


def settle(page: Any) -> None:
    """Wait until the app has drawn a page, and its script has not run for a second.

    Between a click and the run that it causes, the script does not run either, so that one look is no proof.
    """
    page.get_by_text("Replay-verified").first.wait_for(state="attached")
    page.evaluate("window.stillSince = null")
    page.wait_for_function(STOOD_STILL, arg=STILL)


def eventually(page: Any, read: Callable[[], Any], expected: Any) -> None:
    """Assert that something comes to equal what is expected, or to fulfil it where that is a function."""
    fulfilled = expected if callable(expected) else lambda found: found == expected
    deadline = time.monotonic() + ENOUGH
    while not fulfilled(found := read()):
        assert time.monotonic() < deadline, f"still {found!r}, not {expected!r}"
        page.wait_for_timeout(100)
