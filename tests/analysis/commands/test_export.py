"""What pages export: the command that each names writes the same numbers, and no file is made before it is wanted."""

import io
import mimetypes
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from analysis.commands.choices import HeadChoice
from analysis.commands.main import main
from analysis.commands.views.what_if import WhatIf
from analysis.cost import time_table
from analysis.grouping.groupings import grouping_of
from analysis.grouping.methods import METHODS
from analysis.relevance.weighings import Weighing
from analysis.reports.charts import of_head, token_values
from analysis.reports.report import Report, suffix_of
from analysis.reports.rollout import rollout_options
from stvit import BlockId, capture, load_pretrained
from stvit.captions import NOTHING_TO_CHANGE, head_caption
from stvit.images import load_image, prepare
from stvit.images.samples import sample_images
from tests.support.app_support import app_at, go_to, jpeg
from ui.panels.export import KINDS, Export, file_name, picture_options

Setting = Callable[[AppTest], object]


def nothing(app: AppTest) -> None:
    """Leave a page as it opens."""


def other_groupings(app: AppTest) -> None:
    app.get_by_key("methods").set_value(["grid", "super", "soft_kmeans"]).run()
    app.segmented_control("resolution_of_methods").set_value("pixel").run()
    app.slider("sampling_iterations").set_value(0).run()
    app.segmented_control("drawing").set_value("means").run()


def weighted_token(app: AppTest) -> None:
    app.multiselect("weighted_by").set_value(["2", "attention"]).run()
    app.segmented_control("rollout_start").set_value("token").run()
    app.segmented_control("stage").set_value(1).run()
    app.number_input("row").set_value(3).run()
    app.toggle("less_mean").set_value(True).run()
    app.toggle("rollout_convolutions").set_value(False).run()


def other_head(app: AppTest) -> None:
    app.multiselect("metrics").set_value(["perplexity"]).run()
    app.selectbox("matrix_metric").set_value("distance").run()
    app.segmented_control("stage").set_value(1).run()
    app.segmented_control("head").set_value("3").run()


def other_iterations(app: AppTest) -> None:
    app.selectbox("change_of_association").set_value("iterations").run()
    app.slider("parameter_of_change_iterations").set_value(3).run()
    app.segmented_control("drawing").set_value("labels").run()


def corner(app: AppTest) -> None:
    app.number_input("row").set_value(0).run()
    app.number_input("column").set_value(0).run()
    app.segmented_control("head").set_value("1").run()


def figure_script(app: AppTest) -> None:
    corner(app)
    app.toggle("figure_script").set_value(True).run()


def three_models(app: AppTest) -> None:
    app.selectbox("third").set_value("random:twin_conv").run()
    app.slider("depth").set_value(35).run()
    app.number_input("down").set_value(200).run()


def two_pictures(app: AppTest) -> None:
    app.segmented_control("compare").set_value("pictures").run()
    app.selectbox("second_picture").set_value("coffee").run()


def second_stage(app: AppTest) -> None:
    app.segmented_control("cost_stage").set_value(1).run()


def region(app: AppTest) -> None:
    app.segmented_control("region").set_value("segment").run()
    app.number_input("row").set_value(9).run()


def heads_of_all_blocks(app: AppTest) -> None:
    app.segmented_control("mode").set_value("Live").run()
    app.toggle("head_maps").set_value(True).run()
    app.segmented_control("region").set_value("super").run()
    app.selectbox("head_maps_order").set_value("distance").run()
    app.segmented_control("head_maps_values").set_value("rising").run()


PAGES = [
    ("explore", corner),
    ("explore", figure_script),
    ("explore", region),
    ("explore", heads_of_all_blocks),
    ("super-tokens", nothing),
    ("super-tokens", other_groupings),
    ("redundancy", other_head),
    ("rollout", nothing),
    ("rollout", weighted_token),
    ("what-if", nothing),
    ("what-if", other_iterations),
    ("steps", corner),
    ("compare", three_models),
    ("compare", two_pictures),
    ("cost", second_stage),
]


@pytest.fixture
def exports(monkeypatch) -> list[Export]:
    """Collect what pages offer in place of drawing it."""
    found: list[Export] = []
    monkeypatch.setattr(Export, "offer", lambda export, part="": found.append(export))
    return found


