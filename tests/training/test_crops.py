import numpy as np
import pytest

from training.crops import central_squares, crop_boxes, erased_boxes, generator

SCALE, RATIO = (0.08, 1.0), (3 / 4, 4 / 3)


def boxes_of(height, width, scale=SCALE, ratio=RATIO, count=40000):
    return crop_boxes(np.full(count, height), np.full(count, width), scale, ratio, generator(0)).T


def torchvision_crop(height, width, random):
    """Return the sides of one crop as torchvision draws them: ten tries, then the largest central box."""
    for _ in range(10):
        area = height * width * random.uniform(*SCALE)
        aspect = np.exp(random.uniform(np.log(RATIO[0]), np.log(RATIO[1])))
        wide, tall = round(np.sqrt(area * aspect)), round(np.sqrt(area / aspect))
        if 0 < wide <= width and 0 < tall <= height:
            return tall, wide
    return min(height, round(width / RATIO[0])), min(width, round(height * RATIO[1]))


@pytest.mark.parametrize(("height", "width"), [(224, 224), (375, 500), (500, 100)])
def test_crops_are_drawn_as_torchvision_draws_them(height, width):
    top, left, tall, wide = boxes_of(height, width)
    assert min(top.min(), left.min()) >= 0
    assert (top + tall).max() <= height
    assert (left + wide).max() <= width
    random = generator(1)
    drawn = np.array([torchvision_crop(height, width, random) for _ in range(20000)])
    for ours, theirs in ((tall, drawn[:, 0]), (wide, drawn[:, 1]), (tall * wide, drawn.prod(1))):
        assert abs(ours.mean() - theirs.mean()) < 4 * theirs.std() / np.sqrt(20000) * 1.3
        assert ours.std() == pytest.approx(theirs.std(), rel=0.04)


def test_the_mean_area_of_crops_of_a_square_is_the_published_one():
    _, _, tall, wide = boxes_of(224, 224)
    assert abs((tall * wide).mean() / 224**2 - 0.478) < 0.004  # 0.536 where boxes that do not fit are cut


def test_places_of_crops_are_uniform():
    top, _, tall, _ = boxes_of(100, 100, scale=(0.25, 0.25), ratio=(1, 1))
    assert set(tall) == {50}
    assert set(top) == set(range(51))
    assert abs(top.mean() - 25) < 0.3


def test_a_picture_that_no_crop_fits_gives_its_largest_central_box():
    top, left, tall, wide = boxes_of(500, 10, scale=(0.9, 1.0), count=20)
    assert set(zip(top, left, tall, wide, strict=True)) == {(243, 0, 13, 10)}  # 10 wide, at most 10 / (3 / 4) high


def test_erased_boxes_have_the_published_chance_and_size():
    boxes = erased_boxes(40000, 100, 0.25, generator(0))
    area = boxes[:, 2] * boxes[:, 3]
    assert abs((area > 0).mean() - 0.25) < 0.01
    assert area[area > 0].min() / 1e4 > 0.019
    assert area.max() / 1e4 < 0.345  # rounded sides
    ratio = boxes[area > 0, 2] / boxes[area > 0, 3]
    assert 0.27 < ratio.min() < 0.35
    assert 2.9 < ratio.max() < 3.7
    assert (boxes[:, 0] + boxes[:, 2]).max() <= 100
    assert (boxes[:, 2:] < 100).all()
    assert not erased_boxes(10, 100, 0.0, generator(0))[:, 2:].any()


def test_central_squares_are_central():
    assert central_squares(np.array([10, 30]), np.array([20, 21])).tolist() == [[0, 5, 10, 10], [4, 0, 21, 21]]
