"""Weights as people have them: wrapped, prefixed, averaged, beside other things."""

import argparse
import datetime
import decimal
import pathlib

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from stvit import STViT, load_weights
from stvit.weights import WeightsError, read_checkpoint
from stvit.weights.files import read_weights
from stvit.weights.stand_ins import StandIn
from stvit.weights.state_dicts import MAX_TENSORS
from tests.support.loading import assert_same, refused
from tests.support.released_state import released_state
from tests.support.tiny import tiny_model

RAW = ["model", "state_dict", "model_state_dict", "net", "network", "module", "backbone", "student"]
AVERAGED = ["averaged", "model_ema", "state_dict_ema", "ema_state_dict", "ema_model", "ema"]


@pytest.fixture(scope="module")
def source() -> STViT:
    return tiny_model()


def notes(source: STViT, given: object) -> str:
    """Load into a fresh model, check that every weight arrived, and return what the report says beside that."""
    model = tiny_model()
    report = load_weights(model, given)
    assert_same(model, source.state_dict())
    assert str(report).endswith(" ".join(report.notes))
    return " ".join(report.notes)


def prefixed(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + key: value for key, value in state.items()}


# ---------------------------------------------------------------- wrappers and prefixes


@pytest.mark.parametrize("wrapper", [*RAW, *AVERAGED])
def test_a_wrapper_is_opened_and_averaged_weights_are_named(source, wrapper):
    said = notes(source, {wrapper: source.state_dict(), "epoch": 3, "optimizer": {"state": {}}})
    assert said == (f"Took the averaged weights under '{wrapper}'." if wrapper in AVERAGED else "")


PREFIXES = ["model.", "module.", "backbone.", "net.", "encoder.", "model.backbone.", "_orig_mod."]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("released", [False, True])
def test_a_prefix_is_taken_off(source, prefix, released):
    state = released_state(source) if released else source.state_dict()
    assert notes(source, {"state_dict": prefixed(prefix, state)}) == ""


@pytest.mark.parametrize("inner", ["_orig_mod", "module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"])
def test_names_that_wrappers_put_inside_keys_are_taken_out(source, inner):
    state = {key.replace("blocks.0.", f"blocks.0.{inner}."): value for key, value in source.state_dict().items()}
    assert any(inner in key for key in state)
    assert notes(source, state) == ""


def test_a_compiled_and_averaged_model_loads(source):
    averaged = torch.optim.swa_utils.AveragedModel(nn.Sequential(source)).state_dict()
    state = {key.replace("module.0.", "module._orig_mod."): value for key, value in averaged.items()}
    assert notes(source, state) == "These are averaged weights."


@pytest.mark.parametrize("average", ["model_ema", "state_dict_ema", "ema"])
@pytest.mark.parametrize("flat", [False, True])
def test_raw_weights_are_taken_and_said(source, average, flat):
    other = tiny_model().state_dict()
    given = {"model": source.state_dict(), average: {"module": other}}
    if flat:
        given = prefixed("model.", source.state_dict()) | prefixed(f"{average}.module.", other)
    assert notes(source, given) == f"Took the raw weights under 'model', not those under '{average}'."


def test_a_bare_model_beside_its_average_is_said(source):
    given = source.state_dict() | prefixed("ema_model.", tiny_model().state_dict())
    assert notes(source, given) == "Took the raw weights under '(no prefix)', not those under 'ema_model'."


def test_averaged_weights_of_our_runs_are_taken_and_said(source):
    given = {"model": tiny_model().state_dict(), "averaged": source.state_dict()}
    assert notes(source, given) == "Took the averaged weights under 'averaged', not those under 'model'."


def test_an_unusual_name_is_opened_and_said_where_it_is_the_only_one(source):
    given = {"my weights": source.state_dict(), "epoch": 3}
    assert notes(source, given) == "Took the weights under 'my weights'."


def test_a_teacher_alone_is_said(source):
    assert notes(source, {"teacher": source.state_dict()}) == "Took the weights under 'teacher'."


@pytest.mark.parametrize("flat", [False, True])
def test_a_student_and_a_teacher_are_two_models(source, flat):
    given = {"student": source.state_dict(), "teacher": tiny_model().state_dict()}
    if flat:
        given = prefixed("student.", given["student"]) | prefixed("teacher.", given["teacher"])
    assert "a student and a teacher, which are two models; save one of them" in str(refused(tiny_model(), given))


def test_two_models_of_unusual_names_are_named(source):
    error = refused(tiny_model(), {"left": source.state_dict(), "right": source.state_dict()})
    assert "holds several models ('left', 'right'); save one of them" in str(error)


def test_other_networks_beside_the_model_are_left_aside_and_said(source):
    given = prefixed("model.", source.state_dict()) | {"criterion.weight": torch.ones(2)}
    assert notes(source, given) == "Ignored 1 tensor outside 'model.': criterion.weight."


