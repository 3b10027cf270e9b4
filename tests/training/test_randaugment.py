import numpy as np
import pytest
from PIL import Image

from training import randaugment
from training.crops import generator
from training.randaugment import FILL, OPERATIONS, rand_augment

PICTURE = generator(3).integers(0, 256, (40, 60, 3), np.uint8)

PUBLISHED = {
    "autocontrast": None,
    "equalise": None,
    "invert": None,
    "rotate": {-27, 27},
    "posterise": {1},
    "solarise": {26},
    "solarise_add": {99},
    "colour": {0.19, 1.81},
    "contrast": {0.19, 1.81},
    "brightness": {0.19, 1.81},
    "sharpness": {0.19, 1.81},
    "shear_x": {-0.27, 0.27},
    "shear_y": {-0.27, 0.27},
    "translate_x": {-0.405, 0.405},
    "translate_y": {-0.405, 0.405},
}
"""What timm's "rand-m9-inc1" gives each operation at level 9 of 10."""

LIMITS = {
    "rotate": (-30, 30),
    "posterise": (0, 4),
    "solarise": (0, 256),
    "solarise_add": (0, 110),
    "colour": (0.1, 1.9),
    "shear_x": (-0.3, 0.3),
    "translate_y": (-0.45, 0.45),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_each_operation_has_the_published_strength_at_level_nine(name):
    argument, _ = OPERATIONS[name]
    drawn = {round(float(argument(9.0, generator(seed))), 6) for seed in range(40)}
    assert PUBLISHED[name] is None or drawn == PUBLISHED[name]
    assert set(OPERATIONS) == set(PUBLISHED)


@pytest.mark.parametrize("name", LIMITS)
def test_ranges_end_where_the_published_ones_do(name):
    argument, _ = OPERATIONS[name]
    drawn = [argument(level, generator(seed)) for level in np.linspace(0, 10, 101) for seed in range(4)]
    assert (min(drawn), max(drawn)) == pytest.approx(LIMITS[name])


def test_levels_and_chances_are_those_of_the_policy(monkeypatch):
    levels = []
    kept = {"note": (lambda level, _: levels.append(level) or level, lambda image, _: image)}
    monkeypatch.setattr(randaugment, "OPERATIONS", kept)
    random = generator(0)
    for _ in range(4000):
        rand_augment(PICTURE, 2, 9, random)
    assert abs(len(levels) / 8000 - 0.5) < 0.02
    drawn = np.array(levels)
    assert abs(drawn.mean() - 9) < 0.03
    assert 0.45 < drawn.std() < 0.52
    assert drawn.max() == 10  # cut there
    every = [np.clip(generator(seed).normal(9, 0.5), 0, 10) for seed in range(4000)]
    assert abs((drawn == 10).mean() - np.mean(np.array(every) == 10)) < 0.01


def test_operations_are_drawn_alike_and_with_repetition(monkeypatch):
    applied = []
    noting = {
        name: (lambda level, _: level, lambda image, _, name=name: applied.append(name) or image) for name in OPERATIONS
    }
    monkeypatch.setattr(randaugment, "OPERATIONS", noting)
    monkeypatch.setattr(randaugment, "PROBABILITY", 1.0)
    random = generator(1)
    for _ in range(3000):
        rand_augment(PICTURE, 2, 9, random)
    seen = list(zip(applied[::2], applied[1::2], strict=True))
    assert len(seen) == 3000
    counts = np.array([sum(name in pair for pair in seen) for name in OPERATIONS])
    assert abs(counts / 3000 - 0.129).max() < 0.03
    assert any(first == second for first, second in seen)


def test_operations_do_what_they_are_called():
    image = Image.fromarray(PICTURE)

    def run(name, value):
        return np.asarray(OPERATIONS[name][1](image, value))

    np.testing.assert_array_equal(run("invert", 9), 255 - PICTURE)
    np.testing.assert_array_equal(run("posterise", 1), PICTURE & 0b10000000)
    np.testing.assert_array_equal(run("solarise", 26), np.where(PICTURE < 26, PICTURE, 255 - PICTURE))
    dark = PICTURE < 128
    np.testing.assert_array_equal(
        run("solarise_add", 99), np.where(dark, np.minimum(PICTURE.astype(int) + 99, 255), PICTURE)
    )
    moved = run("translate_x", 0.25)  # 15 pixels to the left
    np.testing.assert_array_equal(moved[:, :40], PICTURE[:, 15:55])
    assert (moved[:, -10:] == FILL).all()
    np.testing.assert_array_equal(run("rotate", 180), PICTURE[::-1, ::-1])
    assert abs(run("brightness", 0.5).astype(int) - PICTURE / 2).max() <= 1
    assert abs(run("colour", 0.0).astype(int).std(2)).max() == 0
    factor_one = [run(name, 1.0) for name in ("colour", "contrast", "brightness", "sharpness")]
    assert all(np.array_equal(same, PICTURE) for same in factor_one)


def test_pictures_keep_their_shape_and_depend_on_the_generator_only():
    first = [rand_augment(PICTURE, 2, 9, generator(seed)) for seed in range(30)]
    again = [rand_augment(PICTURE, 2, 9, generator(seed)) for seed in range(30)]
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert {picture.shape for picture in first} == {PICTURE.shape}
    assert any(not np.array_equal(picture, PICTURE) for picture in first)
