import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import MagicMock

import pytest
import torch

from stvit import CONFIGS
from tests.support.paths import ROOT
from tests.support.training_data import TINY_MODEL, tiny_cache, tiny_config
from training.checkpoint import LAST, load_checkpoint, save_checkpoint
from training.loop import METRICS, Trainer
from training.metrics import MetricsLog, read_metrics


@pytest.fixture(autouse=True)
def _tiny_model(monkeypatch):
    monkeypatch.setitem(CONFIGS, "stvit_tiny", TINY_MODEL)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def trainer(out, **changes):
    return Trainer(tiny_config(**changes), tiny_cache(), tiny_cache(3, seed=1), out, progress_bar=False)


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """Return the folder of a run without interruption."""
    out = tmp_path_factory.mktemp("straight")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CONFIGS, "stvit_tiny", TINY_MODEL)
        trainer(out).run()
    return out


def assert_same(first, second, path="state"):
    """Assert that two nested states are bitwise the same, clocks apart."""
    assert type(first) is type(second), path
    if isinstance(first, dict):
        assert first.keys() == second.keys(), path
        for key in first:
            assert_same(first[key], second[key], f"{path}.{key}")
    elif isinstance(first, list | tuple):
        assert len(first) == len(second), path
        for index, (one, other) in enumerate(zip(first, second, strict=True)):
            if path != "state.progress" or index == 0:  # the second entry is time
                assert_same(one, other, f"{path}[{index}]")
    elif isinstance(first, torch.Tensor):
        assert first.dtype == second.dtype, path
        assert torch.equal(first, second), path
    else:
        assert first == second, path


def final_state(out):
    state = load_checkpoint(out / LAST)
    for generators in state["random"]:
        del generators["python"]  # beartype, which checks shapes under pytest only, draws from it
    return state


def assert_same_runs(first, second):
    assert_same(final_state(first), final_state(second))
    rows = [
        [{key: value for key, value in row.items() if key != "seconds"} for row in read_metrics(out / METRICS)]
        for out in (first, second)
    ]
    assert rows[0] == rows[1]


def run_elsewhere(out, moment, number, launcher=()):
    """Run or resume the tiny recipe in another process, which may be killed at a moment; return how it ended."""
    command = [
        sys.executable,
        *launcher,
        str(ROOT / "tests" / "support" / "training_kill.py"),
        str(out),
        moment,
        str(number),
    ]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "ACCELERATE_USE_CPU": "true",
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.run(command, env=environment, capture_output=True, timeout=300, check=False)


def assert_ended_well(process):
    assert process.returncode == 0, process.stderr.decode()


@pytest.mark.parametrize(
    ("moment", "number", "steps_saved"),
    [
        ("step", 4, 2),  # between two checkpoints of the first epoch
        ("step", 11, 10),  # in the second epoch, at another size
        ("write", 5, 6),  # in the middle of a checkpoint; the one before counts
    ],
)
def test_a_killed_run_resumes_to_the_same_bits(tmp_path, straight, moment, number, steps_saved):
    result = run_elsewhere(tmp_path, moment, number)
    assert result.returncode == -signal.SIGKILL, result.stderr.decode()
    assert load_checkpoint(tmp_path / LAST)["progress"][0] == steps_saved
    resumed = trainer(tmp_path)
    torch.manual_seed(1234)  # whatever happened in this process must not matter
    resumed.resume()
    resumed.run()
    assert_same_runs(straight, tmp_path)


@pytest.mark.slow
def test_two_processes_train_together_and_resume_to_the_same_bits(tmp_path):
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    assert_ended_well(run_elsewhere(straight, "never", 0, launcher))
    assert run_elsewhere(killed, "step", 5, launcher).returncode != 0
    assert load_checkpoint(killed / LAST)["progress"][0] < 6
    assert_ended_well(run_elsewhere(killed, "never", 0, launcher))
    assert_same_runs(straight, killed)
    state = load_checkpoint(straight / LAST)
    assert state["progress"][0] == 6  # 24 images in steps of 2 x 4, two epochs
    first, second = (generators["torch"] for generators in state["random"])
    assert not torch.equal(first, second)


def test_the_same_seed_gives_the_same_run_and_another_does_not(tmp_path, straight):
    trainer(tmp_path / "same").run()
    assert_same_runs(straight, tmp_path / "same")
    trainer(tmp_path / "other", seed=1).run()
    weights = [load_checkpoint(out / LAST)["model"]["classifier.weight"] for out in (straight, tmp_path / "other")]
    assert not torch.equal(*weights)


def test_metrics_have_a_row_per_epoch_with_size_and_validation(straight):
    rows = read_metrics(straight / METRICS)
    assert [row["epoch"] for row in rows] == [0, 1]
    assert [row["size"] for row in rows] == [32, 64]
    assert [row["steps"] for row in rows] == [6, 12]
    assert all(0 <= row["val_top1"] <= row["val_top5"] == 100 for row in rows)


def test_the_image_size_changes_within_an_epoch(tmp_path):
    run = trainer(tmp_path)
    seen = []
    advance = run._advance

    def recorded(crops, labels):
        seen.append(crops.shape[-1])
        advance(crops, labels)

    run._advance = recorded
    run.run()
    assert seen == [32] * 9 + [64] * 3  # 9 of 12 steps are the first to be 0.7 of the run


def test_evaluation_mode_freezes_statistics_and_drops_nothing(tmp_path):
    run = trainer(tmp_path, evaluation_mode=True, epochs=1, drop_path=0.5)
    before = {key: value.clone() for key, value in run.network.state_dict().items()}
    run.run()
    after = run.network.state_dict()
    for key in before:
        frozen = "running" in key or "batches_tracked" in key
        assert torch.equal(before[key], after[key]) == frozen, key
    assert not any(module.training for module in run.network.modules())


