import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from stvit import CONFIGS
from stvit.variants import TWINS
from stvit.weights.load import model_from_file
from tests.support.paths import ROOT
from tests.support.training_data import tiny_cache, write_folder
from training.batches import CropBatches
from training.checkpoint import LAST, load_checkpoint
from training.cli import main
from training.loop import METRICS, Trainer
from training.metrics import read_metrics
from training.pictures import PicturesOnDevice
from training.presets import get_preset

SHORT = ["--epochs", "2", "1", "--batch-size", "8", "--precision", "no", "--threads", "1", "--quiet"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("data") / "colours", {"train": 8, "val": 2})


def command(data, out, *flags):
    return ["twins", "--data", str(data), "--out", str(out), *SHORT, *flags]


def start(data, out, *flags):
    environment = os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    arguments = [sys.executable, "-m", "training", *command(data, out, *flags)]
    return subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.slow
def test_one_command_trains_the_twins_and_goes_on_where_it_was_stopped(data, tmp_path):
    out = tmp_path / "runs" / "twins"
    stopped = start(data, out, "--only", "twin_super", "twin_conv", "--checkpoint-every", "1")
    deadline = time.monotonic() + 120
    while not (out / "twin_super" / "twins" / "last.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    stopped.send_signal(signal.SIGINT)
    _, said = stopped.communicate(timeout=60)
    assert stopped.returncode == 130
    assert said.decode().count("\n") == 1
    assert "interrupted; a training continues with --resume, twins with the same command" in said.decode()
    again = start(data, out, "--only", "twin_super", "twin_conv")
    printed, said = again.communicate(timeout=240)
    assert again.returncode == 0, said.decode()
    assert printed.decode().count("% top-1 on whole images of 128 px after 2 + 1 epochs") == 2
    for name in ("twin_super", "twin_conv"):
        model = model_from_file(out / f"{name}.safetensors")
        assert model.config.mixers == CONFIGS[name].mixers
        assert [row["epoch"] for row in read_metrics(out / name / "twins" / METRICS)] == [0, 1]
        assert [row["epoch"] for row in read_metrics(out / name / "twins_continued" / METRICS)] == [0]
        second = load_checkpoint(out / name / "twins_continued" / LAST)
        assert json.loads(second["training_config"])["init"] == str(out / name / "twins" / LAST)


def test_the_second_phase_begins_with_the_last_weights_of_the_first_not_the_averaged(tmp_path):
    changes = {"model": "twin_conv", "batch_size": 8, "precision": "no", "threads": torch.get_num_threads()}
    changes |= {"sizes": ((0.0, 32),), "evaluation_size": 32}
    first = Trainer(
        get_preset("twins", **changes, epochs=2, last_epoch=1), tiny_cache(), tiny_cache(2), tmp_path, False
    )
    first.run()
    assert first.epoch == 1
    assert [row["epoch"] for row in read_metrics(tmp_path / METRICS)] == [0]
    assert "val_top1" in read_metrics(tmp_path / METRICS)[-1]  # the last epoch has a validation
    config = get_preset("twins_continued", **changes, init=str(tmp_path / LAST))
    second = Trainer(config, tiny_cache(), tiny_cache(2), tmp_path / "second", False)
    weights = [run.network.classifier.weight for run in (first, second)]
    assert torch.equal(*weights)
    assert not torch.equal(weights[1], first.averaged.module.classifier.weight)


def test_a_twin_that_fails_is_named_with_its_reason(data, tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        main(
            [
                "twins",
                "--data",
                str(data),
                "--out",
                str(tmp_path / "t"),
                "--batch-size",
                "100",
                "--quiet",
                "--only",
                TWINS[3],
            ]
        )
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert "Training twin_conv failed (24 training images do not fill a batch of 100" in said
    assert said.count("\n") == 1


def test_all_twins_see_the_same_pictures_crops_and_order():
    pictures = PicturesOnDevice(tiny_cache(), torch.device("cpu"))
    batches = [CropBatches(pictures, get_preset("twins", model=name, batch_size=8), 3, 64) for name in TWINS]
    first, *others = ([part[step] for step in range(3)] for part in batches)
    for other in others:
        for (crops, labels), (same, same_labels) in zip(first, other, strict=True):
            assert torch.equal(crops, same)
            assert torch.equal(labels, same_labels)


def test_what_the_network_of_a_twin_sees_does_not_depend_on_which_twin_it_is(tmp_path):
    seen = {}
    for name in ("twin_super", "twin_conv"):
        changes = {"epochs": 1, "batch_size": 8, "precision": "no", "threads": torch.get_num_threads()}
        config = get_preset("twins", model=name, sizes=((0.0, 32),), evaluation_size=32, **changes)
        run = Trainer(config, tiny_cache(), tiny_cache(2), tmp_path / name, progress_bar=False)
        pixels = seen.setdefault(name, [])
        run.network.register_forward_pre_hook(lambda _, inputs, pixels=pixels: pixels.append(inputs[0].clone()))
        run.run()
    assert len(seen["twin_super"]) == 3
    assert all(torch.equal(one, other) for one, other in zip(*seen.values(), strict=True))
