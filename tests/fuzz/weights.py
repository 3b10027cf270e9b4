"""Files of weights of every accepted kind, and some that would run code."""

import argparse
import datetime
import io
import re
import tempfile
from pathlib import Path

import numpy as np
import torch

from stvit import STViT, STViTConfig, capture, load_weights
from stvit.weights import WeightsError
from stvit.weights.content import Content
from stvit.weights.files import parse_weights, write_weights
from stvit.weights.load import model_of
from tests.support.released_state import released_state
from tests.support.unsafe_files import Payload, write_unsafe

SENTENCE = re.compile(r"['A-Z][^\n\x00-\x1f]{10,3000}\.")
MARKER = Path(tempfile.gettempdir()) / "stvit-fuzz-code-has-run"
CONFIG = STViTConfig(
    num_classes=2,
    embed_dims=(4, 4, 4, 4),
    depths=(1, 1, 1, 1),
    num_heads=(1, 2, 1, 1),
    cells=(4, 2, 1, 1),
    projection_dim=4,
    mlp_ratio=1.0,
    qkv_bias=False,
)


def model() -> STViT:
    """Return the smallest model."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return STViT(CONFIG).eval()


def seeds() -> dict[str, bytes]:
    """Return small good files, and bad ones whose code must not run."""
    own = model()
    state = own.state_dict()
    args = argparse.Namespace(lr=1.0, date=datetime.date(2024, 5, 1))
    beside = {"model": _in_one_storage(state), "args": args, "best": np.float64(1)}
    with tempfile.TemporaryDirectory() as folder:
        write_weights(Path(folder) / "a", state, CONFIG, ("a", "b"))
        full = (Path(folder) / "a").read_bytes()
        unsafe = {f"code by {how}": _unsafe(Path(folder) / how, how) for how in ("zip", "legacy", "pickle2")}
    return {
        "safetensors": full,
        "zip": _torch(beside),
        "legacy": _torch({"ema": released_state(own)}, _use_new_zipfile_serialization=False),
        "index": b'{"metadata": {}, "weight_map": {"stem.0.weight": "model-00001-of-00001.safetensors"}}',
        **unsafe,
    }


def attempt(data: bytes) -> str:
    """Load weights; what loads must answer and be captured, the rest be refused in one sentence."""
    try:
        file = parse_weights(Content(Path("fuzz.bin"), data))
        loaded = model() if file.config is None else model_of(file)[0]
        if file.config is None:
            load_weights(loaded, file.state)
    except WeightsError as error:
        if not SENTENCE.fullmatch(str(error)):
            raise AssertionError(f"no sentence: {error}") from error
        return "refused"
    finally:
        assert not MARKER.exists(), f"code has run; {MARKER} is its mark"
    run(loaded)
    return "loaded"


def run(loaded: STViT) -> None:
    """Use a model that was accepted at 64 px."""
    config = loaded.config
    pixels = torch.zeros(1, config.in_channels, 64, 64)
    blocks = [block for block in loaded.blocks() if config.mixers[block.stage] in ("super", "global")]
    logits = capture(loaded, pixels, blocks=blocks[:1]).logits if blocks else loaded(pixels)
    assert logits.shape == (1, config.num_classes or config.projection_dim)


def mend(data: bytes) -> bytes:
    """Put the length of a safetensors header right, so that what is wrong inside it is reached."""
    end = data.find(b"}}", 8) + 2
    if data[8:9] != b"{" or end < 2:
        return data
    header = data[8:end] + b" " * (-end % 8)
    body = data[end:].lstrip(b" ") if len(header) != end - 8 else data[end:]
    return len(header).to_bytes(8, "little") + header + body


def _in_one_storage(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the same numbers as views of one tensor, which makes a zip file a third as large."""
    joined = torch.cat([value.flatten().float() for value in state.values()])
    parts = joined.split([value.numel() for value in state.values()])
    return {key: part.view(value.shape) for part, (key, value) in zip(parts, state.items(), strict=True)}


def _torch(content: object, **options: bool) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)
    return buffer.getvalue()


def _unsafe(path: Path, how: str) -> bytes:
    write_unsafe(path, Payload(MARKER), how)
    return path.read_bytes()