def opened(page: str, **address: str) -> AppTest:
    app = app_at(**{"sample": "Cat"} | address)
    app.session_state["attentions"] = ["super"]  # of Redundancy: global attention takes longest to measure
    return go_to(app, page)


def written_by_command(export: Export, folder: Path) -> Path:
    """Run the command that an export names, but for arrays."""
    words = shlex.split(export.command)
    assert words[:4] == ["python", "-m", "analysis", "export"]
    assert words[-2:] == ["--out", f"{export.name}.pdf"]
    out = folder / f"{export.name}.npz"
    assert main([*words[3:-1], str(out)]) == 0
    return out


@pytest.fixture
def reports(monkeypatch) -> list[Report]:
    """Collect the reports that were written."""
    found: list[Report] = []
    content = Report.content

    def collected(report: Report, suffix: str) -> bytes:
        found.append(report)
        return content(report, suffix)

    monkeypatch.setattr(Report, "content", collected)
    return found


def caption_of(report: Report) -> str:
    return " ".join(report.figure().get_supxlabel().split())


def drawn(report: Report) -> tuple[list[str], list[np.ndarray]]:
    """Return the words of a figure, but for the model, which pages and commands call by other names, and its images."""
    axes = report.figure().axes
    words = [caption_of(report).partition(" · ")[2], *(part.get_title() for part in axes)]
    return words, [np.asarray(image.get_array()) for part in axes for image in part.images]


