"""What the explorer's tests share: a small capture with sharp attention, Python's rows, and Node's."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load

from analysis.attention.baselines import block_attention, global_attention, local_attention
from stvit import BlockRecord, Capture, capture
from tests.support.paths import ROOT
from tests.support.tiny import tiny_model, tiny_pixels
from ui.explorer.payload import HEADER

TESTS = ROOT / "tests" / "ui" / "explorer"
TOLERANCE = 1e-3
"""Of a row's largest weight: what sending numbers in 16 bits may change."""

MEAN = -1

READY = ".explorer .body[aria-busy=false]"
"""Selects the panels once their block has arrived."""

SHARPNESS = 4
"""Factor of queries, keys and values that makes the largest weights many times the uniform one."""


def sharp_capture(height: int = 96, width: int = 100, association: Any = None, **overrides: Any) -> Capture:
    """Return a capture of a small model whose attention is far from uniform."""
    model = tiny_model(**overrides)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "qkv" in name:
                parameter.mul_(SHARPNESS)
    return capture(model, tiny_pixels(1, height, width), association=association)


def node(*arguments: str, stdin: str = "") -> str:
    """Run Node and return what it printed; without Node the test skips."""
    path = shutil.which("node")
    if path is None:
        pytest.skip("Node is not installed; the browser tests run the same JavaScript")
    done = subprocess.run([path, *arguments], input=stdin, capture_output=True, text=True, timeout=120, cwd=TESTS)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def node_answers(payload: bytes, requests: list[dict[str, Any]], folder: Path) -> list[Any]:
    """Return what the explorer's JavaScript computes from a payload."""
    path = folder / "payload.bin"
    path.write_bytes(payload)
    return json.loads(node("explorer_rows.mjs", str(path), stdin=json.dumps(requests)))


def read_payload(payload: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the header and the arrays of a payload."""
    length = int.from_bytes(payload[:8], "little")
    metadata = json.loads(payload[8 : 8 + length])["__metadata__"]
    return json.loads(metadata[HEADER]), load(payload)


SOURCES = {"super": block_attention, "global": global_attention, "local": local_attention}


def python_rows(record: BlockRecord, kind: str, head: int, incoming: bool) -> np.ndarray:
    """Return all rows or columns that the library computes, (N, N)."""
    dense = SOURCES[kind](record).to_dense()
    rows = dense.mean(0) if head == MEAN else dense[head]
    return (rows.T if incoming else rows).numpy()


def python_row(record: BlockRecord, kind: str, token: int, head: int, incoming: bool) -> np.ndarray:
    """Return the row or column that the library computes."""
    source = SOURCES[kind](record)
    read = source.column if incoming else source.row
    return read(token, None if head == MEAN else head).numpy()


def check_close(found: Any, expected: np.ndarray) -> None:
    """Check a row to 1e-3 of its largest weight."""
    assert np.abs(np.asarray(found) - expected).max() <= TOLERANCE * expected.max()


def note(page: Any) -> str:
    """Return what is written above the picture: the anchor's place."""
    return page.locator(".chooser .note").inner_text()


def choose(page: Any, text: str) -> None:
    """Click a choice of the toolbar."""
    page.locator(".toolbar label", has_text=re.compile(f"^{re.escape(text)}$")).click()