def test_settings_under_a_usual_name_are_not_taken_for_weights(source):
    assert "'state_dict'" not in notes(source, {"model": {"name": "stvit"}, "state_dict": source.state_dict()})


def test_a_key_that_comes_twice_is_refused(source):
    state = source.state_dict()
    error = refused(tiny_model(), {**state, "_orig_mod.stem.0.weight": state["stem.0.weight"]})
    assert "holds 'stem.0.weight' twice" in str(error)


def test_mappings_that_hold_each_other_end():
    inner: dict = {}
    inner |= {f"{number}": inner for number in range(1000)} | {"model": inner}
    assert "expected a mapping of names to tensors" in str(refused(tiny_model(), inner))


# ---------------------------------------------------------------- what stands beside the tensors

BESIDE = {
    "date": datetime.datetime(2024, 5, 1, tzinfo=datetime.UTC),
    "day": datetime.date(2024, 5, 1),
    "took": datetime.timedelta(1),
    "folder": pathlib.Path("runs") / "first",
    "windows": pathlib.PureWindowsPath("C:/runs"),
    "best": np.float64(83.6),
    "seed": np.int64(3),
    "curve": np.arange(3.0),
    "price": decimal.Decimal("1.5"),
}


@pytest.mark.parametrize("name", BESIDE)
@pytest.mark.parametrize("zipped", [True, False])
def test_plain_things_beside_the_tensors_do_not_matter(source, tmp_path, name, zipped):
    given = {"model": source.state_dict(), name: BESIDE[name], "args": argparse.Namespace(value=BESIDE[name])}
    torch.save(given, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    assert notes(source, tmp_path / "a.pth") == ""
    assert isinstance(read_checkpoint(tmp_path / "a.pth")[name], StandIn)


def test_plain_things_among_the_tensors_are_said(source, tmp_path):
    torch.save({**source.state_dict(), **BESIDE, "epoch": 3}, tmp_path / "a.pth")
    assert notes(source, tmp_path / "a.pth").startswith("Ignored what is not a tensor: 'date', 'day', 'took'")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (np.ones(7), "a NumPy value"),
        (BESIDE["date"], "a date"),
        (BESIDE["folder"], "a path"),
        ([1.0], "a list"),
        (1, "an int"),
    ],
)
def test_what_stands_for_a_weight_is_named_for_what_it_is(source, tmp_path, value, kind):
    torch.save({**source.state_dict(), "classifier.bias": value}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=f"holds {kind} under 'classifier.bias'; expected a mapping of names"):
        read_weights(tmp_path / "a.pth")


def test_nothing_beside_the_tensors_is_built(source, tmp_path):
    torch.save({"model": source.state_dict(), "x": BESIDE["folder"]}, tmp_path / "a.pth")
    found = read_checkpoint(tmp_path / "a.pth")["x"]
    assert type(found).__mro__[1:] == (StandIn, object)
    assert vars(found) == {}


# ---------------------------------------------------------------- tensors that cannot be weights


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.filterwarnings("ignore:.*quantize")
@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: torch.ones(7).to_sparse(), "a sparse tensor"),
        (lambda: torch.nested.nested_tensor([torch.ones(3), torch.ones(4)]), "a nested tensor"),
        (lambda: torch.quantize_per_tensor(torch.ones(7), 0.1, 0, torch.qint8), "a quantised tensor"),
        (lambda: torch.nn.UninitializedParameter(), "a parameter without a shape"),
    ],
)
def test_tensors_of_other_kinds_are_named(source, make, kind):
    error = refused(tiny_model(), {**source.state_dict(), "classifier.bias": make()})
    assert f"holds 'classifier.bias' as {kind}" in str(error)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(torch.ones(7, device="meta"), "a shape without data"), (torch.ones(1).expand(7), "a few numbers repeated")],
)
def test_files_hold_their_numbers(source, tmp_path, value, kind):
    torch.save({**source.state_dict(), "classifier.bias": value}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=f"holds 'classifier.bias' as {kind}"):
        read_weights(tmp_path / "a.pth")


def test_a_state_dict_of_too_many_tensors_is_refused():
    one = torch.ones(1)
    error = refused(tiny_model(), {f"k{number}": one for number in range(MAX_TENSORS + 1)})
    assert "holds 20,001 tensors, more than the 20,000 of any STViT" in str(error)


def test_a_key_of_a_megabyte_is_not_quoted_whole(source):
    for key in ("k" * 1_000_000, "\x1b[31m" * 200_000):
        text = str(refused(tiny_model(), {**source.state_dict(), key: torch.ones(1)}))
        assert len(text) < 400
        assert "\x1b" not in text
