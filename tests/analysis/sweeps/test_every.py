"""Sweeps of every N-th picture."""

import json

from analysis.commands.main import main
from analysis.sweeps.sources import find_items
from tests.support.sweeps import command, dataset, results, tiny_weights


def test_every_nth_picture_is_measured_and_kept_for_a_finer_sweep(tmp_path, capsys):
    data, weights = dataset(tmp_path / "data", 7), tiny_weights(tmp_path / "tiny.safetensors")
    listed = [item.name.rpartition("/")[2] for item in find_items([str(data)], tmp_path / "out")[0]]
    for every, before in ((4, None), (2, 2)):
        assert main(command(data, weights, tmp_path / "out", "--workers", "0", "--every", str(every))) == 0
        said = capsys.readouterr().out
        assert (f"{before} of 4 pictures were measured before" in said) == (before is not None)
        _, pictures = results(tmp_path / "out")
        assert sorted(pictures["image"]) == sorted(listed[::every])
        assert pictures["correct"].notna().all()  # classes are those of the whole listing
        assert json.loads((tmp_path / "out" / "sweep.json").read_bytes())["every"] == every


def test_every_needs_a_number_from_one(tmp_path, capsys):
    data, weights = dataset(tmp_path / "data", 2), tiny_weights(tmp_path / "tiny.safetensors")
    assert main(command(data, weights, tmp_path / "out", "--every", "0")) == 1
    assert "needs an N of at least 1, got 0" in capsys.readouterr().err
