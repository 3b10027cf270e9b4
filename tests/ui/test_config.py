"""The app as it starts on a machine that never saw it: for this machine only, without questions and foreign hosts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.browser_support import free_port
from tests.support.paths import ROOT

READ = """
from streamlit import config
names = ("server.address", "server.showEmailPrompt", "browser.gatherUsageStats", "server.maxUploadSize")
print(*(config.get_option(name) for name in names), config.get_option("server.maxCacheDataSize"))
"""

WATCHED = """
import socket

connect = socket.socket.connect

def watched(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
        print("FOREIGN", address, flush=True)
    return connect(self, address)

def looked_up(host, *rest, **more):
    if host not in ("localhost", "127.0.0.1", "::1", None):
        print("FOREIGN", host, flush=True)
    return lookup(host, *rest, **more)

lookup, socket.getaddrinfo, socket.socket.connect = socket.getaddrinfo, looked_up, watched
from ui.start import main
main()
"""


def on_a_fresh_machine(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STREAMLIT_")}
    return kept | {"HOME": str(home), "USERPROFILE": str(home)}


def test_the_settings_are_read(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", READ],
        cwd=ROOT,
        env=on_a_fresh_machine(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["localhost", "False", "False", "500", "512mb"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="who listens where is read from Linux's /proc")
@pytest.mark.parametrize("headless", ["true", "false"])
def test_a_first_start_asks_nobody_and_listens_here_only(tmp_path, headless):
    port = str(free_port())
    words = ["--server.port", port, "--server.headless", headless]
    env = on_a_fresh_machine(tmp_path) | {"BROWSER": "true"}
    process = subprocess.Popen(
        [sys.executable, "-c", WATCHED, *words],
        cwd=ROOT,
        env=env,
        stdin=subprocess.PIPE,  # stays open: a prompt would wait
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if "URL:" in line:
                break
        listening = subprocess.run(
            [sys.executable, "-c", LISTENERS, port], capture_output=True, text=True, check=True
        ).stdout.split()
    finally:
        process.terminate()
        rest, _ = process.communicate(timeout=60)
    words = "".join(said) + rest
    assert f"http://localhost:{port}" in words
    assert "FOREIGN" not in words
    assert "mail" not in words.lower()
    assert listening
    assert set(listening) <= {"127.0.0.1", "::1"}


LISTENERS = """
import sys

port, kinds = int(sys.argv[1]), {"/proc/net/tcp": 8, "/proc/net/tcp6": 32}
for path, length in kinds.items():
    for line in open(path).readlines()[1:]:
        address, state = line.split()[1], line.split()[3]
        host, _, number = address.partition(":")
        if state == "0A" and int(number, 16) == port:
            known = {"0100007F": "127.0.0.1", "00000000000000000000000001000000": "::1"}
            print(known.get(host, host))
"""