def check_command(export: Export, folder: Path, reports: list[Report]) -> None:
    """Check that the command of an export gives the numbers and the figure of the page."""
    shown = pd.read_csv(io.BytesIO(export.report.content("csv")))
    assert not any(name.startswith("Unnamed") for name in shown), "the numbers of the rows are written"
    arrays = io.BytesIO(export.report.content("npz"))
    with np.load(arrays) as own, np.load(written_by_command(export, folder)) as again:
        assert set(own) == set(again)
        for name in own:
            if own[name].dtype.kind == "f":
                np.testing.assert_allclose(own[name], again[name], rtol=1e-4, atol=1e-9)
            else:
                np.testing.assert_array_equal(own[name], again[name])
    of_command = reports[-1]
    table = pd.read_csv(io.BytesIO(of_command.content("csv")))
    pd.testing.assert_frame_equal(table, shown, rtol=1e-4, atol=1e-9)
    (words, images), (words_again, images_again) = drawn(export.report), drawn(of_command)
    assert words_again == words
    for image, image_again in zip(images, images_again, strict=True):
        np.testing.assert_allclose(image_again, image, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize(("page", "setting"), PAGES, ids=[f"{page}-{setting.__name__}" for page, setting in PAGES])
def test_the_command_gives_the_numbers_and_the_figure_of_the_page(page, setting, exports, reports, tmp_path):
    app = opened(page)
    setting(app)
    assert not app.exception, [error.value for error in app.exception]
    check_command(exports[-1], tmp_path, reports)


def test_the_command_names_model_size_framing_and_block(exports, reports, tmp_path):
    app = opened("super-tokens", sample="Coffee", weights="random", size="288 px", framing="Whole picture")
    app.segmented_control("block").set_value(1).run()
    check_command(exports[-1], tmp_path, reports)
    assert "coffee · 448 × 288 px, whole picture · stage 1, block 2" in caption_of(exports[-1].report)


def test_the_command_reads_an_uploaded_picture_from_where_one_is(exports, reports, tmp_path, monkeypatch):
    app = opened("what-if")
    app.file_uploader("upload").set_value(("my cat.jpg", jpeg(), "image/jpeg")).run()
    assert exports[-1].name == "my-cat-what-if-grid"
    (tmp_path / "my cat.jpg").write_bytes(jpeg())
    monkeypatch.chdir(tmp_path)
    check_command(exports[-1], tmp_path, reports)


def test_the_command_reads_groups_of_ones_own_and_what_people_drew(exports, reports, tmp_path, monkeypatch):
    halves = np.repeat([[0, 1]], 112, axis=1).repeat(224, axis=0)
    app = opened("super-tokens")
    for key, name, arrays in (
        ("groups_file", "mine.npz", {"labels": halves}),
        ("truth_file", "people.npz", {"one": halves.T, "two": halves}),
    ):
        np.savez(tmp_path / name, **arrays)
        data = (tmp_path / name).read_bytes()
        app.file_uploader(key).set_value((name, data, "application/octet-stream")).run()
    app.selectbox("annotator").set_value("1").run()
    app.number_input("row").set_value(9).run()
    app.segmented_control("drawing").set_value("labels").run()
    assert not app.exception, [error.value for error in app.exception]
    monkeypatch.chdir(tmp_path)
    check_command(exports[-1], tmp_path, reports)
    assert "against 1 annotator of people.npz" in caption_of(exports[-1].report)
    assert {"people_0", "membership_0", "labels_foreign"} <= set(exports[-1].report.arrays())


def test_the_command_of_what_if_reads_groups_of_ones_own(exports, reports, tmp_path, monkeypatch):
    app = opened("what-if")
    np.savez(tmp_path / "mine.npz", labels=np.repeat([[0, 1]], 112, axis=1).repeat(224, axis=0))
    data = (tmp_path / "mine.npz").read_bytes()
    app.file_uploader("groups_file").set_value(("mine.npz", data, "application/zip")).run()
    app.selectbox("change_of_association").set_value("foreign").run()
    assert not app.exception, [error.value for error in app.exception]
    monkeypatch.chdir(tmp_path)
    (export,) = [one for one in exports if "--groups" in one.command][-1:]
    check_command(export, tmp_path, reports)


@pytest.mark.parametrize("page", ["super-tokens", "redundancy", "rollout", "what-if", "steps", "compare", "cost"])
def test_pages_offer_every_kind_of_file_and_make_none(page, monkeypatch):
    made: list[str] = []
    monkeypatch.setattr(Report, "content", lambda report, suffix: made.append(suffix))
    app = opened(page)
    assert not app.exception, [error.value for error in app.exception]
    exports = 2 if page in ("what-if", "compare") else 1  # all changes, and all pairs of blocks, have their own
    kinds = [suffix.upper() for suffix in KINDS] * exports
    assert [button.proto.label for button in app.get("download_button")] == kinds
    assert made == []
    assert len(app.code) == exports
    assert all(command.value.startswith("python -m analysis export ") for command in app.code)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("explore", "mean over heads · anchor (27, 27)"),
        ("super-tokens", "stage 1, block 1 · 7 × 7 super tokens · iterations of the learned sampling: 1"),
        ("redundancy", "matrix and map: Super token attention, map of stage 1, block 1, mean over heads"),
        ("rollout", "rollout from the pooled output · weighted by golf ball (26.4 %) · convolutions spread it"),
        ("what-if", "Regular grid in place of the learned association · pictures show stage 1, block 1"),
        ("steps", "token (27, 27), step by step"),
    ],
)
def test_figures_carry_their_settings(page, words, exports):
    opened(page)
    figure = exports[-1].report.figure()
    caption = caption_of(exports[-1].report)
    assert "cat · 224 × 224 px, centre crop" in caption
    assert words in caption
    figure.draw_without_rendering()  # lays everything out
    box = figure._supxlabel.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1, "the caption is wider than the figure"


def test_a_redundancy_figure_says_what_uniform_attention_would_have(exports):
    opened("redundancy").multiselect("metrics").set_value(["entropy", "distance"]).run()
    entropy, distance = exports[-1].report.figure().axes[:2]
    lines = [{line.get_label(): line.get_ydata() for line in axes.get_lines()} for axes in (entropy, distance)]
    sides = [56] * 2 + [28] * 2 + [14] * 4 + [7] * 2
    assert lines[0]["Uniform attention"] == pytest.approx([2 * np.log(side) for side in sides])
    assert lines[1]["Uniform attention"] == pytest.approx([0.521 * 224] * len(sides), rel=0.02)  # of a unit square


def test_heads_are_counted_from_1():
    assert (head_caption(0, 4), HeadChoice(head=0).words()) == ("head 1 of 4", ["--head", "1"])
    assert (head_caption(None, 4), HeadChoice(head=None).words()) == ("mean over heads", [])


