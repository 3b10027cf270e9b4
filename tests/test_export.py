"""What pages export: the command that each names writes the same numbers, and no file is made before it is wanted."""

import io
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from analysis import anchor_cli, export_cli
from analysis.reports.report import Report
from ui.export import KINDS, Export

ROOT = Path(__file__).parents[1]
COMMANDS = {"analysis.anchor": anchor_cli.main, "analysis.export": export_cli.main}

Setting = Callable[[AppTest], object]


def nothing(app: AppTest) -> None:
    """Leave a page as it opens."""


def other_groupings(app: AppTest) -> None:
    app.get_by_key("methods").set_value(["grid", "super", "soft_kmeans"]).run()
    app.segmented_control("slic_resolution").set_value("pixel").run()
    app.slider("scrub").set_value(2).run()
    app.segmented_control("drawing").set_value("means").run()


def weighted_token(app: AppTest) -> None:
    (classes,) = [box for box in app.selectbox if box.label == "Weighted by"]
    classes.set_value("2").run()
    app.segmented_control("rollout_start").set_value("token").run()
    app.segmented_control("stage").set_value(1).run()
    app.number_input("row").set_value(3).run()
    app.toggle("rollout_convolutions").set_value(False).run()


def other_head(app: AppTest) -> None:
    app.multiselect("metrics").set_value(["perplexity"]).run()
    app.selectbox("matrix_metric").set_value("distance").run()
    app.segmented_control("stage").set_value(1).run()
    app.segmented_control("head").set_value("3").run()


def other_iterations(app: AppTest) -> None:
    app.segmented_control("variant_of_association").set_value("iterations").run()
    app.slider("iterations").set_value(3).run()


def corner(app: AppTest) -> None:
    app.number_input("row").set_value(0).run()
    app.number_input("column").set_value(0).run()
    app.segmented_control("head").set_value("1").run()


def second_stage(app: AppTest) -> None:
    app.segmented_control("cost_stage").set_value(1).run()


PAGES = [
    ("explore", corner),
    ("super_tokens", nothing),
    ("super_tokens", other_groupings),
    ("redundancy", other_head),
    ("rollout", nothing),
    ("rollout", weighted_token),
    ("what_if", nothing),
    ("what_if", other_iterations),
    ("lesson", corner),
    ("cost", second_stage),
]


@pytest.fixture
def exports(monkeypatch) -> list[Export]:
    """Collect what pages offer in place of drawing it."""
    found: list[Export] = []
    monkeypatch.setattr("ui.lesson_steps.offer", found.append)  # first, so that it is imported with the true one
    monkeypatch.setattr("ui.export.offer", found.append)
    return found


def opened(page: str, **address: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    app.query_params.update({"way": "Figures", "sample": "Cat"} | address)
    app.session_state["attentions"] = ["super"]  # of Redundancy: global attention takes longest to measure
    app.run()
    return app if page == "explore" else app.switch_page(f"ui/pages/{page}.py").run()


def written(export: Export, suffix: str, folder: Path) -> Path:
    """Run the command that an export names, but for another kind of file."""
    python, dash_m, module, *words = shlex.split(export.command)
    assert (python, dash_m, words[-2:]) == ("python", "-m", ["--out", f"{export.name}.pdf"])
    out = folder / f"{export.name}.{suffix}"
    assert COMMANDS[module]([*words[:-1], str(out)]) == 0
    return out


@pytest.mark.parametrize(("page", "setting"), PAGES, ids=[f"{page}-{setting.__name__}" for page, setting in PAGES])
def test_the_command_gives_the_numbers_of_the_page(page, setting, exports, tmp_path):
    app = opened(page)
    setting(app)
    assert not app.exception, [error.value for error in app.exception]
    export = exports[-1]
    shown = pd.read_csv(io.BytesIO(export.report.content("csv")))
    pd.testing.assert_frame_equal(pd.read_csv(written(export, "csv", tmp_path)), shown, rtol=1e-4, atol=1e-9)
    with np.load(io.BytesIO(export.report.content("npz"))) as own, np.load(written(export, "npz", tmp_path)) as again:
        assert set(own) == set(again)
        for name in own:
            if own[name].dtype.kind == "f":
                np.testing.assert_allclose(own[name], again[name], rtol=1e-4, atol=1e-9)
            else:
                np.testing.assert_array_equal(own[name], again[name])


@pytest.mark.parametrize("page", ["super_tokens", "redundancy", "rollout", "what_if", "lesson", "cost"])
def test_pages_offer_every_kind_of_file_and_make_none(page, monkeypatch):
    made: list[str] = []
    monkeypatch.setattr(Report, "content", lambda report, suffix: made.append(suffix))
    app = opened(page)
    assert not app.exception, [error.value for error in app.exception]
    assert [button.proto.label for button in app.get("download_button")] == [suffix.upper() for suffix in KINDS]
    assert made == []
    (command,) = app.code
    assert command.value.startswith("python -m analysis.export ")


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("explore", "mean over heads · anchor (27, 27)"),
        ("super_tokens", "stage 1, block 1 · 7 x 7 super tokens · iterations of the learned sampling: 1"),
        ("rollout", "rollout from the pooled output · attention alone · convolutions spread it"),
        ("what_if", "Regular grid in place of the learned association · pictures show stage 1, block 1"),
        ("lesson", "token (27, 27), step by step"),
    ],
)
def test_figures_carry_their_settings(page, words, exports):
    opened(page)
    figure = exports[-1].report.figure()
    caption = " ".join(figure.get_supxlabel().split())
    assert "cat · 224 x 224 px, centre crop" in caption
    assert words in caption
    figure.draw_without_rendering()  # lays everything out
    box = figure._supxlabel.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1, "the caption is wider than the figure"


