"""All changes on one picture: against runs of each by itself."""

import threading

import numpy as np
import pytest
import torch

from analysis.changes import CHANGES
from analysis.redundancy.watch import Watch
from analysis.relevance.weighings import weighings
from analysis.trials import all_changes, class_names_of, divergence, top_classes, trials_table, try_changes
from analysis.variants import Variant
from stvit import capture
from tests.support.tiny import tiny_model, tiny_pixels


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture(scope="module")
def pixels():
    return tiny_pixels(1, 64, 96)


def test_each_trial_is_its_own_run(model, pixels):
    shown = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    told = []
    trials = try_changes(
        model, shown, pixels, [("grid", None), ("iterations", 2)], lambda done, total, _: told.append((done, total))
    )
    assert told[-1] == (3, 3)
    runs = [capture(model, pixels), capture(model, pixels, association="grid"), capture(model, pixels, num_iters=2)]
    for trial, run in zip(trials, runs, strict=True):
        np.testing.assert_allclose(trial.probabilities, run.logits[0].double().softmax(-1), rtol=1e-6)
    before, after = (run.logits[0].double() for run in runs[:2])
    expected = torch.nn.functional.kl_div(
        after.log_softmax(-1), before.log_softmax(-1), reduction="sum", log_target=True
    )
    assert divergence(trials)[1] == pytest.approx(expected.item())
    table = trials_table(trials, class_names_of(model))
    best = top_classes(trials)
    assert best == before.argsort(descending=True)[:5].tolist()
    assert list(table.columns[3:]) == [f"class {index}" for index in best]


def test_what_progress_raises_stops_the_runs_that_have_not_begun(model, pixels, monkeypatch):
    class CancelledError(Exception):
        pass

    def cancel(done: int, total: int, words: str) -> None:
        raise CancelledError

    begun, stopped, run = [], threading.Event(), Variant.run
    monkeypatch.setattr("analysis.redundancy.parallel.PERIOD", 0.01)

    def first_waits(variant, *arguments, **options):
        begun.append(variant.title)
        assert stopped.wait(60)
        return run(variant, *arguments, **options)

    monkeypatch.setattr(Watch, "stop", lambda watch: (vars(watch).update(_stopped=True), stopped.set()))
    monkeypatch.setattr(Variant, "run", first_waits)
    shown = np.zeros((64, 96, 3), np.uint8)
    with pytest.raises(CancelledError):
        try_changes(model, shown, pixels, progress=cancel)
    assert len(begun) <= torch.get_num_threads() < len(all_changes())


def test_what_progress_raises_stops_a_run_between_two_layers(model, pixels, monkeypatch):
    reached, stopped, learned = [], threading.Event(), capture(model, pixels)
    monkeypatch.setattr("analysis.redundancy.parallel.PERIOD", 0.01)
    monkeypatch.setattr(Watch, "stop", lambda watch: (vars(watch).update(_stopped=True), stopped.set()))

    def cancel(done: int, total: int, words: str) -> None:
        if reached:
            raise KeyboardInterrupt

    def wait(*_) -> None:
        reached.append("block")
        assert stopped.wait(60)

    handles = [block.register_forward_hook(wait) for block in model.blocks().values()]
    try:
        with pytest.raises(KeyboardInterrupt):
            try_changes(
                model, np.zeros((64, 96, 3), np.uint8), pixels, [("hard", None)], cancel, learned=learned.logits
            )
    finally:
        for handle in handles:
            handle.remove()
    assert reached == ["block"]


def test_only_what_differs_is_run():
    model, pixels, run = tiny_model(num_iters=(2, 2, 2, 1)), tiny_pixels(1, 64, 96), []
    learned = capture(model, pixels)
    model.stem.register_forward_hook(lambda *_: run.append("stem"))
    model.projection.register_forward_hook(lambda *_: run.append("whole"))
    shown = np.zeros((64, 96, 3), np.uint8)
    chosen = [("hard", None), ("iterations", 2), ("iterations", 3)]
    trials = try_changes(model, shown, pixels, chosen, learned=learned.logits)
    assert sorted(run) == ["stem", "whole", "whole"]  # hard and 3 iterations; 2 are the model's own
    assert divergence(trials)[2] == 0 < min(divergence(trials)[1], divergence(trials)[3])
    again = try_changes(model, shown, pixels, chosen)
    assert [one.title for one in trials] == [one.title for one in again]
    for one, other in zip(trials, again, strict=True):
        np.testing.assert_allclose(one.probabilities, other.probabilities, rtol=1e-6)


def test_the_variant_of_a_model_that_is_its_own():
    own = tiny_model(num_iters=(2, 2, 2, 1))
    left = [one.leaves(own) for one in (Variant(""), Variant("", num_iters=2), Variant("", num_iters=1))]
    assert left == [True, True, False]
    assert not Variant("", "grid").leaves(own)
    assert not Variant("", num_iters=2).leaves(tiny_model(num_iters=(2, 3, 2, 2)))


def test_every_change_and_value_is_listed_once():
    listed = all_changes()
    assert len(set(listed)) == len(listed)
    assert {name for name, _ in listed} == set(CHANGES)


def test_classes_are_named_as_people_name_them(model):
    logits = torch.tensor([0.0, 2.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    found = weighings(model, logits, ["predicted", "attention", "1", "2"])
    assert [one.target for one in found] == [1, None, 2]  # the predicted class is class 1, which is named once
    assert found[0].probability == pytest.approx(float(logits.softmax(0)[1]))
    assert found[0].title == "class 1"
    with pytest.raises(IndexError, match="Class 7 does not exist; this model has classes 0 to 6"):
        weighings(model, logits, ["7"])
    assert weighings(model, torch.zeros(0), ["predicted"])[0].target is None