def test_settings_of_a_rollout_name_the_first_class_too():
    first, alone = Weighing(0, "tench", 0.5), Weighing(None, "attention alone")
    assert rollout_options([first], False, False) == [
        "weighted by tench (50.0 %)",
        "convolutions inside blocks left out",
    ]
    assert rollout_options([alone, first], True, True) == [
        "attention alone",
        "weighted by tench (50.0 %)",
        "convolutions spread it",
        "less the rollout from the mean token",
    ]


def test_figures_are_files_that_open(exports):
    opened("what-if")
    report = exports[-1].report
    with Image.open(io.BytesIO(report.content("png"))) as picture:
        assert min(picture.size) > 600
    assert report.content("svg").startswith(b"<?xml")
    assert report.content("pdf").startswith(b"%PDF-")
    with pytest.raises(ValueError, match="a report can be png, svg"):
        report.content("doc")


def test_kinds_of_files_are_what_browsers_call_them():
    assert {suffix: kind for suffix, kind in KINDS.items() if suffix != "npz"} == {
        suffix: mimetypes.guess_type(f"figure.{suffix}")[0] for suffix in ("png", "svg", "pdf", "csv")
    }


def test_table_and_arrays_of_a_rollout_hold_the_same(exports):
    opened("rollout", sample="Coffee", framing="Whole picture")
    table = pd.read_csv(io.BytesIO(exports[-1].report.content("csv")))
    with np.load(io.BytesIO(exports[-1].report.content("npz"))) as arrays:
        assert set(arrays) == {"pixels", *(f"stage_{stage}" for stage in range(4))}
        for stage in range(4):
            part = table[table["where"] == f"stage {stage + 1}"]
            assert (part["stage"] == stage).all()
            values = part.pivot(index="row", columns="column", values="relevance")
            np.testing.assert_allclose(values, arrays[f"stage_{stage}"])
        assert table[table["map"] == "pixels"][["stage", "where"]].isna().all(axis=None)


def read_report(report: Report) -> tuple[str, pd.DataFrame, dict[str, np.ndarray]]:
    text = report.content("csv").decode()
    with np.load(io.BytesIO(report.content("npz")), allow_pickle=False) as arrays:
        return text, pd.read_csv(io.StringIO(text)), dict(arrays)


def test_numbers_of_redundancy_count_from_0_in_every_file_and_say_where_in_words(exports):
    app = opened("redundancy")
    app.selectbox("matrix_metric").set_value("distance").run()
    text, table, arrays = read_report(exports[-1].report)
    assert ".0," not in "".join(line.rpartition(",")[2] + "," for line in table["where"].dropna())
    heads = table[(table["metric"] == "distance") & (table["attention"] == "super")].astype({"head": int})
    assert arrays["blocks"].dtype == np.int64
    assert list(map(tuple, arrays["blocks"])) == list(dict.fromkeys(zip(heads["stage"], heads["block"], strict=True)))
    assert arrays["where"][3] == "stage 2, block 2"
    assert arrays["blocks"][3].tolist() == [1, 1]
    for row in heads.itertuples():
        place = arrays["blocks"].tolist().index([row.stage, row.block])
        assert arrays["distance_heads_by_blocks"][row.head, place] == pytest.approx(row.value)
        assert row.where == f"stage {row.stage + 1}, block {row.block + 1}, head {row.head + 1}"
    assert table[table["attention"] == "block"]["head"].isna().all()
    assert ",0.0," not in "".join(",".join(line.split(",")[:4]) + "," for line in text.splitlines())


def test_numbers_of_a_change_count_from_0_in_every_file_and_say_where_in_words(exports):
    opened("what-if")
    _, table, arrays = read_report(exports[-1].report)
    relative = table[table["quantity"] == "relative change"]
    np.testing.assert_array_equal(arrays["blocks"], relative[["stage", "block"]])
    assert arrays["where"].tolist() == relative["where"].tolist()
    assert arrays["where"][0] == "stage 1, block 1"
    np.testing.assert_allclose(arrays["relative_change"], relative["after"])
    assert table[table["quantity"] == "KL divergence"][["stage", "block", "where"]].isna().all(axis=None)


