"""SIGKILL of the driver, of a worker and of a Ray actor, and Ctrl-C: nothing is lost, nothing is doubled."""

import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from analysis.commands.interrupts import SENTENCE, STATUS
from analysis.commands.main import main
from analysis.sweeps.job import SweepError, batches
from analysis.sweeps.local import KILLED, run_locally
from analysis.sweeps.sources import find_items
from analysis.sweeps.store import SweepStore
from tests.support.sweep_models import deadly, noted, stillborn
from tests.support.sweeps import (
    assert_same_results,
    command,
    dataset,
    job,
    picture,
    started,
    tables,
    tiny_weights,
    wait_for,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def weights(tmp_path):
    return tiny_weights(tmp_path / "tiny.safetensors")


@pytest.fixture
def data(tmp_path):
    return dataset(tmp_path / "data", 10)


@pytest.fixture
def expected(data, weights, tmp_path):
    assert main(command(data, weights, tmp_path / "expected", "--workers", "0")) == 0
    return tmp_path / "expected"


def finished_later(data, weights, out, *more) -> None:
    assert main(command(data, weights, out, "--workers", "0", *more)) == 0


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_killed_driver_loses_and_doubles_nothing(data, weights, expected, tmp_path, workers):
    out = tmp_path / "out"
    process = started(command(data, weights, out, "--workers", workers))
    wait_for(lambda: tables(out), process)
    process.kill()
    process.communicate(timeout=60)  # its workers hold the same pipes: they end by themselves
    assert not list(out.glob("ledger-*"))
    finished_later(data, weights, out)
    assert_same_results(out, expected)


def test_ctrl_c_says_what_is_kept(data, weights, expected, tmp_path):
    out = tmp_path / "out"
    process = started(command(data, weights, out, "--workers", "1"))
    wait_for(lambda: tables(out), process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == STATUS
    assert said.strip().splitlines()[-1] == SENTENCE
    assert "Traceback" not in said
    finished_later(data, weights, out)
    assert_same_results(out, expected)


def test_a_killed_worker_is_replaced(data, weights, tmp_path):
    (tmp_path / "pids").mkdir()
    told = job(weights, tmp_path / "out", load=partial(noted, weights, tmp_path / "pids"))
    items, _ = find_items([str(data)], tmp_path / "out")
    reports, killed = [], []
    for found in run_locally(told, batches(items, 2), 1):
        reports += found
        if not killed:
            killed = [int(path.name) for path in (tmp_path / "pids").iterdir()]
            os.kill(killed[0], signal.SIGKILL)
    assert len(list((tmp_path / "pids").iterdir())) == 2
    assert sorted(report.name for report in reports) == sorted(item.name for item in items)
    assert not any(report.error for report in reports)
    store = SweepStore(told.folder, told.key)
    assert all(store.has(report.digest) for report in reports)
    assert len(tables(tmp_path)) + len(list(told.folder.glob("*/*.parquet"))) == len(items)


def test_a_picture_that_kills_its_workers_is_given_up_alone(weights, tmp_path):
    data = dataset(tmp_path / "data", 3)
    from PIL import Image

    Image.new("RGB", (64, 64), "white").save(data / "class0" / "white.png")
    told = job(weights, tmp_path / "out", load=partial(deadly, weights))
    items, _ = find_items([str(data)], tmp_path / "out")
    reports = [report for found in run_locally(told, batches(items, 4), 1) for report in found]
    assert {Path(report.name).name: report.error for report in reports} == {
        "0.png": "",
        "1.png": "",
        "2.png": "",
        "white.png": KILLED,
    }


def test_workers_that_die_before_they_begin_end_the_sweep(weights, tmp_path):
    data = dataset(tmp_path / "data", 1)
    items, _ = find_items([str(data)], tmp_path / "out")
    with pytest.raises(SweepError, match="die before they begin"):
        list(run_locally(job(weights, tmp_path / "out", load=stillborn), batches(items, 1), 1))


def test_what_ends_a_worker_ends_the_sweep_in_its_sentence(weights, tmp_path):
    data = dataset(tmp_path / "data", 1)
    items, _ = find_items([str(data)], tmp_path / "out")
    (tmp_path / "out").write_text("a file where the folder should be")
    with pytest.raises(SweepError, match="out"):
        list(run_locally(job(weights, tmp_path / "out"), batches(items, 1), 1))


# ---------------------------------------------------------------- Ray


def actors(marker: str) -> list[int]:
    """Return the processes of Ray actors that were started with a mark in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            title, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:
            continue
        if title.startswith(b"ray::MapWorker") and marker.encode() in environment:
            found.append(int(process.name))
    return found


def test_ray_gives_the_same_tables_and_a_killed_actor_changes_nothing(data, weights, expected, tmp_path):
    pytest.importorskip("ray", reason="Ray is installed with requirements-dev.txt")
    picture(data / "class0" / "torn.png", 1).write_bytes(b"no picture")
    out, marker = tmp_path / "out", f"SWEEP_TEST={tmp_path.name}-{time.time()}"
    arguments = command(data, weights, out, "--engine", "ray", "--workers", "1")
    process = started(arguments, SWEEP_TEST=marker.partition("=")[2])
    wait_for(lambda: tables(out), process, 240)
    killed = actors(marker)
    for actor in killed:
        os.kill(actor, signal.SIGKILL)
    _, said = process.communicate(timeout=240)
    assert process.returncode == 0, said
    assert len(killed) == 1
    assert_same_results(out, expected)
    assert (out / "errors.csv").read_text().count("torn.png") == 1
