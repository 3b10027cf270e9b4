"""Pictures as the preprocessor file asks for, against the image processors of transformers."""

import json
from importlib import import_module

import numpy as np
import pytest
import torch

from analysis.backbones import load_backbone
from analysis.backbones.preprocessing import Preprocessing
from tests.support.tiny_backbones import saved, tiny_network

HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
NET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}

FILES = {
    "vit": ("vit", {"do_resize": True, "size": {"height": 40, "width": 48}, "resample": 2, **HALF}),
    "vit, as first written": ("vit", {"do_normalize": True, "do_resize": True, "size": 40, "resample": 2, **HALF}),
    "deit": (
        "deit",
        {
            "image_processor_type": "DeiTImageProcessor",
            "size": {"height": 51, "width": 51},
            "crop_size": {"height": 40, "width": 40},
            "do_center_crop": True,
            "resample": 3,
            **NET,
        },
    ),
    "dinov2": (
        "bit",
        {
            "image_processor_type": "BitImageProcessor",
            "size": {"shortest_edge": 51},
            "crop_size": {"height": 40, "width": 40},
            "do_center_crop": True,
            "rescale_factor": 0.00392156862745098,
            "resample": 3,
            **NET,
        },
    ),
    "dinov2, as first written": (
        "bit",
        {"feature_extractor_type": "BitFeatureExtractor", "size": 51, "crop_size": 40, "resample": 3, **NET},
    ),
    "neither resized nor normalised": (
        "vit",
        {"do_resize": False, "do_normalize": False, "size": 40, "resample": 2, **HALF},
    ),
}
PICTURES = [(64, 90), (91, 63), (51, 51)]


def picture(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def read(tmp_path, settings):
    path = tmp_path / "preprocessor_config.json"
    path.write_text(json.dumps(settings))
    return Preprocessing.read(path)


@pytest.mark.parametrize("size", PICTURES)
@pytest.mark.parametrize("name", FILES)
def test_pixels_are_those_of_the_models_own_processor(tmp_path, name, size):
    kind, settings = FILES[name]
    module = import_module(f"transformers.models.{kind}.image_processing_pil_{kind}")
    processor = next(value for key, value in vars(module).items() if key.lower() == f"{kind}imageprocessorpil")
    own = {key: value for key, value in settings.items() if not key.endswith("_type")}
    if kind == "bit":
        own.setdefault("do_center_crop", True)
    expected = processor(**own)(images=picture(*size), return_tensors="pt")["pixel_values"]
    prepared = read(tmp_path, settings).prepare(picture(*size))
    torch.testing.assert_close(prepared.pixels, expected.float(), rtol=0, atol=2e-6)
    assert prepared.shown.shape == (*prepared.framing.size, 3)


def test_the_way_back_to_the_picture(tmp_path):
    prepared = read(tmp_path, FILES["dinov2"][1]).prepare(picture(102, 204))
    assert (prepared.framing.resized, prepared.framing.corner, prepared.framing.size) == ((51, 102), (5, 31), (40, 40))
    np.testing.assert_allclose(prepared.framing.box, (10, 62, 90, 142))


@pytest.mark.parametrize(
    ("name", "size", "resized", "corner"),
    [
        ("vit", 64, (64, 64), (0, 0)),
        ("vit", (32, 64), (32, 64), (0, 0)),
        ("deit", 80, (102, 102), (11, 11)),
        ("dinov2", 80, (102, 204), (11, 62)),
        ("dinov2", (40, 80), (102, 204), (31, 62)),
    ],
)
def test_another_size_keeps_the_margin(tmp_path, name, size, resized, corner):
    framing = read(tmp_path, FILES[name][1]).prepare(picture(102, 204), size).framing
    assert (framing.resized, framing.corner) == (resized, corner)
    assert framing.size == (size if isinstance(size, tuple) else (size, size))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "'size'"),
        ({**FILES["vit"][1], "size": {"longest_edge": 3}}, "a size of longest_edge is unknown"),
        ({**FILES["vit"][1], "image_mean": [0.5]}, "1 channels"),
        ({**FILES["vit"][1], "resample": 99}, "99"),
        ({**FILES["vit"][1], "size": "large"}, "not a preprocessor file"),
        ([], "not a preprocessor file"),
    ],
)
def test_files_that_say_something_else_are_one_sentence(tmp_path, settings, words):
    with pytest.raises(ValueError, match=words) as caught:
        read(tmp_path, settings)
    assert "expected size, image_mean and image_std" in str(caught.value)


def test_a_crop_that_does_not_fit_is_refused(tmp_path):
    settings = {**FILES["deit"][1], "size": {"height": 30, "width": 30}}
    with pytest.raises(ValueError, match="crops 40 x 40 pixels out of 30 x 30; give a larger picture"):
        read(tmp_path, settings).prepare(picture(64, 64))


def test_a_backbone_prepares_what_it_captures(folder, tmp_path):
    import shutil

    copy = shutil.copytree(folder("vit"), tmp_path / "vit")
    with pytest.raises(ValueError, match=r"holds no preprocessor_config.json, .*; put it there"):
        load_backbone(copy).prepare(picture(64, 64))
    (copy / "preprocessor_config.json").write_text(json.dumps(FILES["vit"][1]))
    backbone = load_backbone(copy)
    prepared = backbone.prepare(picture(64, 64))
    assert len(backbone.capture(prepared.pixels)) == 2
    with pytest.raises(ValueError, match="multiples of 8 pixels, got 60 x 60"):
        backbone.prepare(picture(64, 64), 60)


@pytest.mark.parametrize(
    ("kind", "settings", "size", "sides"),
    [
        ("dinov2", {"patch_size": 14}, 42, [14]),  # a grid of 3 x 3, which tokens of 16 px would have too
        ("vit", {"patch_size": 16, "image_size": 64}, 64, [16]),
        ("swin", {"patch_size": 2, "window_size": 2}, 36, [2, 4]),
    ],
)
def test_boxes_of_tokens_are_exact(tmp_path, kind, settings, size, sides):
    folder = saved(tiny_network(kind, **settings), tmp_path)
    (folder / "preprocessor_config.json").write_text(json.dumps({"size": 40, "resample": 2, **HALF}))
    backbone = load_backbone(folder)
    prepared = backbone.prepare(picture(2 * size, 3 * size), size)
    cap = backbone.capture(prepared.pixels)
    for record in cap.values():
        side = sides[record.id.stage]
        for token in range(record.grid.num_tokens):
            row, column = record.grid.position(token)
            expected = 2 * side * row, 3 * side * column, 2 * side * (row + 1), 3 * side * (column + 1)
            box = prepared.token_box(record.grid, token)
            np.testing.assert_allclose(box, expected)
            assert prepared.token_at(record.grid, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2) == token
