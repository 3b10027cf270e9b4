"""The ledger against a straightforward dense version, and its memory at 1024 px."""

import resource
import subprocess
import sys
from collections.abc import Iterator

import torch

from analysis import ledger
from analysis.baselines import global_attention
from benchmarks.timing import compare
from stvit import BlockId, BlockRecord, Capture, capture, create_model

PAIRS = 1
"""The dense version takes minutes, so one pair, and no warm-up (which the ledger would profit from)."""

LARGE = 1024


def main() -> None:
    """Print the comparison at 224 px and the peak memory at 1024 px."""
    torch.manual_seed(0)
    cap = capture(create_model("stvit_small").eval(), torch.randn(1, 3, 224, 224))
    print("\nLedger of stvit_small at 224 px: all blocks and heads, super token and global attention")
    found = compare(lambda: dense_version(cap), lambda: ledger(cap, ("super", "global")), PAIRS, warm_up=False)
    print(f"  ledger {found.second:.2f} s   dense {found.first:.1f} s   ratio {found.ratio:.0f}   ({PAIRS} pair)")
    print(f"\nLedger of both super-token stages of stvit_small at {LARGE} px, without global attention")
    print(_in_a_process_of_its_own())


def dense_version(cap: Capture) -> dict[tuple[BlockId, str, int], dict[str, float]]:
    """Measure the main metrics the straightforward way: N x N softmax, full sort, dense SVD, one head at a time."""
    return {
        (block, kind, head): _dense_metrics(matrix, record)
        for block, record in cap.items()
        for kind, head, matrix in _dense_attentions(record)
    }


def _dense_attentions(record: BlockRecord) -> Iterator[tuple[str, int, torch.Tensor]]:
    through, whole = record.token_attention(), global_attention(record)
    for head in range(record.heads):
        logits = whole.query[head] @ whole.key[head].T * whole.scale
        yield "global", head, logits.softmax(-1)
        yield "super", head, through.rows(0, through.num_tokens, head)


def _dense_metrics(matrix: torch.Tensor, record: BlockRecord) -> dict[str, float]:
    rows = matrix / matrix.sum(-1, keepdim=True)
    place = torch.stack(
        torch.meshgrid(torch.arange(record.grid.height), torch.arange(record.grid.width), indexing="ij")
    )
    place = place.flatten(1).T.float()
    held = rows.sort(-1, descending=True).values.cumsum(-1)
    singular = torch.linalg.svdvals(matrix)
    share = singular / singular.sum()
    return {
        "entropy": torch.special.entr(rows).sum(-1).mean().item(),
        "distance": (rows * torch.cdist(place, place)).sum(-1).mean().item(),
        "tokens_for_90": (held < 0.9).sum(-1).float().mean().item() + 1,
        "received": rows.sum(0).mean().item(),
        "effective_rank": torch.special.entr(share).sum().exp().item(),
    }


def _in_a_process_of_its_own() -> str:
    """Run the large ledger in a fresh process, so that its peak memory is its own."""
    command = [sys.executable, "-c", "from benchmarks.redundancy import large; large()"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.rstrip()


def large() -> None:
    """Measure the super-token stages of a large picture and print time and peak memory of this process."""
    torch.manual_seed(0)
    model = create_model("stvit_small").eval()
    blocks = [block for block in model.blocks() if block.stage < 2]
    cap = capture(model, torch.randn(1, 3, LARGE, LARGE), blocks=blocks)
    found = compare(lambda: None, lambda: ledger(cap, ("super",)), 1, warm_up=False)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"  {found.second:7.1f} s   peak memory of the whole process {peak:.2f} GiB")
