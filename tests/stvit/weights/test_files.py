import argparse
import contextlib
import io
import os
import pickle
import threading
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from stvit.weights import WeightsError, model_from_file
from stvit.weights.content import Content
from stvit.weights.files import read_weights
from tests.support.tiny import tiny_model
from tests.support.unsafe_files import Payload, write_unsafe

UNSAFE = ["zip", "zip4", "legacy", "torchscript", "tar", "pickle0", "pickle2", "pickle4", "pickle5"]


@pytest.fixture
def state():
    return {key: value.clone() for key, value in tiny_model().state_dict().items()}


def reason(path) -> str:
    with pytest.raises(WeightsError) as caught:
        read_weights(path)
    text = str(caught.value)
    assert repr(path.name) in text or str(path) in text
    assert text.endswith(".")
    return text


# ---------------------------------------------------------------- code in files


@pytest.mark.parametrize("through", ["builtins", "os", "eval"])
@pytest.mark.parametrize("how", UNSAFE)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_code_in_a_file_is_refused_and_did_not_run(tmp_path, how, through, suffix):
    marker = tmp_path / "ran"
    path = tmp_path / f"evil{suffix}"
    write_unsafe(path, Payload(marker, through), how)
    text = reason(path)
    assert not marker.exists()
    if suffix == ".pth" or how not in ("pickle0", "tar"):
        assert "run" in text
        assert "code" in text or "running what it holds" in text


@pytest.mark.parametrize("how", ["zip", "pickle2", "pickle4"])
def test_the_payload_would_have_run(tmp_path, how):
    """The tests above would prove nothing with a payload that never works."""
    marker = tmp_path / "ran"
    write_unsafe(tmp_path / "evil.pth", Payload(marker), how)
    if how == "zip":
        torch.load(tmp_path / "evil.pth", weights_only=False)["args"].close()
    else:
        with (tmp_path / "evil.pth").open("rb") as file:
            pickle.load(file).close()
    assert marker.exists()


