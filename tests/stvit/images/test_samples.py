"""The sample pictures load from the installed package alone."""

import socket

import numpy as np
import pytest
from skimage import data

from stvit.images import load_image, prepare
from stvit.images.samples import sample_images


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a sample image asked for the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name", sample_images())
def test_each_sample_is_a_colour_picture(name):
    picture = sample_images()[name]()
    assert picture.name == name
    assert min(picture.height, picture.width) >= 224
    # A grey picture saved as RGB would be no good for superpixels.
    assert picture.array.std(axis=2).mean() > 2
    assert prepare(picture).pixels.shape == (1, 3, 224, 224)


def test_samples_differ_and_stay_the_same():
    digests = [read().sha256 for read in sample_images().values()]
    assert len(set(digests)) == len(digests) == 7
    assert digests == [read().sha256 for read in sample_images().values()]


@pytest.mark.parametrize(
    ("name", "original"),
    [
        ("astronaut", data.astronaut),
        ("cat", data.chelsea),
        ("coffee", data.coffee),
        ("rocket", data.rocket),
        ("galaxies", data.hubble_deep_field),
        ("tissue", data.immunohistochemistry),
    ],
)
def test_samples_of_scikit_image_are_its_own_pictures(name, original):
    mine, theirs = sample_images()[name](), load_image(original(), name=name)
    assert np.array_equal(mine.array, theirs.array)
    assert mine.sha256 == theirs.sha256
