"""A sweep joins a Ray cluster that is running already, started in another folder, and leaves it running."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from analysis.commands.main import main
from tests.support.paths import ROOT
from tests.support.sweeps import assert_same_results, command, dataset, started, tiny_weights

pytestmark = pytest.mark.slow


@contextmanager
def cluster(folder):
    """Start a cluster in a folder, and stop it in every case."""
    pytest.importorskip("ray", reason="Ray is installed with requirements-dev.txt")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.scripts.ray_cluster"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RAY_DISABLE_IMPORT_WARNING": "1"},  # as if installed there
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield process.stdout.readline().strip()
    finally:
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def test_a_cluster_gives_the_tables_of_this_machine_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data, weights = dataset(tmp_path / "data", 6), tiny_weights(tmp_path / "tiny.safetensors")
    assert main(command(data, weights, tmp_path / "expected", "--workers", "0")) == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with cluster(elsewhere) as address:
        for name in ("first", "second"):  # the second finds the cluster running
            words = command(data.relative_to(tmp_path), weights.relative_to(tmp_path), name, "--engine", "ray")
            process = started([*words, "--workers", "2", "--address", address], folder=tmp_path)
            _, said = process.communicate(timeout=240)
            assert process.returncode == 0, said
            assert_same_results(tmp_path / name, tmp_path / "expected")
    assert not list(elsewhere.iterdir())


def test_where_no_cluster_is_it_says_so_in_one_sentence(tmp_path):
    pytest.importorskip("ray", reason="Ray is installed with requirements-dev.txt")
    data, weights = dataset(tmp_path / "data", 1), tiny_weights(tmp_path / "tiny.safetensors")
    words = command(data, weights, tmp_path / "out", "--engine", "ray", "--workers", "1", "--address", "127.0.0.1:9")
    process = started(words)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert said.splitlines()[-1].startswith("There is no Ray cluster at 127.0.0.1:9")
    assert "Traceback" not in said
