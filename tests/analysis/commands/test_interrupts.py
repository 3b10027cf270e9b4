"""Ctrl-C at any time of any command: one sentence, status 130, no traceback, no partial file."""

import signal
import subprocess
import sys
import time

import pytest
from PIL import Image

from analysis.commands import interrupts
from stvit.images.samples import sample_images
from tests.support.paths import ROOT

START = """
import runpy, signal, sys
from analysis.commands.interrupts import install
install()
print("started", flush=True)
sys.argv[0] = "analysis"
runpy.run_module("analysis", run_name="__main__", alter_sys=True)
"""

COMMANDS = {  # at a size that keeps any machine busy for longer than the longest delay
    "measure": "measure {picture} --out {out}/results --random stvit_small --size 1024",
    "export": "export redundancy {picture} --random stvit_small --size 1024 --out {out}/results.pdf",
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.5, 1.5, 3.0, 5.0])
@pytest.mark.parametrize("name", COMMANDS)
def test_ctrl_c_is_one_sentence(tmp_path, name, seconds):
    picture = tmp_path / "picture.png"

    Image.fromarray(sample_images()["cat"]().array).save(picture)
    words = COMMANDS[name].format(picture=picture, out=tmp_path).split()
    command = [sys.executable, "-c", START, *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "started\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=120)[1]
    assert said == f"{interrupts.SENTENCE}\n"
    assert process.returncode == interrupts.STATUS
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_amid_the_work_is_one_sentence(tmp_path):
    picture, out = tmp_path / "picture.png", tmp_path / "results"
    Image.fromarray(sample_images()["cat"]().array).save(picture)
    words = ["measure", str(picture), "--out", str(out), "--random", "stvit_small", "--size", "512"]
    command = [sys.executable, "-c", START, *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not out.exists() and process.poll() is None:  # it is made right before the first picture
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=300)[1]
    assert said == f"{interrupts.SENTENCE}\n"
    assert process.returncode == interrupts.STATUS
    assert not list(out.iterdir())


def test_who_started_the_command_can_have_ctrl_c_ignored(monkeypatch):
    set_to = []
    monkeypatch.setattr(interrupts.signal, "getsignal", lambda number: signal.SIG_IGN)
    monkeypatch.setattr(interrupts.signal, "signal", lambda number, handler: set_to.append(handler))
    interrupts.install()
    assert set_to == []