@pytest.mark.filterwarnings("ignore")  # PyTorch warns when the variable works; as an error that would hide the effect
def test_the_environment_cannot_switch_the_protection_off(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    write_unsafe(tmp_path / "evil.pth", Payload(tmp_path / "ran"), "zip")
    reason(tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()


def test_the_refusal_names_the_function_and_gives_no_bad_advice(tmp_path):
    write_unsafe(tmp_path / "evil.pth", Payload(tmp_path / "ran", "os"), "zip")
    text = reason(tmp_path / "evil.pth")
    assert f"{os.system.__module__}.system" in text
    assert "model.state_dict()" in text
    with pytest.raises(WeightsError) as caught:
        read_weights(tmp_path / "evil.pth")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_pickled_model_is_refused(tmp_path):
    torch.save(tiny_model(), tmp_path / "model.pth")
    assert "it asks for stvit.model.STViT" in reason(tmp_path / "model.pth")


def test_namespace_is_allowed_only_while_a_file_is_read(tmp_path, state):
    torch.save({"model": state, "args": argparse.Namespace(lr=1)}, tmp_path / "a.pth")
    before = set(torch.serialization.get_safe_globals())  # PyTorch keeps a set: it lists the same in any order
    assert read_weights(tmp_path / "a.pth").state.keys() == state.keys()
    assert set(torch.serialization.get_safe_globals()) == before
    assert argparse.Namespace not in before


def test_a_permission_of_the_user_survives(tmp_path, state):
    torch.save({"model": state, "args": argparse.Namespace(lr=1)}, tmp_path / "a.pth")
    with torch.serialization.safe_globals([argparse.Namespace]):
        read_weights(tmp_path / "a.pth")
        assert argparse.Namespace in torch.serialization.get_safe_globals()


def test_threads_read_at_once(tmp_path, state):
    torch.save({"model": state, "args": argparse.Namespace(lr=1)}, tmp_path / "a.pth")
    errors = []

    def read():
        try:
            for _ in range(10):
                read_weights(tmp_path / "a.pth")
        except WeightsError as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert argparse.Namespace not in torch.serialization.get_safe_globals()


# ---------------------------------------------------------------- damaged and foreign files


@pytest.mark.parametrize("share", [0.0005, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_truncated_files_say_so(tmp_path, state, kind, share):
    path = tmp_path / ("a.safetensors" if kind == "safetensors" else "a.pth")
    if kind == "safetensors":
        save_file(state, path)
    else:
        torch.save({"model": state}, path, _use_new_zipfile_serialization=kind == "zip")
    data = path.read_bytes()
    path.write_bytes(data[: max(20, int(share * len(data)))])
    assert "truncated" in reason(path)


def test_truncated_inside_the_first_bytes(tmp_path, state):
    save_file(state, tmp_path / "a.safetensors")
    (tmp_path / "a.safetensors").write_bytes((tmp_path / "a.safetensors").read_bytes()[:6])
    assert "truncated" in reason(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    "text",
    ["<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title>", "\n <HTML>", "\ufeff<html lang='en'>"],
)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_web_page_says_so(tmp_path, text, suffix):
    (tmp_path / f"a{suffix}").write_text(text)
    assert "is a web page, not weights: Google Drive" in reason(tmp_path / f"a{suffix}")


def test_an_empty_file_says_so(tmp_path):
    (tmp_path / "a.pth").touch()
    assert "is empty" in reason(tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="is empty; download or copy it again"):
        Content(Path("uploaded.pth"), b"")


def test_a_directory_says_so(tmp_path):
    assert "is a directory" in reason(tmp_path)


def test_a_device_or_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.pth")
    assert "not a regular file" in reason(tmp_path / "pipe.pth")


def test_a_pointer_of_git_lfs_says_so(tmp_path):
    (tmp_path / "a.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    assert "git lfs pull" in reason(tmp_path / "a.safetensors")


@pytest.mark.parametrize("suffix", [".pth", ".zip"])
def test_a_zip_that_is_no_checkpoint_says_so(tmp_path, suffix):
    with zipfile.ZipFile(tmp_path / f"a{suffix}", "w") as archive:
        archive.writestr("stvit-small-224.pth", b"0" * 100)
    assert "zip archive but not a checkpoint" in reason(tmp_path / f"a{suffix}")


def test_a_zip_larger_inside_than_outside_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"")
        archive.writestr("archive/data/0", bytes(10_000_000))
    assert "claims more data than it has bytes" in reason(tmp_path / "a.pth")


@pytest.mark.parametrize("content", [b"hello, these are weights", b"\x00" * 600, b"\x89PNG\r\n\x1a\n" + b"\x07" * 90])
def test_other_files_say_so(tmp_path, content):
    (tmp_path / "a.pth").write_bytes(content)
    assert "is not a file of weights" in reason(tmp_path / "a.pth")


def test_a_tensor_alone_says_so(tmp_path):
    torch.save(torch.ones(3), tmp_path / "a.pth")
    assert "holds a Tensor; expected a mapping" in reason(tmp_path / "a.pth")


def test_safetensors_without_tensors_say_so(tmp_path):
    save_file({}, tmp_path / "a.safetensors")
    assert "holds no tensors" in reason(tmp_path / "a.safetensors")


def test_the_content_decides_and_not_the_name(tmp_path, state):
    save_file(state, tmp_path / "a.pth")
    torch.save(state, tmp_path / "b.safetensors")
    for name in ("a.pth", "b.safetensors"):
        assert read_weights(tmp_path / name).state.keys() == state.keys()


def test_legacy_checkpoints_load(tmp_path, state):
    torch.save({"model": state}, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    found = read_weights(tmp_path / "a.pth").state
    assert all(torch.equal(found[key], state[key]) for key in state)


def test_noise_never_gives_another_kind_of_error(tmp_path, state):
    """A hundred ways of damaging one byte: each file loads or is refused in a sentence."""
    small = {key: value for key, value in state.items() if key.startswith("classifier")}
    buffer = io.BytesIO()
    torch.save({"model": small, "args": argparse.Namespace(a=1)}, buffer)
    legacy = io.BytesIO()
    torch.save({"model": small}, legacy, _use_new_zipfile_serialization=False)
    generator = torch.Generator().manual_seed(0)
    path = tmp_path / "a.pth"
    for original in (buffer.getvalue(), legacy.getvalue()):
        for _ in range(100):
            data = bytearray(original)
            place = int(torch.randint(len(data), (), generator=generator))
            data[place] = int(torch.randint(256, (), generator=generator))
            path.write_bytes(data)
            with contextlib.suppress(WeightsError):
                read_weights(path)


def test_model_from_file_refuses_code_too(tmp_path):
    write_unsafe(tmp_path / "evil.pth", Payload(tmp_path / "ran"), "zip")
    with pytest.raises(WeightsError, match="would run code"):
        model_from_file(tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()
