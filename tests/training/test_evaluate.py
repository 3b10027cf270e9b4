import errno
import json
import sys

import numpy as np
import pytest
import torch
from matplotlib.image import imread
from PIL import Image
from safetensors import safe_open

from stvit import CONFIGS, STViT, create_model
from stvit.images import prepare
from stvit.variants import get_config
from stvit.weights.pretrained import list_pretrained
from tests.support.training_data import COLOURS, TINY_MODEL, png, tiny_cache, tiny_config, write_folder
from training.checkpoint import AVERAGED, LAST
from training.class_names import IMAGENETTE, readable_names
from training.cli import main
from training.curves import draw_curves, save_curves
from training.evaluate import check_classes, load_any, measure
from training.export import export, model_from_checkpoint
from training.loop import METRICS, Trainer
from training.metrics import Average, correct, read_metrics
from training.paper_table import PAPER, format_table, variant_of
from training.pictures import PicturesOnCPU
from training.sources import Listing, list_images
from training.validation import validate


@pytest.fixture(autouse=True)
def _tiny_model(monkeypatch):
    monkeypatch.setitem(CONFIGS, "stvit_tiny", TINY_MODEL)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return the folder of a finished run of one epoch."""
    out = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CONFIGS, "stvit_tiny", TINY_MODEL)
        config = tiny_config(epochs=1, sizes=((0.0, 32),), evaluation_size=32)
        Trainer(config, tiny_cache(), tiny_cache(3, seed=1), out, progress_bar=False).run()
    return out


@pytest.fixture
def data(tmp_path):
    return write_folder(tmp_path / "data")


def tiny_model():
    model = STViT(TINY_MODEL).eval()
    torch.nn.init.normal_(model.classifier.weight, std=5.0)  # so that classes differ
    return model


def test_accuracy_is_that_of_a_plain_loop_over_the_files(data):
    model = tiny_model()
    right = 0
    for name, label in list_images(data, "val").files:
        with torch.no_grad():
            right += int(model(prepare(data / name, 64).pixels).argmax()) == label
    accuracy = measure(model, data, size=64, batch_size=4, progress=False)
    assert accuracy.top1 == pytest.approx(100 * right / 9)
    assert (accuracy.top5, accuracy.images, accuracy.skipped) == (100, 9, ())


def test_top_k_counts_match_a_sort():
    logits, labels = torch.randn(50, 12), torch.randint(12, (50,))
    order = logits.argsort(1, descending=True)
    for k in (1, 5):
        assert int(correct(logits, labels, k).sum()) == sum(int(b) in a[:k] for a, b in zip(order, labels, strict=True))
    assert correct(logits[:, :3], labels % 3, 5).all()


def test_averages_weigh_batches_by_their_images():
    average = Average()
    average.add(1.0, 1, 1)
    average.add(2.0, 1, 3)
    assert average.means() == (1.75, 50.0)
    assert (average + average).means() == (1.75, 50.0)
    assert Average().means() == (0.0, 0.0)


def test_validation_on_the_cache_agrees_with_the_same_pixels_one_by_one(run):
    from accelerate import Accelerator

    from training.augment import normalise

    model, images = tiny_model(), tiny_cache(3, seed=1)
    with torch.no_grad():
        pictures = [torch.from_numpy(images.picture(number).copy()) for number in range(len(images))]
        logits = torch.cat([model(normalise(picture.permute(2, 0, 1)[None] / 255)) for picture in pictures])
    labels = torch.from_numpy(images.labels)
    row = validate(model, PicturesOnCPU(images), 64, Accelerator(mixed_precision="no"))
    assert row["val_top1"] == pytest.approx(100 * float((logits.argmax(1) == labels).float().mean()))
    assert row["val_loss"] == pytest.approx(float(torch.nn.functional.cross_entropy(logits, labels)), rel=1e-4)


def test_corrupt_image_is_fatal_or_counted(data):
    broken = data / "val" / "red" / "1.png"
    broken.write_bytes(png(Image.new("RGB", (40, 40)))[:60])
    with pytest.raises(ValueError, match=r"The image val/red/1\.png cannot be decoded .*choose to skip"):
        measure(tiny_model(), data, size=64, progress=False)
    accuracy = measure(tiny_model(), data, size=64, corrupt="skip", progress=False)
    assert (accuracy.images, accuracy.skipped) == (8, ("val/red/1.png",))


def test_other_classes_than_those_of_the_checkpoint_are_refused(data):
    model = STViT(get_config("stvit_tiny", num_classes=10))
    with pytest.raises(ValueError, match="The checkpoint has 10 classes, but the data has 3 class folders"):
        measure(model, data, size=64, progress=False)
    model = tiny_model()
    model.class_names = ("blue", "red", "green")
    with pytest.raises(ValueError, match=r"Class 1 of the checkpoint is 'red', but class folder 1 .* is 'green'"):
        measure(model, data, size=64, progress=False)
    model.class_names = tuple(IMAGENETTE.values())
    model.config = get_config("stvit_tiny", num_classes=10)
    check_classes(model, Listing(tuple(IMAGENETTE), ()))


def test_export_holds_the_averaged_weights_as_float16_with_config_and_names(run, tmp_path):
    path = tmp_path / "new" / "tiny.safetensors"
    read_back = export(run / LAST, path)
    averaged = model_from_checkpoint(run / LAST)
    live = torch.load(run / LAST, weights_only=True)["model"]
    assert not torch.equal(averaged.classifier.weight, live["classifier.weight"])
    for key, value in averaged.state_dict().items():
        expected = value.half().float() if value.is_floating_point() else value
        assert torch.equal(read_back.state_dict()[key], expected), key
    assert read_back.class_names == tuple(sorted(COLOURS))
    with safe_open(path, "pt") as file:
        assert json.loads(file.metadata()["class_names"]) == sorted(COLOURS)
        assert json.loads(file.metadata()["config"])["drop_path_rate"] == 0
        assert file.get_tensor("classifier.weight").dtype == torch.float16


def test_evaluation_reads_pictures_as_they_are_stored(data):
    """The published transform knows neither EXIF nor transparency."""
    rng = np.random.default_rng(0)
    turned = Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8))
    exif = turned.getexif()
    exif[274] = 6  # to be turned by 90 degrees
    (data / "val" / "red" / "0.png").unlink()
    turned.save(data / "val" / "red" / "0.png", exif=exif)
    clear = Image.fromarray(rng.integers(0, 256, (64, 64, 4), np.uint8), "RGBA")
    clear.save(data / "val" / "red" / "1.png")
    model, seen = tiny_model(), []
    model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    measure(model, data, size=224, batch_size=9, progress=False)
    names = [name for name, _ in list_images(data, "val").files]
    for name, stored in (("val/red/0.png", turned), ("val/red/1.png", clear)):
        rgb = np.asarray(stored)[..., :3].copy()
        assert torch.equal(seen[0][names.index(name)], prepare(rgb, 224).pixels[0])


def test_a_run_is_known_by_its_content_not_by_its_name(run, tmp_path):
    pixels = torch.randn(1, 3, 64, 64)
    for name in ("run.pth", "weights", "odd.safetensors"):
        path = tmp_path / name
        path.write_bytes((run / LAST).read_bytes())
        assert torch.equal(load_any(str(path))(pixels), load_any(str(run))(pixels))
    weights = tmp_path / "plain.pt"
    torch.save({"model": create_model("stvit_demo").state_dict()}, weights)
    assert load_any(str(weights)).config.num_classes == 10


def test_hostile_checkpoints_get_a_sentence_that_advises_nothing_unsafe(run, tmp_path, capsys):
    state = torch.load(run / LAST, weights_only=True)
    hostile = {
        "code.pt": state | {"extra": Calls()},
        "config.pt": state | {"model_config": state["model_config"] | {"depths": (10**6, 1, 1, 1)}},
        "kind.pt": state | {"model_config": 7},
        "list.pt": state | {"model_config": [1]},
        "names.pt": state | {"class_names": 3},
        "empty.pt": {key: value for key, value in state.items() if key != AVERAGED},
        "shape.pt": state | {AVERAGED: {key: value[:1] for key, value in state[AVERAGED].items() if value.ndim}},
        "settings.pt": state | {"training_config": '{"epochs": "many"}'},
    }
    for name, content in hostile.items():
        torch.save(content, tmp_path / name)
        command = ["evaluate", str(tmp_path / name), "--data", str(tmp_path)]
        if name == "settings.pt":
            (tmp_path / "out").mkdir()
            (tmp_path / name).rename(tmp_path / "out" / LAST)
            command = ["train", "--resume", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
        with pytest.raises(SystemExit) as caught:
            main(command)
        said = capsys.readouterr().err
        assert caught.value.code == 2
        assert said.count("\n") == 1
        assert not any(word in said for word in ("weights_only", "Traceback", "operand", "torch.serialization")), said
    assert not Calls.ran


class Calls:
    """A pickle of it runs code when it is opened."""

    ran: list[str] = []  # noqa: RUF012 - a note, shared on purpose

    def __reduce__(self):
        return Calls.ran.append, ("ran",)


def test_any_kind_of_checkpoint_can_be_loaded(run, tmp_path):
    path = tmp_path / "tiny.safetensors"
    export(run / LAST, path)
    pixels = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(load_any(str(path))(pixels), load_any(str(run / LAST))(pixels), atol=0.02, rtol=0.02)
    assert torch.equal(load_any(str(run))(pixels), load_any(str(run / LAST))(pixels))  # its folder


def test_wordnet_numbers_become_names():
    assert readable_names(("n01440764", "cat")) == ("tench", "cat")


def test_paper_table_agrees_with_the_manifest_and_holds_the_measured_row():
    published = {(e.variant, e.resolution): e.top1 for e in list_pretrained() if e.num_classes == 1000}
    assert {(row.variant, row.size): row.top1 for row in PAPER} == published
    table = format_table(CONFIGS["stvit_base"], 384, 85.91, 97.8)
    assert "| stvit_base | 384 | 52 | 32.5 | 86.0 | 85.91 | 97.80 |" in table
    assert "| stvit_base | 224 | 52 | 9.9 | 84.8 | - | - |" in table
    assert variant_of(CONFIGS["stvit_demo"]) is None


def test_curves_show_what_the_metrics_say(run, tmp_path):
    rows = [
        {"epoch": 0, "size": 32, "train_loss": 2.0, "train_accuracy": 30.0},
        {"epoch": 1, "size": 64, "train_loss": 1.0, "train_accuracy": 60.0, "val_loss": 1.5, "val_top1": 50.0},
    ]
    loss, accuracy = draw_curves(rows).axes
    assert loss.lines[0].get_xydata().tolist() == [[1, 2.0], [2, 1.0]]
    assert accuracy.lines[1].get_xydata().tolist() == [[2, 50.0]]
    assert [text.get_text() for text in loss.texts] == ["32 px", "64 px"]
    save_curves(read_metrics(run / METRICS), tmp_path / "curves.png")
    assert imread(tmp_path / "curves.png").shape[:2] == (432, 1080)
    with pytest.raises(ValueError, match="There are no metrics to draw"):
        draw_curves([])


def test_curves_that_cannot_be_written_leave_the_old_ones(tmp_path, monkeypatch):
    (tmp_path / "curves.png").write_bytes(b"old")
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda figure, file, **options: _fail(full))
    with pytest.raises(OSError, match=r"The disk is full: curves\.png"):
        save_curves([{"epoch": 0, "size": 32, "train_loss": 2.0, "train_accuracy": 30.0}], tmp_path / "curves.png")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def _fail(error):
    raise error


def test_commands_train_resume_export_and_evaluate(data, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(CONFIGS, "stvit_demo", TINY_MODEL)
    out, weights = str(tmp_path / "run"), str(tmp_path / "tiny.safetensors")
    flags = ["--batch-size", "8", "--precision", "no", "--sizes", "0:32", "--evaluation-size", "32", "--quiet"]
    train = ["train", "--preset", "demo", "--data", str(data), "--out", out]
    main([*train, *flags, "--epochs", "1", "--threads", "1"])
    assert (tmp_path / "run" / "curves.png").exists()
    main([*train, "--resume", "--epochs", "2", "--quiet"])
    assert [row["epoch"] for row in read_metrics(tmp_path / "run" / METRICS)] == [0, 1]
    main(["export", out, "--out", weights])
    main(["evaluate", weights, "--data", str(data), "--size", "64", "--quiet"])
    printed = capsys.readouterr().out
    assert "3 classes, sha256" in printed
    assert "top-5 100.00 % of 9 images at 64 px" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "{weights}", "--data", "{data}", "--split", "test"], "has no folder 'test'"),
        (["evaluate", "nothing.safetensors", "--data", "{data}"], "There is no file 'nothing.safetensors'"),
        (["evaluate", "{weights}", "--data", "{data}", "--batch-size", "0"], "batch_size must be at least 1, got 0"),
        (["evaluate", "{weights}", "--data", "{data}", "--size", "5"], "A size must be a whole number from 32"),
        (["train", "--data", "{data}", "--out", "{new}", "--threads", "100000"], "threads must lie between 1 and 256"),
        (["train", "--data", "{data}", "--out", "{new}", "--workers", "-1"], "workers must lie between 0 and 256"),
        (
            ["train", "--data", "{data}", "--out", "{new}", "--lr", "nan"],
            "lr must lie between 0 and 1,000,000,000, got nan",
        ),
        (["train", "--data", "{data}", "--out", "{new}", "--seed", "-1"], "seed must lie between 0"),
        (["train", "--data", "{data}", "--out", "{new}", "--sizes", "0:nan"], "expected pairs"),
        (["train", "--data", "{data}", "--out", "{new}", "--sizes", "0:99999"], "sizes must be 32 to 2048 pixels"),
        (["train", "--data", "{data}", "--out", "{new}", "--time-budget", "nan"], "time_budget must be more than 0"),
        (["train", "--data", "{data}", "--out", "{new}", "--cache-size", "0"], "must be at least 1 pixel, got 0"),
        (
            ["train", "--data", "{data}", "--out", "{new}", "--init", "no.pth", "--precision", "no", "--quiet"],
            "There is no file 'no.pth'",
        ),
        (["train", "--data", "{data}", "--out", "{weights}"], "is a file, expected a folder"),
        (["train", "--data", "{weights}", "--out", "{new}"], "cannot be read as a tar"),
        (["train", "--data", "{data}", "--out", ""], "--out: expected a value, got an empty one"),
        (["train", "--data", "{data}", "--out", "{new}", "--init", ""], "--init: expected a value, got an empty one"),
        (["evaluate", "", "--data", "{data}"], "checkpoint: expected a value, got an empty one"),
        (
            ["train", "--preset", "twins", "--data", "{data}", "--out", "{new}", "--time-budget", "9"],
            "leave time_budget",
        ),
        (["twins", "--data", "{data}", "--out", "{new}", "--jobs", "0"], "jobs must be at least 1, got 0"),
        (["export", "{data}", "--out", "a.safetensors"], "Expected a training checkpoint"),
        (["train", "--data", "{data}", "--out", "{run}"], "already holds a run; add --resume"),
        (
            ["train", "--data", "{data}", "--out", "{run}", "--resume", "--lr", "1"],
            "A resumed run keeps its lr (0.005)",
        ),
    ],
)
def test_commands_say_in_one_sentence_what_is_wrong(arguments, message, run, data, tmp_path, capsys):
    weights = tmp_path / "tiny.safetensors"
    export(run / LAST, weights)
    with pytest.raises(SystemExit) as caught:
        main([argument.format(weights=weights, data=data, run=run, new=tmp_path / "new") for argument in arguments])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1 or "usage: " in error


def test_sizes_that_are_no_pairs_are_refused(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--data", "d", "--out", "o", "--sizes", "96"])
    assert "expected pairs like 0:96,0.6:128, got '96'" in capsys.readouterr().err


def test_training_without_accelerate_says_how_to_install_it(data, tmp_path, capsys, monkeypatch):
    for name in ("accelerate", "training.loop", "training.validation"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(SystemExit):
        main(["train", "--data", str(data), "--out", str(tmp_path / "new")])
    assert capsys.readouterr().err == "error: This needs accelerate; install it with `pip install accelerate`.\n"
