"""Files of human segmentations: what was saved comes back, and everything else is one sentence."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from analysis.grouping.label_files import LabelFileError
from analysis.superpixels.truth_formats import labels_of_masks, read_truth

LABELS = np.arange(36 * 48).reshape(36, 48) // 150


def bsds(*maps, name="groundTruth", field="Segmentation"):
    """Return the bytes of a file laid out as those of BSDS500."""
    cells = np.empty((1, len(maps)), dtype=object)
    for number, labels in enumerate(maps):
        cells[0, number] = {field: labels, "Boundaries": (labels > 3).astype(np.uint8)}
    buffer = io.BytesIO()
    savemat(buffer, {name: cells, "other": np.ones(3)})
    return buffer.getvalue()


def png(array, mode=None):
    buffer = io.BytesIO()
    image = Image.fromarray(array)
    (image if mode is None else image.convert(mode)).save(buffer, "PNG")
    return buffer.getvalue()


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def test_annotators_of_bsds_come_back():
    maps = [(LABELS + 1).astype(np.uint16), (LABELS[::-1] % 4).astype(np.uint16)]
    found = read_truth(".mat", bsds(*maps))
    assert not found.may_ignore
    for read, saved in zip(found.maps, maps, strict=True):
        np.testing.assert_array_equal(read, saved)


@pytest.mark.parametrize(
    ("array", "may_ignore"), [(LABELS.astype(np.uint8), True), ((LABELS * 500).astype(np.uint16), False)]
)
def test_label_pictures_come_back(array, may_ignore):
    found = read_truth(".PNG", png(array))
    np.testing.assert_array_equal(found.maps[0], array)
    assert found.may_ignore == may_ignore


def test_a_palette_picture_is_read_by_its_numbers():
    image = Image.fromarray(LABELS.astype(np.uint8), "L")
    image.putpalette(list(range(255, -1, -1)) * 3)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    found = read_truth(".png", buffer.getvalue())
    np.testing.assert_array_equal(found.maps[0], LABELS)
    assert found.may_ignore


def test_label_maps_and_masks_of_an_npz_are_annotators():
    masks = np.stack([LABELS >= 0, LABELS == 2, LABELS >= 6])
    found = read_truth(".npz", npz(first=LABELS, second=masks, third=masks.astype(np.uint8)))
    assert len(found.maps) == 3
    np.testing.assert_array_equal(found.maps[0], LABELS)
    np.testing.assert_array_equal(found.maps[1], found.maps[2])


def test_small_masks_lie_over_large_ones_and_the_rest_is_background():
    masks = np.zeros((2, 4, 6), bool)
    masks[0, 1:3, 1:3], masks[1, :, :4] = True, True
    expected = np.array([[2, 2, 2, 2, 0, 0], [2, 1, 1, 2, 0, 0], [2, 1, 1, 2, 0, 0], [2, 2, 2, 2, 0, 0]])
    np.testing.assert_array_equal(labels_of_masks(masks), expected)


@pytest.mark.parametrize(
    ("suffix", "data", "words"),
    [
        (".txt", b"", r"a file of .mat, .png, .npz, got '.txt'"),
        (".mat", b"", "cannot be read as .mat"),
        (".mat", bsds(LABELS)[:200], "cannot be read as .mat"),
        (".mat", bsds(LABELS, name="truth"), "no groundTruth cells"),
        (".mat", bsds(LABELS, field="Regions"), "no Segmentation"),
        (".mat", bsds(LABELS / 2), "label maps .* got float64"),
        (".png", b"no picture", "cannot be read as .png"),
        (".png", png(np.zeros((40, 40, 3), np.uint8)), "holds colours"),
        (".npz", b"no archive", "cannot be read as .npz"),
        (".npz", npz(a=LABELS / 2), "label maps .* got float64"),
        (".npz", npz(a=np.arange(24).reshape(2, 3, 4)), "masks .* got int64"),
        (".npz", npz(a=LABELS - 3), "from 0 to .* got -3"),
        (".npz", npz(a=np.array([{"x": 1}], dtype=object)), "cannot be read as .npz"),
    ],
)
def test_what_is_no_truth_is_one_sentence(suffix, data, words):
    with pytest.raises(LabelFileError, match=words) as caught:
        read_truth(suffix, data)
    assert "\n" not in str(caught.value)


def test_arrays_beyond_the_limit_are_not_unpacked(monkeypatch):
    monkeypatch.setattr("analysis.grouping.label_files.MAX_UNPACKED", 300)
    with pytest.raises(LabelFileError, match="more than the limit of 300"):
        read_truth(".npz", npz(a=LABELS))