def test_figures_are_files_that_open(exports):
    opened("what_if")
    report = exports[-1].report
    with Image.open(io.BytesIO(report.content("png"))) as picture:
        assert min(picture.size) > 600
    assert report.content("svg").startswith(b"<?xml")
    assert report.content("pdf").startswith(b"%PDF-")
    with pytest.raises(ValueError, match="a report can be png, svg"):
        report.content("doc")


def test_a_block_without_super_tokens_exports_its_changes_without_pictures(exports):
    app = opened("what_if")
    app.segmented_control("stage").set_value(3).run()
    assert not app.exception
    assert exports[-1].report.content("pdf").startswith(b"%PDF-")
    with np.load(io.BytesIO(exports[-1].report.content("npz"))) as arrays:
        assert set(arrays) == {"blocks", "relative_change"}


def test_measured_times_are_exported_beside_the_counts(exports, monkeypatch):
    monkeypatch.setattr("ui.measuring.MEASURED_SIZES", {"super": (224,), "global": (224,)})
    app = opened("cost")
    assert "measured" not in pd.read_csv(io.BytesIO(exports[-1].report.content("csv")))
    app.button[0].click().run()
    assert exports[-1].command.split()[-3] == "--measure"
    table = pd.read_csv(io.BytesIO(exports[-1].report.content("csv")))
    assert (table[table["size"] == 224]["measured"] > 0).all()
    assert table[table["size"] > 224]["measured"].isna().all()
    assert len(exports[-1].report.figure().axes) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("groupings --stage 3", "has no super tokens"),
        ("steps --stage 4 --row 0 --column 0", "no steps to show"),
        ("redundancy --attentions global", "The matrix is of 'super'"),
        ("redundancy --attentions super --head 9", "has heads 1 to 2"),
        ("rollout --class 99", "does not exist"),
        ("what-if --stage 9", "There is no block 1 in a stage 9"),
        ("groupings --block 0", "There is no block 0 in a stage 1"),
        ("steps --row 1 --column 1 --head 9", "Head 9 does not exist"),
        ("rollout --row 1", "starts from a token, named by --row and --column"),
        ("rollout --stage 2 --block 1", "starts from a token, named by --row and --column"),
    ],
)
def test_bad_words_are_one_sentence(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    view, *more = words.split()
    picture = ["--sample", "cat", "--random", "stvit_demo", "--size", "64"]
    assert export_cli.main([view, *picture, *more, "--out", "file.csv"]) == 1
    said = capsys.readouterr().err.strip()
    assert message in said
    assert len(said.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("head", ["x", "1.5"])
def test_a_head_is_a_number_or_the_mean(head, capsys):
    with pytest.raises(SystemExit):
        export_cli.main(["steps", "--sample", "cat", "--row", "0", "--column", "0", "--head", head, "--out", "a.csv"])
    assert "a head is a number counted from 1, or mean" in capsys.readouterr().err


def test_a_link_to_the_first_row_opens_there(exports):
    opened("lesson", row="0", column="9")
    assert shlex.split(exports[-1].command)[-6:-2] == ["--row", "0", "--column", "9"]
