"""What goes wrong when a view is written: no file is lost, no name does harm, every failure is one sentence."""

import io
import os
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image

from analysis.commands.main import main
from analysis.commands.registry import VIEWS
from analysis.reports.report import SUFFIXES, Report
from stvit import STViT, STViTConfig, create_model
from stvit.weights.load import save_weights
from tests.support.hostile_names import HOSTILE_NAMES, NOT_UTF8

CONFIG = STViTConfig(
    num_classes=3, embed_dims=(8, 8, 8, 8), depths=(1, 1, 1, 1), num_heads=(1, 2, 2, 2), projection_dim=8
)
TOKEN = ["--row", "3", "--column", "4"]
WORDS = {name: TOKEN if name in ("steps", "anchor", "head-maps", "figure-script") else [] for name in VIEWS}


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "tiny.safetensors"
    save_weights(STViT(CONFIG), path)
    return path


def picture(path: Path) -> Path:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(path, "PNG")
    return path


def run(view: str, image: Path, weights: Path, out: Path | str, *more: str) -> int:
    if view == "dataset":
        return main(["export", view, str(swept(image, weights)), *more, "--out", str(out)])
    named = [] if view == "cost" else ["--size", "64", f"./{image}" if str(image).startswith("-") else str(image)]
    model = ["--models", *[f"weights:{weights}"] * 2] if view == "compare" else ["--weights", str(weights)]
    return main(["export", view, *named, *model, *WORDS[view], *more, "--out", str(out)])


def swept(image: Path, weights: Path) -> Path:
    """Return the folder of a sweep of a picture, made where it is missing."""
    out = image.parent / "sweep"
    if not out.exists():
        words = ["--weights", str(weights), "--size", "64", "--workers", "0", "--metrics", "normalised_entropy"]
        assert main(["sweep", str(image), "--out", str(out), *words]) == 0
    return out


# ---------------------------------------------------------------- no file is lost


def same(path: Path, tmp_path: Path) -> Path:
    return path


def link(path: Path, tmp_path: Path) -> Path:
    (tmp_path / f"link{path.suffix}").symlink_to(path)
    return tmp_path / f"link{path.suffix}"


def hard_link(path: Path, tmp_path: Path) -> Path:
    os.link(path, tmp_path / f"hard{path.suffix}")
    return tmp_path / f"hard{path.suffix}"


def detour(path: Path, tmp_path: Path) -> Path:
    return path.parent / ".." / path.parent.name / path.name


@pytest.mark.parametrize("other", [same, link, hard_link, detour])
@pytest.mark.parametrize("view", ["steps", "what-if"])
def test_a_picture_is_not_overwritten(weights, tmp_path, capsys, view, other):
    image = picture(tmp_path / "photo.png")
    before = image.read_bytes()
    assert run(view, image, weights, other(image, tmp_path)) == 1
    assert image.read_bytes() == before
    (line,) = capsys.readouterr().err.splitlines()
    assert "is read by this command and would be overwritten; choose another name" in line


