"""Ctrl-C while commands outside `analysis` load or work: no traceback."""

import signal
import subprocess
import sys
import time

import pytest

from stvit.convert import main
from tests.support.paths import ROOT

START = """
import runpy, sys
module = sys.argv.pop(1)
print("started", flush=True)
sys.argv[0] = "-m"
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""

COMMANDS = {
    "stvit.convert": ("{none}", "--out", "{out}"),
    "training": ("evaluate", "demo", "--data", "{none}"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("seconds", [0.3, 1.0, 1.7, 2.5])
@pytest.mark.parametrize("module", COMMANDS)
def test_ctrl_c_makes_no_traceback(tmp_path, module, seconds):
    words = [word.format(none=tmp_path / "none", out=tmp_path / "out.safetensors") for word in COMMANDS[module]]
    command = [sys.executable, "-c", START, module, *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "started\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=120)[1]
    assert "Traceback" not in said
    assert len(said.splitlines()) <= 1, said
    assert process.returncode != 0
    assert not list(tmp_path.iterdir())


def test_convert_is_interrupted_in_one_sentence(tmp_path, monkeypatch, capsys):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("stvit.convert.convert", interrupted)
    assert main([str(tmp_path / "a.pth")]) == 130
    assert capsys.readouterr().err == "Interrupted; nothing was written.\n"
