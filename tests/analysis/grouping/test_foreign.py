"""Groups from a file: what was saved comes back, lies where the picture lies, and everything else is one sentence."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from analysis.foreign_change import foreign_change
from analysis.grouping.foreign import ForeignGroups, foreign_method, read_groups
from analysis.grouping.framed import framed_labels, majority_labels
from analysis.grouping.groupings import grouping_of
from analysis.grouping.label_files import LabelFileError
from analysis.grouping.tasks import task_of
from stvit import BlockId, TokenGrid, capture, create_model
from stvit.images import Framing, prepare

GRID = TokenGrid(16, 24, 8)
LABELS = np.arange(64 * 96).reshape(64, 96) // (64 * 96 // 6)


def npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def png(array) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def picture():
    """Sixteen squares of plain colours, 200 x 300, cropped to 64 x 64 as the published evaluation does."""
    random = np.random.default_rng(0)
    return prepare(random.integers(0, 256, (4, 6, 3), np.uint8).repeat(50, 0).repeat(50, 1), 64)


@pytest.fixture(scope="module")
def learned(picture):
    return capture(create_model("stvit_demo", seed=0).eval(), picture.pixels)


def test_label_maps_come_back():
    for name, data in (("a.NPZ", npz(a=LABELS)), ("a.png", png(LABELS.astype(np.uint8)))):
        found = read_groups(name, data)
        assert found.weights is None
        np.testing.assert_array_equal(found.labels, LABELS)


def test_both_forms_of_an_association_come_back():
    weight = np.array([[0.25, 0.75], [1.0, 0.0]], np.float32)
    dense = read_groups("q.npz", npz(q=weight))
    sparse = read_groups("q.npz", npz(index=np.array([[4, -1], [2, 4]]), weight=weight))
    for found, index in ((dense, [[0, 1], [0, 1]]), (sparse, [[4, -1], [2, 4]])):
        np.testing.assert_array_equal(found.weights[0], index)
        np.testing.assert_array_equal(found.weights[1], weight)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.txt", b"", "a file of .npz, .png, got '.txt'"),
        ("a.png", b"no picture", r"cannot be read as .png; save it again\.$"),
        ("a.png", png(np.zeros((4, 4, 3), np.uint8)), "holds colours"),
        ("a.npz", npz(), "got 0 arrays"),
        ("a.npz", npz(a=LABELS, b=LABELS), r"got 2 arrays \(a, b\)"),
        ("a.npz", npz(a=np.zeros((2, 3, 4), int)), r"got int64 of shape \(2, 3, 4\)"),
        ("a.npz", npz(a=np.array([[{}]], dtype=object)), "cannot be read as .npz"),
        ("a.npz", npz(a=LABELS - 3), "from 0 to .*, got -3"),
        ("a.npz", npz(a=np.full((4, 2), np.nan)), "NaN or infinity"),
        ("a.npz", npz(a=np.array([[1.5, -0.5]])), "at least 0, got -0.5"),
        ("a.npz", npz(a=np.array([[1.0, 0.0], [0.5, 0.4]])), "row 1 sums to 0.9"),
        ("a.npz", npz(a=LABELS.astype(float)), "save labels as whole numbers"),
        ("a.npz", npz(index=np.zeros((3, 2), int), weight=np.ones((3, 1))), "got index: int64 of shape"),
        ("a.npz", npz(index=np.zeros((3, 1)), weight=np.ones((3, 1))), "got index: float64 of shape"),
        ("a.npz", npz(index=np.full((3, 1), -2), weight=np.ones((3, 1))), "got -2"),
        ("a.npz", npz(index=np.array([[0], [-1]]), weight=np.ones((2, 1))), "a token without any"),
    ],
)
def test_what_holds_no_groups_is_one_sentence(name, data, words):
    with pytest.raises(LabelFileError, match=words) as caught:
        read_groups(name, data)
    assert "\n" not in str(caught.value)


def test_labels_are_framed_as_the_picture_is(picture):
    """A plain square keeps its colour wherever the resize did not mix it with its neighbours."""
    squares = (np.arange(200)[:, None] // 50 * 6 + np.arange(300) // 50).astype(np.int64)
    found = framed_labels(squares, picture.framing)
    agree = np.zeros(found.shape, bool)
    for number in range(24):
        centre = picture.source.array[number // 6 * 50 + 25, number % 6 * 50 + 25]
        near = np.abs(picture.shown.astype(int) - centre).max(axis=-1) <= 8
        agree |= near & (found == number)
    assert agree.mean() > 0.75
    inner = (np.diff(found, axis=0, append=-1) == 0) & (np.diff(found, axis=0, prepend=-1) == 0)
    inner &= (np.diff(found, axis=1, append=-1) == 0) & (np.diff(found, axis=1, prepend=-1) == 0)
    inner[0] = inner[-1] = inner[:, 0] = inner[:, -1] = False
    assert agree[2:-2, 2:-2][inner[2:-2, 2:-2]].mean() > 0.9


def test_framing_is_that_of_a_slow_loop():
    framing, labels = Framing((5, 7), (8, 9), (1, 2), (6, 6)), np.arange(35).reshape(5, 7)
    slow = [[labels[int((y + 1.5) * 5 / 8), int((x + 2.5) * 7 / 9)] for x in range(6)] for y in range(6)]
    np.testing.assert_array_equal(framed_labels(labels, framing), slow)


def test_the_majority_is_that_of_a_slow_loop():
    labels = np.random.default_rng(0).integers(0, 4, (12, 15)) * 7
    found = majority_labels(labels, 4, 5)
    for row in range(4):
        for column in range(5):
            inside = labels[3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
            assert found[row, column] == np.bincount(inside.ravel()).argmax()


@pytest.mark.parametrize("size", ["original", "shown", "tokens"])
def test_a_label_map_may_have_three_sizes(picture, learned, size):
    record = learned[BlockId(0, 0)]
    shape = {"original": (200, 300), "shown": (64, 64), "tokens": (16, 16)}[size]
    labels = np.zeros(shape, np.int64)
    labels[:, shape[1] // 2 :] = 3
    method = foreign_method(ForeignGroups("halves.png", labels), picture.framing)
    expected = np.repeat([[0, 3]], 8, axis=1).repeat(16, axis=0)
    np.testing.assert_array_equal(method.segment(task_of(picture.shown, record.grid)).labels, expected)
    pixels = grouping_of(method, picture.shown, record, on="pixel").labels
    assert pixels.shape == ((16, 16) if size == "tokens" else (64, 64))


def test_another_size_is_one_sentence(picture, learned):
    method = foreign_method(ForeignGroups("x.png", np.zeros((7, 9), np.int64)), picture.framing)
    words = r"7 x 9 .* the picture \(200 x 300\) or what the model sees \(64 x 64\) or the tokens \(16 x 16\)"
    with pytest.raises(LabelFileError, match=words):
        method.segment(task_of(picture.shown, learned[BlockId(0, 0)].grid))


def test_an_association_of_other_tokens_is_one_sentence(picture, learned):
    groups = ForeignGroups("q.npz", weights=(np.zeros((10, 1), np.int64), np.ones((10, 1))))
    with pytest.raises(LabelFileError, match="of 10 tokens and this block has 256"):
        foreign_method(groups, picture.framing).segment(task_of(picture.shown, learned[BlockId(0, 0)].grid))
    with pytest.raises(LabelFileError, match="of 10 tokens; blocks with super tokens have 256 or 64 here"):
        foreign_change(groups, picture.framing, learned)


def test_the_heaviest_real_group_of_a_token_is_its_label():
    grid = TokenGrid(1, 2, 1)
    weights = (np.array([[1, -1], [0, 1]]), np.array([[0.2, 0.8], [0.4, 0.6]]))
    method = foreign_method(ForeignGroups("q.npz", weights=weights), Framing((4, 8), (4, 8), (0, 0), (4, 8)))
    found = method.segment(task_of(np.zeros((4, 8, 3), np.uint8), grid))
    np.testing.assert_array_equal(found.labels, [[1, 1]])


def test_the_learned_association_from_a_file_changes_nothing(picture, learned):
    """Q of stage 1, written to a file and put back, gives the run that it came from; stage 2 keeps its own."""
    model = create_model("stvit_demo", seed=0).eval()
    first = learned[BlockId(0, 0)].association.to_sparse()
    data = npz(index=first.index[0].numpy(), weight=first.weight[0].numpy())
    change = foreign_change(read_groups("q.npz", data), picture.framing, learned)
    changed = change.variant(picture.shown).run(model, picture.pixels)
    torch.testing.assert_close(changed[BlockId(0, 0)].output, learned[BlockId(0, 0)].output, atol=1e-6, rtol=1e-5)
    assert change.variant(picture.shown).blocks == (BlockId(0, 0), BlockId(0, 1))


def test_a_label_map_changes_every_block_and_may_have_any_numbers(picture, learned):
    model = create_model("stvit_demo", seed=0).eval()
    labels = np.repeat([[5, 900]], 8, axis=1).repeat(16, axis=0)
    change = foreign_change(ForeignGroups("halves.png", labels), picture.framing, learned)
    with pytest.raises(LabelFileError, match=r"16 x 16 .* the tokens \(8 x 8\)"):
        change.variant(picture.shown).run(model, picture.pixels)
    whole = labels.repeat(4, axis=0).repeat(4, axis=1)
    change = foreign_change(ForeignGroups("halves.png", whole), picture.framing, learned)
    changed = change.variant(picture.shown).run(model, picture.pixels)
    for record in changed.values():
        if not record.grid.is_identity:
            half = np.arange(record.grid.width) >= record.grid.width // 2
            np.testing.assert_array_equal(record.labels()[0].numpy(), np.tile(half, (record.grid.height, 1)))


def test_more_groups_than_super_tokens_are_one_sentence(picture, learned):
    model = create_model("stvit_demo", seed=0).eval()
    many = np.arange(64 * 64).reshape(64, 64) // 16
    change = foreign_change(ForeignGroups("many.png", many), picture.framing, learned)
    with pytest.raises(LabelFileError, match=r"64 groups .* only 4 super tokens"):
        change.variant(picture.shown).run(model, picture.pixels)