def test_stochastic_depth_changes_during_a_run(tmp_path):
    run = trainer(tmp_path, late_drop_path=(0.5, 0.6))
    seen = []
    advance = run._advance

    def recorded(crops, labels):
        seen.append(run.network.stages[3].blocks[0].drop_path.rate)
        advance(crops, labels)

    run._advance = recorded
    run.run()
    assert seen == pytest.approx([0.2] * 6 + [0.6] * 6)


def test_runs_of_pictures_on_the_device_resume_to_the_same_bits(tmp_path):
    changes = {"on_device": True, "randaugment": None}
    trainer(tmp_path / "straight", **changes).run()
    stopped = trainer(tmp_path / "stopped", **changes)
    stopped._run_one_size(MagicMock(format_dict={"rate": 1.0}))
    resumed = trainer(tmp_path / "stopped", **changes)
    resumed.resume()
    assert 0 < resumed.progress.steps < 6
    torch.manual_seed(7)
    resumed.resume()
    resumed.run()
    assert_same_runs(tmp_path / "straight", tmp_path / "stopped")


def test_checkpoints_come_as_often_as_they_are_asked_for(tmp_path):
    run = trainer(tmp_path, epochs=5, checkpoint_every=100, checkpoint_epochs=2, evaluate_every=5)
    saved = []
    run.save = lambda: saved.append(run.epoch)
    run.run()
    assert saved == [2, 4, 5]


def test_a_run_learns_the_colours(tmp_path):
    quiet = {"randaugment": None, "mixup": 0.0, "cutmix": 0.0, "erase": 0.0, "jitter": 0.0, "drop_path": 0.0}
    trainer(tmp_path, epochs=8, sizes=((0.0, 32),), evaluation_size=32, evaluate_every=8, lr=3e-3, **quiet).run()
    assert read_metrics(tmp_path / METRICS)[-1]["val_top1"] == 100


def test_a_time_budget_ends_the_run_with_a_complete_schedule(tmp_path):
    run = trainer(tmp_path, epochs=1000, time_budget=1000.0, evaluate_every=1000)
    ticks = iter(range(0, 10**6, 100))

    def count_time():
        run.progress.seconds = float(next(ticks))

    run._count_time = count_time
    run.run()
    assert run.progress.steps == 11
    rows = read_metrics(tmp_path / METRICS)
    assert "val_top1" in rows[-1]
    assert rows[-1]["size"] == 64
    assert rows[-1]["lr"] == pytest.approx(1e-5, rel=0.01)  # min_lr


def test_a_run_of_other_data_or_processes_is_not_resumed(tmp_path, straight):
    state = load_checkpoint(straight / LAST)
    run = trainer(tmp_path)
    with pytest.raises(ValueError, match="begun on 24 images of 2 classes, the data has 24 of 3"):
        run.load_state_dict(state | {"class_names": ["a", "b"]})
    with pytest.raises(ValueError, match="begun on 25 images of 3 classes, the data has 24 of 3"):
        run.load_state_dict(state | {"images": 25})
    with pytest.raises(ValueError, match="begun by 2 processes; resume it with as many, not 1"):
        run.load_state_dict(state | {"random": state["random"] * 2})


def test_splits_with_other_classes_are_refused(tmp_path):
    val = replace(tiny_cache(3), classes=("blue", "green", "violet"))
    with pytest.raises(ValueError, match="need the same classes, got 3 and 3: red, violet are in one only"):
        Trainer(tiny_config(), tiny_cache(), val, tmp_path, progress_bar=False)


def test_a_loss_that_is_no_number_stops_the_run(tmp_path):
    run = trainer(tmp_path)
    torch.nn.init.constant_(run.network.classifier.weight, torch.nan)
    with pytest.raises(FloatingPointError, match="The loss is nan by step 2; lower the learning rate"):
        run.run()


def test_other_files_are_not_taken_for_checkpoints(tmp_path):
    with pytest.raises(FileNotFoundError, match="Expected a training checkpoint"):
        load_checkpoint(tmp_path / "none.pt")
    (tmp_path / "bad.pt").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"bad\.pt' is not a file of weights"):
        load_checkpoint(tmp_path / "bad.pt")
    save_checkpoint(tmp_path / "odd.pt", {"weights": torch.zeros(1)})
    with pytest.raises(ValueError, match="holds no training_config"):
        load_checkpoint(tmp_path / "odd.pt")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full (Linux)")
def test_a_full_disk_leaves_the_previous_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / LAST
    save_checkpoint(path, {"training_config": "old"})
    real_open = Path.open
    monkeypatch.setattr(Path, "open", lambda self, mode: real_open(Path("/dev/full"), mode.replace("x", "w")))
    with pytest.raises(OSError, match=r"The disk is full: last\.pt .* free some space, then resume"):
        save_checkpoint(path, {"training_config": "new", "weights": torch.zeros(10**5)})
    monkeypatch.undo()
    assert load_checkpoint(path)["training_config"] == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == [LAST]


def test_a_metrics_line_cut_short_by_a_kill_is_dropped(tmp_path):
    path = tmp_path / METRICS
    path.write_text('{"epoch": 0}\n{"epoch": 1}\n{"epo')
    MetricsLog(path, 1).write({"epoch": 1, "again": True})
    assert read_metrics(path) == [{"epoch": 0}, {"epoch": 1, "again": True}]
