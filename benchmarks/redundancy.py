"""The ledger against a straightforward dense version, what its parts cost, and its memory at 1024 px."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import torch

from analysis import ledger
from analysis.attention.baselines import global_attention
from analysis.redundancy.catalogue import metrics_of
from analysis.redundancy.expense import RANK_SECONDS, ROW_SECONDS
from analysis.redundancy.ranks import EXACT_TOKENS
from analysis.redundancy.received import SINK_FACTOR
from analysis.redundancy.row_metrics import LEVELS, RowSettings
from benchmarks.memory import peak_mib
from benchmarks.timing import compare
from stvit import BlockRecord, Capture, capture, create_model

PAIRS = 3
"""The dense version takes half a minute."""

SORTS = 20

LARGE = 1024

OF_ROWS = (*metrics_of("token"), "received_max", "sinks", "sink_mass")
OF_RANKS = ("effective_rank", "stable_rank")


def main() -> None:
    """Print the comparison at 224 px, and time and peak memory at 1024 px."""
    torch.manual_seed(0)
    cap = capture(create_model("stvit_small").eval(), torch.randn(1, 3, 224, 224))
    print("\nLedger of stvit_small at 224 px: all blocks and heads, super token and global attention")
    found = compare(lambda: dense_version(cap), lambda: ledger(cap, ("super", "global")), PAIRS)
    figures = f"ledger {found.second:.2f} s   dense {found.first:.1f} s   ratio {found.ratio:.1f}"
    print(f"  {figures}   (medians of {PAIRS} pairs)")
    print("\nProcessor time for one weight of an attention, in the ledger of stvit_small")
    for line in parts(cap):
        print(line, flush=True)
    print("\nRows of a block in rising order: NumPy, as the metrics do, against PyTorch")
    print(sort_against_torch())
    print(f"\nLedger of both super-token stages of stvit_small at {LARGE} px, without global attention")
    print(_in_a_process_of_its_own())


def parts(cap: Capture) -> Iterator[str]:
    """Yield a line for each part of the exact ledger, beside what pages expect it to take."""
    first = Capture(cap.logits, cap.image_size, {block: cap[block] for block in cap if block.stage == 0})
    assert all(record.grid.num_tokens > EXACT_TOKENS for record in first.values())
    row, rank = (f"expected {seconds * 1e9:.0f} ns" for seconds in (ROW_SECONDS, RANK_SECONDS))
    large = _large_blocks((0, 0), (1, 0))
    yield f"  metrics of rows, super and global, 224 px   {_nanoseconds(cap, ('super', 'global'), OF_ROWS)}   {row}"
    yield f"  estimated ranks, global, 224 px             {_nanoseconds(first, ('global',), OF_RANKS)}   {rank}"
    yield f"  metrics of rows, super, {LARGE} px            {_nanoseconds(large, ('super',), OF_ROWS)}   {row}"


def _nanoseconds(cap: Capture, attentions: Sequence[str], metrics: Sequence[str]) -> str:
    weights = 0
    for record in cap.values():  # with cell 1, token attention is global attention and is measured once
        kinds = 1 if record.grid.is_identity else len(attentions)
        weights += record.heads * record.grid.num_tokens**2 * kinds
    start = time.process_time()
    ledger(cap, attentions, metrics)
    return f"{(time.process_time() - start) / weights * 1e9:5.1f} ns"


def _large_blocks(*blocks: tuple[int, int]) -> Capture:
    torch.manual_seed(0)
    model = create_model("stvit_small").eval()
    return capture(model, torch.randn(1, 3, LARGE, LARGE), blocks=blocks)


def sort_against_torch() -> str:
    """Return a line about sorting 1,337 rows of 784 shares, as many as a block of rows holds; longer ones are not."""
    rows = torch.rand(1337, 784)

    def by_numpy() -> torch.Tensor:
        values = rows.numpy().copy()
        values.sort(axis=-1)
        return torch.from_numpy(values)

    found = compare(by_numpy, lambda: rows.sort(-1).values, SORTS)
    times = f"NumPy {found.first * 1e3:.1f} ms   PyTorch {found.second * 1e3:.1f} ms   ratio {found.ratio:.2f}"
    return f"  {times}   ({SORTS} pairs)"


def dense_version(cap: Capture) -> list[dict[str, float]]:
    """Measure the ledger's row and head metrics the straightforward way: N x N softmax, full sort, dense SVD."""
    attentions = ((record, matrices) for record in cap.values() for matrices in _dense_attentions(record))
    return [_dense_metrics(head, both, record) for record, both in attentions for head in range(len(both))]


