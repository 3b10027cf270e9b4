"""The bytes of a picture are read once, from files only."""

import hashlib
import io
import os
import socket

import numpy as np
import pytest

from stvit.images import ImageError, ImageLimits, load_image, prepare, read_picture
from tests.support.picture_files import encode, smooth


def test_what_is_hashed_is_what_is_measured(tmp_path):
    data = encode(smooth(), "PNG")
    path = tmp_path / "leaf.png"
    path.write_bytes(data)
    picture = read_picture(path)
    path.write_bytes(encode(smooth(1), "PNG"))  # The file changes after it was read.
    assert (picture.name, picture.data, picture.sha256) == ("leaf.png", data, hashlib.sha256(data).hexdigest())
    for loaded in (load_image(picture), prepare(picture, 64).source):
        assert np.array_equal(loaded.array, smooth())
        assert (loaded.sha256, loaded.name) == (picture.sha256, "leaf.png")
    assert repr(data) not in repr(picture)


def test_bytes_files_and_pictures_already_read(tmp_path):
    data = encode(smooth(), "PNG")
    path = tmp_path / "leaf.png"
    path.write_bytes(data)
    with path.open("rb", buffering=0) as unbuffered:
        for source in (data, bytearray(data), memoryview(data), io.BytesIO(data), unbuffered, read_picture(data)):
            assert read_picture(source, name="oak").data == data
            assert read_picture(source, name="oak").name == "oak"
    with pytest.raises(ImageError, match="the most that is accepted"):
        read_picture(read_picture(data), ImageLimits(max_bytes=len(data) - 1))


def test_a_file_that_gives_less_than_was_asked_for_is_read_to_its_end():
    class Trickle(io.BytesIO):
        def read(self, count=-1):
            return super().read(min(count, 7))

    data = encode(smooth(), "PNG")
    assert read_picture(Trickle(data)).data == data


def test_a_file_object_can_fail_in_any_way():
    class Broken(io.BytesIO):
        def read(self, count=-1):
            raise RuntimeError("the disk is gone")

    with pytest.raises(ImageError, match=r"cannot be read \(the disk is gone\)"):
        read_picture(Broken())


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    folder, pipe, loop, server = (tmp_path / name for name in ("folder.png", "pipe.png", "loop.png", "socket.png"))
    folder.mkdir()
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    with socket.socket(socket.AF_UNIX) as open_socket:
        open_socket.bind(str(server))
        cases = {folder: "a folder", pipe: "a named pipe", server: "a socket", "/dev/zero": "a device"}
        for path, kind in cases.items():
            for read in (read_picture, load_image, prepare):
                with pytest.raises(ImageError, match=f"is {kind}; choose a picture file"):
                    read(path)
    with pytest.raises(ImageError, match="levels of symbolic links"):
        read_picture(loop)


def test_a_name_that_is_not_utf8_can_be_read_and_printed(tmp_path):
    path = os.fsencode(tmp_path) + b"/caf\xe9.png"
    with open(path, "wb") as file:
        file.write(encode(smooth(), "PNG"))
    loaded = load_image(os.fsdecode(path))
    assert loaded.name == "caf\\udce9.png"
    assert loaded.name.encode()
    os.unlink(path)
    with pytest.raises(ImageError) as caught:
        load_image(os.fsdecode(path))
    assert str(caught.value).encode()