def test_weights_are_not_overwritten(weights, tmp_path, capsys):
    before = weights.read_bytes()
    (tmp_path / "out.csv").symlink_to(weights)
    assert run("cost", tmp_path, weights, tmp_path / "out.csv") == 1
    assert weights.read_bytes() == before
    assert "is read by this command" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_leaves_the_old_file(weights, tmp_path, capsys, monkeypatch, suffix):
    out = tmp_path / f"out.{suffix}"
    out.write_bytes(b"old")

    def full_disk(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stvit.atomic_files.os.fsync", full_disk)
    assert run("cost", tmp_path, weights, out) == 1
    assert out.read_bytes() == b"old"
    assert "The disk is full" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {out.name, weights.name}


@pytest.mark.parametrize("error", [RuntimeError("no glyph"), MemoryError(), AssertionError()])
def test_a_figure_that_fails_leaves_the_old_file(weights, tmp_path, capsys, monkeypatch, error):
    def fail(report, suffix):
        raise error

    out = tmp_path / "out.png"
    out.write_bytes(b"old")
    monkeypatch.setattr(Report, "content", fail)
    assert run("cost", tmp_path, weights, out) == 1
    assert out.read_bytes() == b"old"
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_folder_is_no_file_to_write(weights, tmp_path, capsys):
    (tmp_path / "out.png").mkdir()
    assert run("cost", tmp_path, weights, tmp_path / "out.png") == 1
    assert "is a folder; name a file in it." in capsys.readouterr().err


# ---------------------------------------------------------------- not finite


@pytest.mark.parametrize("view", [name for name in VIEWS if name not in ("cost", "dataset")])
def test_an_answer_that_is_not_finite_is_one_sentence(tmp_path, capsys, monkeypatch, view):
    model = STViT(CONFIG).eval()
    with torch.no_grad():
        model.stages[2].blocks[0].ffn_norm.weight.fill_(float("nan"))
    monkeypatch.setattr("analysis.commands.subjects.chosen_model", lambda options: (model, "broken"))
    image = picture(tmp_path / "photo.png")
    assert run(view, image, tmp_path / "unused.safetensors", tmp_path / "out.csv") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "holds NaN or infinity" in line
    assert not (tmp_path / "out.csv").exists()


def test_global_attention_that_overflows_is_one_sentence(tmp_path, capsys):
    model = STViT(CONFIG).eval()
    with torch.no_grad():  # the averaged super tokens stay finite, the tokens' own products do not
        model.stages[0].blocks[0].attention.refine.qkv.weight.mul_(1e22)
    save_weights(model, tmp_path / "wild.safetensors")
    assert run("steps", picture(tmp_path / "photo.png"), tmp_path / "wild.safetensors", tmp_path / "a.csv") == 0
    capsys.readouterr()
    assert run("anchor", tmp_path / "photo.png", tmp_path / "wild.safetensors", tmp_path / "out.csv") == 1
    assert "The attention holds numbers that are not finite" in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()


# ---------------------------------------------------------------- what was taken out of the weights


def test_averaged_weights_that_were_taken_are_said(tmp_path, capsys):
    torch.save({"state_dict_ema": create_model("stvit_demo").state_dict()}, tmp_path / "many.pth")
    assert main(["export", "cost", "--weights", str(tmp_path / "many.pth"), "--out", str(tmp_path / "a.csv")]) == 0
    assert capsys.readouterr().err == "many.pth: Took the averaged weights under 'state_dict_ema'.\n"


# ---------------------------------------------------------------- names


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES.keys())
def test_a_hostile_name_is_drawn_as_it_is_and_makes_no_terminal_act(weights, tmp_path, capsys, monkeypatch, name):
    image, out = picture(tmp_path / name), f"{name.removesuffix('.png')[:100]}.svg"
    monkeypatch.chdir(tmp_path)
    assert run("steps", Path(image.name), weights, f"./{out}") == 0
    said = capsys.readouterr()
    assert not [letter for letter in said.out + said.err if not (letter.isprintable() or letter == "\n")]
    assert len(said.out.splitlines()) == 1
    ElementTree.parse(tmp_path / out)  # a control character would make it no XML


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_written_as_every_kind_of_file_for_a_hostile_name(weights, tmp_path, monkeypatch, view):
    name = "猫 \x1b[31m\u202e $x_1$ $\\frac{1 <b>&.png"
    image, odd_weights = picture(tmp_path / name), tmp_path / "w \x1b[2J $\\alpha 猫.safetensors"
    weights.rename(odd_weights)
    content, contents = Report.content, {}

    def every_kind(report: Report, suffix: str) -> bytes:
        contents.update({each: content(report, each) for each in SUFFIXES})
        return contents[suffix]

    monkeypatch.setattr(Report, "content", every_kind)  # the view itself runs once
    assert run(view, image, odd_weights, tmp_path / "out.svg") == 0
    assert contents.keys() == set(SUFFIXES)
    ElementTree.parse(tmp_path / "out.svg")
    assert contents["pdf"].startswith(b"%PDF-")
    assert len(contents["csv"].splitlines()) > 1
    with Image.open(io.BytesIO(contents["png"])) as figure:
        figure.load()
    with np.load(io.BytesIO(contents["npz"]), allow_pickle=False) as arrays:
        assert all(len(arrays[key].shape) >= 0 for key in arrays)


def test_a_name_that_is_no_utf_8_is_written(weights, tmp_path):
    image = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + NOT_UTF8))
    picture(tmp_path / "plain.png").rename(image)
    assert run("steps", image, weights, tmp_path / "out.svg") == 0
    ElementTree.parse(tmp_path / "out.svg")


# ---------------------------------------------------------------- fonts


@pytest.mark.parametrize("view", VIEWS)
def test_pdf_figures_embed_truetype(weights, tmp_path, view):
    image = picture(tmp_path / "photo.png")
    assert run(view, image, weights, tmp_path / "out.pdf") == 0
    content = (tmp_path / "out.pdf").read_bytes()
    kinds = set(re.findall(rb"/Subtype /(Type0|Type1|Type3|TrueType|CIDFontType2)\b", content))
    assert kinds == {b"Type0", b"CIDFontType2"}
    assert b"/FontFile2" in content


def test_figures_of_many_pictures_embed_truetype_too(weights, tmp_path):
    image = picture(tmp_path / "photo.png")
    words = ["--weights", str(weights), "--size", "64", "--metrics", "entropy", "--formats", "pdf"]
    assert main(["measure", str(image), "--out", str(tmp_path / "out"), *words]) == 0
    figures = list((tmp_path / "out").glob("*.pdf"))
    assert len(figures) == 3
    assert all(b"/Type3" not in figure.read_bytes() for figure in figures)


def test_sizes_are_said_in_good_english(weights, tmp_path, capsys):
    path = tmp_path / "tiny.png"
    Image.fromarray(np.zeros((1, 1, 3), np.uint8)).save(path)
    assert run("steps", path, weights, tmp_path / "out.png") == 1
    assert "1 pixels" not in capsys.readouterr().err


def test_nothing_is_drawn_for_numbers(weights, tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.reports.report.figure_bytes", None)  # calling it would fail
    assert run("cost", tmp_path, weights, tmp_path / "out.csv") == 0
    assert io.BytesIO((tmp_path / "out.csv").read_bytes()).readline().startswith(b"size,stage,")
