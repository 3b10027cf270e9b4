"""The sample pictures load from the installed package alone."""

import socket

import pytest

from stvit.images import prepare
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