def test_labels_of_a_change_are_named_for_what_they_are(exports):
    opened("what-if")
    pixels = prepare(sample_images()["cat"]()).pixels
    record = capture(load_pretrained("demo"), pixels)[BlockId(0, 0)]
    with np.load(io.BytesIO(exports[-1].report.content("npz"))) as arrays:
        np.testing.assert_array_equal(arrays["labels_learned"], record.labels()[0])
        np.testing.assert_array_equal(arrays["labels_changed"].ravel(), record.grid.cell_index)


def test_values_are_mapped_for_one_head_or_for_their_mean(model, pixels):
    record = capture(model, pixels[:1])[BlockId(0, 0)]
    values = token_values(record, "super", "entropy", 4)
    assert values.shape == (record.heads, record.grid.num_tokens)
    np.testing.assert_array_equal(of_head(values, 1, record).ravel(), values[1])
    np.testing.assert_allclose(of_head(values, None, record).ravel(), values.mean(0))
    assert of_head(values, None, record).shape == (record.grid.height, record.grid.width)


def test_a_block_without_super_tokens_exports_its_changes_without_pictures(exports):
    app = opened("what-if")
    app.segmented_control("stage").set_value(3).run()
    assert not app.exception
    assert exports[-1].report.content("pdf").startswith(b"%PDF-")
    with np.load(io.BytesIO(exports[-1].report.content("npz"))) as arrays:
        assert set(arrays) == {"blocks", "where", "relative_change"}


def test_measured_times_are_exported_beside_the_counts(exports, monkeypatch):
    monkeypatch.setattr("ui.pages.cost.MEASURED_SIZES", {"super": (224,), "global": (224,)})
    app = opened("cost")
    assert "measured" not in pd.read_csv(io.BytesIO(exports[-1].report.content("csv")))
    next(button for button in app.button if button.label == "Measure on this machine").click().run()
    assert exports[-1].command.split()[-3] == "--measure"
    table = pd.read_csv(io.BytesIO(exports[-1].report.content("csv")))
    assert (table[table["size"] == 224]["measured"] > 0).all()
    assert table[table["size"] > 224]["measured"].isna().all()
    assert len(exports[-1].report.figure().axes) == 2
    assert "one attention block of stage 1 · one picture" in caption_of(exports[-1].report)
    assert "median times on this machine" in caption_of(exports[-1].report)