def _dense_attentions(record: BlockRecord) -> Iterator[torch.Tensor]:
    """Yield token attention and global attention of a block, shape (heads, N, N)."""
    yield record.token_attention().to_dense()
    whole = global_attention(record)
    yield (whole.query @ whole.key.mT * whole.scale).softmax(-1)


def _dense_metrics(head: int, matrices: torch.Tensor, record: BlockRecord) -> dict[str, float]:
    mass = matrices[head].sum(-1)
    rows = matrices[head] / mass.unsqueeze(-1)
    grid = torch.meshgrid(torch.arange(record.grid.height), torch.arange(record.grid.width), indexing="ij")
    position = torch.stack(grid).flatten(1).T.float()
    held = rows.sort(-1, descending=True).values.cumsum(-1)
    received = rows.sum(0)
    return {
        "mass": mass.mean().item(),
        "entropy": torch.special.entr(rows).sum(-1).mean().item(),
        "distance": (rows * torch.cdist(position, position)).sum(-1).mean().item(),
        "local_mass": (rows * (torch.cdist(position, position, p=torch.inf) <= 3)).sum(-1).mean().item(),
        "top_mass": held[:, : RowSettings().top_k][:, -1].mean().item(),
        **{f"tokens_for_{level}": (held < level / 100).sum(-1).float().mean().item() + 1 for level in LEVELS},
        "received_max": received.max().item(),
        "sinks": (received > SINK_FACTOR * received.mean()).sum().item(),
        **_dense_ranks(torch.linalg.svdvals(matrices[head])),
        **_dense_differences(head, matrices / matrices.sum(-1, keepdim=True)),
    }


def _dense_ranks(singular: torch.Tensor) -> dict[str, float]:
    share = singular / singular.sum()
    return {
        "effective_rank": torch.special.entr(share).sum().exp().item(),
        "stable_rank": (singular / singular.max()).square().sum().item(),
    }


def _dense_differences(head: int, rows: torch.Tensor) -> dict[str, float]:
    """Compare a head with the other heads of its block: Jensen-Shannon divergence and cosine of their rows."""
    divergences, cosines = [], []
    for other in set(range(len(rows))) - {head}:
        compared = ((rows[head] + rows[other]) / 2, rows[head], rows[other])
        mixed, own, theirs = (torch.special.entr(shares).sum(-1) for shares in compared)
        divergences.append((mixed - (own + theirs) / 2).mean().item())
        cosines.append(torch.cosine_similarity(rows[head], rows[other], dim=-1).mean().item())
    if not cosines:
        return {}
    return {"head_divergence": sum(divergences) / len(cosines), "head_cosine": sum(cosines) / len(cosines)}


def _in_a_process_of_its_own() -> str:
    """Run the large ledger in a fresh process, so that nothing else counts towards its peak memory."""
    command = [sys.executable, "-c", "from benchmarks.redundancy import large; large()"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.rstrip()


def large() -> None:
    """Measure the super-token stages of a large picture and print time and peak memory of this process."""
    cap = _large_blocks(*(block for block in create_model("stvit_small").blocks() if block.stage < 2))
    found = compare(lambda: None, lambda: ledger(cap, ("super",)), 1, warm_up=False)
    peak = peak_mib() / 2**10
    print(f"  {found.second:7.1f} s   peak memory of the whole process {peak:.2f} GiB")
