"""Time and peak memory of one attention block by picture size, with and without super tokens."""

import json
import subprocess
import sys
from statistics import median

import torch

from analysis.cost import counted_macs, super_token_attention_macs
from benchmarks.memory import peak_mib
from benchmarks.timing import seconds
from stvit import get_config
from stvit.attention import SuperTokenAttention
from stvit.grid import stage_grid

SIZES = (32, 64, 128, 224, 384, 512, 768, 1024)
UNFUSED_LIMIT = 512
"""Above this side in px global attention in stage 1 takes tens of gigabytes where it is not fused, as on a GPU."""

STAGE = 0
REPEATS = 5


def main(device: str = "cpu") -> None:
    """Print a line for each size, each measured in a separate process, and the size at which the times cross."""
    config = get_config("stvit_small")
    print(f"\nOne attention block of stvit_small, stage {STAGE + 1}, one picture, {device}, median of {REPEATS} runs")
    faster: list[int] = []
    for size in SIZES:
        grid = stage_grid(size, size, STAGE, config.cells[STAGE])
        formula = super_token_attention_macs(grid.num_tokens, grid.num_super_tokens, config.embed_dims[STAGE])
        counted = counted_macs(grid, config.embed_dims[STAGE], config.num_heads[STAGE])
        through = _in_a_process_of_its_own("super", size, device)
        line = f"  {size:>5} px   super {through['ms']:9.2f} ms {through['mib']:7.0f} MiB   "
        line += f"formula {formula / 1e6:7.1f}, counted {counted / 1e6:7.1f} M MAC"
        if device == "cpu" or size <= UNFUSED_LIMIT:
            whole = _in_a_process_of_its_own("global", size, device)
            line += (
                f"   global {whole['ms']:9.2f} ms {whole['mib']:7.0f} MiB   ratio {whole['ms'] / through['ms']:7.1f}"
            )
            faster += [size] * (through["ms"] < whole["ms"])
        print(line, flush=True)
    where = f"from {min(faster)} px on" if faster else "at no size measured"
    print(f"  Super token attention is faster {where}; memory is the peak above that of the process at rest.")


def measure(kind: str, size: int, device: str) -> None:
    """Measure in this process and print the result as JSON."""
    config = get_config("stvit_small")
    cell = config.cells[STAGE] if kind == "super" else 1
    module = SuperTokenAttention(config.embed_dims[STAGE], config.num_heads[STAGE], cell).eval().to(device)
    grid = stage_grid(size, size, STAGE)
    tokens = torch.randn(1, config.embed_dims[STAGE], grid.height, grid.width).to(device)
    with torch.no_grad():
        module(torch.randn(1, config.embed_dims[STAGE], 8, 8).to(device))  # libraries load on first use
        rest = peak_mib()
        times = [seconds(lambda: module(tokens)) for _ in range(REPEATS)]
    print(json.dumps({"ms": median(times) * 1e3, "mib": peak_mib() - rest}))


def _in_a_process_of_its_own(kind: str, size: int, device: str) -> dict[str, float]:
    command = [sys.executable, "-c", f"from benchmarks.cost import measure; measure({kind!r}, {size}, {device!r})"]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found