def test_the_command_measures_times_when_asked(tmp_path, monkeypatch):
    sizes = {"super": (224,), "global": (224,)}
    monkeypatch.setattr("analysis.cost.time_table", partial(time_table, sizes=sizes))
    words = ["export", "cost", "--random", "stvit_demo", "--out", str(tmp_path / "cost.csv")]
    assert main(words) == 0
    assert "measured" not in pd.read_csv(tmp_path / "cost.csv")
    assert main([*words, "--measure"]) == 0
    assert pd.read_csv(tmp_path / "cost.csv")["measured"].notna().sum() == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("groupings --stage 3", "has no super tokens"),
        ("steps --stage 4 --row 0 --column 0", "no steps to show"),
        ("redundancy --attentions global", "The matrix is of 'super'"),
        ("redundancy --attentions super --head 0", "has heads 1 to 2"),
        ("redundancy --attentions super --head 3", "has heads 1 to 2"),
        ("rollout --class 99", "does not exist"),
        ("what-if --stage 9", "There is no block 1 in a stage 9"),
        ("groupings --block 0", "There is no block 0 in a stage 1"),
        ("steps --row 1 --column 1 --head 9", "Head 9 does not exist"),
        ("rollout --class 1 2 3 4", "At most 3 classes stand side by side, got 4."),
        ("rollout --minus-mean", "A difference from the mean token needs a token"),
        ("rollout --row 1", "starts from a token, named by --row and --column"),
        ("groupings --row 3", "give both --row and --column"),
        ("groupings --row 3 --column 56", "lies outside the grid of 16 x 16 tokens"),
        ("groupings --methods --on token", "nothing to compare"),
        ("groupings --truth none.npz", "none.npz cannot be used"),
        ("groupings --iterations -1", "can have 0 to 32 iterations, got -1"),
        ("groupings --iterations 1000000000", "can have 0 to 32 iterations, got 1000000000"),
        ("what-if --variant grid --iterations 3", "takes no number, got 3"),
        ("rollout --stage 2 --block 1", "starts from a token, named by --row and --column"),
        ("faithfulness --greedy-steps 0", "--greedy-steps must be at least 1, got 0."),
        ("faithfulness --orders", "at least one of --groups and one of --orders."),
    ],
)
def test_bad_words_are_one_sentence(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    view, *more = words.split()
    picture = ["--sample", "cat", "--random", "stvit_demo", "--size", "64"]
    assert main(["export", view, *picture, *more, "--out", "file.csv"]) == 1
    said = capsys.readouterr().err.strip()
    assert message in said
    assert not said.startswith(("'", '"'))
    assert len(said.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("view", ["what-if", "what-if-all"])
def test_a_model_without_super_tokens_has_no_association_to_change(view, tmp_path, capsys):
    command = ["export", view, "--sample", "cat", "--random", "twin_global", "--size", "64"]
    assert main([*command, "--out", str(tmp_path / "a.csv")]) == 1
    assert NOTHING_TO_CHANGE in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_stage_without_super_tokens_has_no_cost(tmp_path, capsys):
    assert main(["export", "cost", "--random", "stvit_demo", "--stage", "3", "--out", str(tmp_path / "a.csv")]) == 1
    assert "Super tokens exist in stages 1 and 2" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_made(tmp_path):
    path = tmp_path / "absent" / "a.csv"
    assert main(["export", "cost", "--random", "stvit_demo", "--out", str(path)]) == 0
    assert len(pd.read_csv(path))


def test_a_place_that_cannot_be_written_is_one_sentence_before_any_work(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr("analysis.commands.subjects.chosen_model", None)  # calling it would fail in another way
    assert main(["export", "cost", "--out", str(tmp_path / "file" / "a.csv")]) == 1
    assert capsys.readouterr().err.strip() == f"{tmp_path / 'file'} cannot be used: File exists."


def test_the_ending_says_what_is_written():
    assert suffix_of(Path("a.PDF")) == "pdf"
    for name in ("a.doc", "a"):
        with pytest.raises(ValueError, match="let --out end in"):
            suffix_of(Path(name))


@pytest.mark.parametrize("head", ["x", "1.5"])
def test_a_head_is_a_number_or_the_mean(head, capsys):
    with pytest.raises(SystemExit):
        main(["export", "steps", "--sample", "cat", "--row", "0", "--column", "0", "--head", head, "--out", "a.csv"])
    assert f"expected a whole number or mean, got '{head}'" in capsys.readouterr().err


def test_a_link_to_the_first_row_opens_there(exports):
    opened("steps", row="0", column="9")
    assert shlex.split(exports[-1].command)[-6:-2] == ["--row", "0", "--column", "9"]


@pytest.mark.parametrize(
    ("name", "words", "stem"),
    [
        ("my cat.jpg", "my cat.jpg", "my-cat"),
        ("-cat.jpg", "./-cat.jpg", "cat"),
        ("???.jpg", "???.jpg", "picture"),
        (".png", ".png", "picture"),
    ],
)
def test_no_command_takes_an_odd_file_name_for_an_option(name, words, stem):
    picture = load_image(np.zeros((64, 64, 3), np.uint8), name=name)
    handle = SimpleNamespace(options=("--model", "demo"), is_backbone=False, precision="float32")
    view = SimpleNamespace(picture=SimpleNamespace(source=picture), handle=handle, size=224, framing="crop")
    assert WhatIf(**picture_options(view)).words()[0] == words
    assert file_name(view, "what-if", "grid") == f"{stem}-what-if-grid"


def test_only_the_iterations_of_the_model_itself_are_called_learned():
    record = capture(load_pretrained("demo"), torch.zeros(1, 3, 64, 64))[BlockId(0, 0)]
    shown = np.zeros((64, 64, 3), np.uint8)
    titles = [grouping_of(METHODS["super"], shown, record, iterations=count, own=1).title for count in (0, 1, 5)]
    assert titles == ["Sampled, 0 iterations (model: 1)", "Learned super tokens", "Sampled, 5 iterations (model: 1)"]
