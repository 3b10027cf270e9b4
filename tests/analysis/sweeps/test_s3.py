"""Sweeps of an object store that many processes reach: a server that speaks S3, on this machine."""

import os
import signal
import subprocess
import sys
import urllib.request
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from analysis.commands.main import main
from analysis.sweeps.job import batches
from analysis.sweeps.local import run_locally
from analysis.sweeps.remote import RemotePath
from analysis.sweeps.sources import find_items
from tests.support.browser_support import free_port
from tests.support.sweep_models import noted
from tests.support.sweeps import assert_same_results, command, dataset, job, started, tables, tiny_weights, wait_for

pytestmark = pytest.mark.slow

OUT = "s3://bucket/out"


@pytest.fixture(scope="module")
def server():
    """The environment in which s3:// is a store on this machine."""
    for name in ("s3fs", "moto", "flask_cors"):
        pytest.importorskip(name, reason=f"{name} is installed with requirements-dev.txt")
    address = f"http://127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", address.rpartition(":")[2]],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    keys = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing", "AWS_DEFAULT_REGION": "us-east-1"}
    try:
        wait_for(lambda: _answers(address), process)
        yield {**keys, "FSSPEC_S3_ENDPOINT_URL": address}
    finally:
        process.terminate()
        process.wait()


def _answers(address: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(address, timeout=5):
        return True
    return False


def stored(server, *words: str) -> str:
    """Run a line of Python with a store in it, in a process of its own, and return what it prints."""
    code = f"import fsspec; store = fsspec.filesystem('s3'); {words[0]}"
    told = [sys.executable, "-c", code, *words[1:]]
    return subprocess.run(told, env={**os.environ, **server}, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def bucket(server, tmp_path):
    """A bucket with the dataset, and the same dataset on disk."""
    data = dataset(tmp_path / "data", 10)
    (data / "class0" / "torn.png").write_bytes(b"no picture")
    code = (
        "import sys; store.mkdir('bucket') if not store.exists('bucket') else store.rm('bucket/out', recursive=True) "
    )
    code += "if store.exists('bucket/out') else None; store.put(sys.argv[1] + '/', 'bucket/data', recursive=True)"
    stored(server, code, str(data))
    return data


def test_a_killed_driver_loses_and_doubles_nothing(bucket, server, tmp_path):
    weights = tiny_weights(tmp_path / "tiny.safetensors")
    assert main(command(bucket, weights, tmp_path / "expected", "--workers", "0")) == 0
    words = command("s3://bucket/data", weights, OUT, "--workers", "1")
    process = started(words, **server)
    wait_for(lambda: int(stored(server, "print(len(store.find('bucket/out/pictures')))")), process, 240)
    process.kill()
    process.communicate(timeout=60)
    assert "sweep.json" not in stored(server, "print(store.find('bucket/out'))")
    process = started(words, **server)
    _, said = process.communicate(timeout=240)
    assert process.returncode == 0, said
    stored(server, "import sys; store.get('bucket/out', sys.argv[1], recursive=True)", str(tmp_path / "found"))
    assert_same_results(tmp_path / "found", tmp_path / "expected")
    assert len(tables(tmp_path / "found")) == 10
    assert (tmp_path / "found" / "errors.csv").read_text().count("torn.png") == 1


def test_a_killed_worker_is_replaced(bucket, server, tmp_path, monkeypatch):
    for name, value in server.items():
        monkeypatch.setenv(name, value)  # for the workers
    weights = tiny_weights(tmp_path / "tiny.safetensors")
    (tmp_path / "pids").mkdir()
    told = job(weights, RemotePath(OUT) / "pictures", load=partial(noted, weights, tmp_path / "pids"))
    items, _ = find_items([str(bucket)], None)
    reports = []
    for found in run_locally(told, batches(items, 2), 1):
        if not reports:
            os.kill(int(next((tmp_path / "pids").iterdir()).name), signal.SIGKILL)
        reports += found
    assert len(list((tmp_path / "pids").iterdir())) == 2
    assert sorted(report.name for report in reports) == sorted(item.name for item in items)
    assert [Path(report.name).name for report in reports if report.error] == ["torn.png"]
    assert int(stored(server, "print(len(store.find('bucket/out/pictures')))")) == 10


def test_a_bucket_that_is_not_there_is_one_sentence(server, tmp_path):
    weights = tiny_weights(tmp_path / "tiny.safetensors")
    for data, out, sentence in (
        ("s3://elsewhere/data", OUT, "There is no s3://elsewhere/data; check the path."),
        (str(dataset(tmp_path / "data", 1)), "s3://elsewhere/out", "There is no s3://elsewhere/out/pictures/"),
    ):
        process = started(command(data, weights, out, "--workers", "0"), **server)
        _, said = process.communicate(timeout=120)
        assert process.returncode == 1
        assert said.splitlines()[-1].startswith(sentence), said
        assert "Traceback" not in said
