"""What looking inside costs and compiling gains: capture and inference copies against a plain forward, and more."""

import statistics
from collections.abc import Iterator

import torch

from analysis import ledger
from benchmarks.timing import compare, seconds
from stvit import BlockId, DecomposedAttention, OptimisedSTViT, STViT, capture, create_model, optimised

SIZES = (224, 384, 1024)
DENSE_LIMIT = 2**30
"""Largest dense matrix that is really built, in bytes; above it only its size is given."""

COPIES = (("float32", False), ("float32", True), ("bfloat16", False), ("bfloat16", True))
"""Precision of the inference copies, and whether they are compiled."""

BATCHES = (1, 8)
COPY_REPEATS = 20
THROUGHPUT_REPEATS = 3
ANCHORS = 256
REPEATS = {224: 40, 384: 12, 1024: 4}


def main(device: str = "cpu") -> None:
    """Print the tables for stvit_small."""
    torch.manual_seed(0)
    model = create_model("stvit_small").eval().to(device)
    where = f"{torch.get_num_threads()} threads" if device == "cpu" else torch.cuda.get_device_name(device)
    print(f"stvit_small, float32, {where}, medians over pairs run in turn")
    for title, lines in (
        ("Capture of everything against a plain forward", capture_against_forward(model)),
        (
            "Inference copies (stvit.optimised) against a plain forward in float32, 224 px",
            copies_against_forward(model),
        ),
        (f"Pictures a second, batches of {BATCHES[-1]}, 224 px, no picture read", throughput(model)),
        ("One row of token attention against the dense product, stage 1, one head", row_against_dense(model)),
        ("Bytes of the factors against the dense matrix, stage 1, all heads", factors_against_dense(model)),
    ):
        print(f"\n{title}")
        for line in lines:
            print(line, flush=True)


def capture_against_forward(model: STViT) -> Iterator[str]:
    """Yield a line for each size."""
    for size in SIZES:
        pixels = random_pixels(model, size)
        with torch.no_grad():
            found = compare(lambda: capture(model, pixels), lambda: model(pixels), REPEATS[size])  # noqa: B023  # run at once
        yield (
            f"  {size:>5} px   capture {found.first * 1e3:9.1f} ms   forward {found.second * 1e3:9.1f} ms   "
            f"ratio {found.ratio:.3f}   ({found.repeats} pairs)"
        )


def copies_against_forward(model: STViT) -> Iterator[str]:
    """Yield a line for each copy and batch size; the difference is that of logits over the largest logit."""
    for precision, compiled in COPIES:
        fast = optimised(model, precision, compiled)
        for batch in BATCHES:
            yield _copy_against_forward(model, fast, batch, f"{precision}, {'compiled' if compiled else 'eager'}")


@torch.no_grad()
def _copy_against_forward(model: STViT, fast: OptimisedSTViT, batch: int, name: str) -> str:
    pixels = random_pixels(model, SIZES[0]).expand(batch, -1, -1, -1).contiguous()
    expected = model(pixels)
    difference = ((fast(pixels) - expected).abs().max() / expected.abs().max()).item()
    found = compare(lambda: fast(pixels), lambda: model(pixels), COPY_REPEATS)
    return (
        f"  {name:<20} batch {batch}   copy {found.first * 1e3:8.1f} ms   forward {found.second * 1e3:8.1f} ms   "
        f"ratio {found.ratio:.3f}   ({found.repeats} pairs)   difference {difference:.1e}"
    )


@torch.no_grad()
def throughput(model: STViT) -> Iterator[str]:
    """Yield a line for what is done with a batch: the last is all that a sweep does but reading and writing files."""
    batch = BATCHES[-1]
    pixels = random_pixels(model, SIZES[0]).expand(batch, -1, -1, -1).contiguous()
    found = capture(model, pixels)
    for name, action in (
        ("forward", lambda: model(pixels)),
        ("capture", lambda: capture(model, pixels)),
        (f"ledger of a capture, {ANCHORS} anchors", lambda: ledger(found, anchors=ANCHORS)),
        ("capture and ledger, as a sweep", lambda: ledger(capture(model, pixels), anchors=ANCHORS)),
    ):
        action()
        took = statistics.median(seconds(action) for _ in range(THROUGHPUT_REPEATS))
        yield f"  {name:<32} {batch / took:8.2f} pictures/s"


def row_against_dense(model: STViT) -> Iterator[str]:
    """Yield a line for each size; a dense matrix over the limit is not built."""
    for size in SIZES:
        attention = first_attention(model, size)
        token = attention.num_tokens // 2
        if attention.dense_nbytes // attention.heads > DENSE_LIMIT:
            found = compare(lambda: attention.row(token, 0), lambda: attention.column(token, 0), 25)  # noqa: B023  # run at once
            yield f"  {size:>5} px   row {found.first * 1e3:8.3f} ms   dense not built ({dense_size(attention)})"
            continue
        found = compare(lambda: dense_row(attention, token), lambda: attention.row(token, 0), REPEATS[size])  # noqa: B023  # run at once
        yield (
            f"  {size:>5} px   row {found.second * 1e3:8.3f} ms   dense product {found.first * 1e3:9.1f} ms   "
            f"ratio {found.ratio:,.0f}   ({found.repeats} pairs)"
        )


def factors_against_dense(model: STViT) -> Iterator[str]:
    """Yield a line for each size."""
    for size in SIZES:
        attention = first_attention(model, size)
        yield (
            f"  {size:>5} px   {attention.num_tokens:>6} tokens   factors {attention.nbytes / 2**20:8.2f} MiB   "
            f"dense {dense_size(attention)}   ratio {attention.dense_nbytes / attention.nbytes:,.0f}"
        )


def first_attention(model: STViT, size: int) -> DecomposedAttention:
    """Return the token attention of stage 1, block 1 for a random picture."""
    found = capture(model, random_pixels(model, size), blocks=[BlockId(0, 0)])[BlockId(0, 0)].token_attention()
    assert isinstance(found, DecomposedAttention)  # all measured models have super tokens there
    return found


def random_pixels(model: STViT, size: int) -> torch.Tensor:
    """Return one picture of noise on the model's device."""
    return torch.randn(1, 3, size, size).to(next(model.parameters()).device)


def dense_row(attention: DecomposedAttention, token: int) -> torch.Tensor:
    """Return one row the straightforward way: dense Q, A(S) and Q-hat multiplied, then indexed."""
    association = attention.association
    cells = association.grid.num_super_tokens
    index = association.index[0].where(association.index[0] >= 0, cells)
    weight = association.weight[0]
    dense = weight.new_zeros(attention.num_tokens, cells + 1).scatter_(1, index, weight)[:, :cells]
    core = attention.super_attention.rows(0, cells, 0)
    return (dense @ core @ (dense / association.normaliser[0]).T)[token]


def dense_size(attention: DecomposedAttention) -> str:
    """Return the size of the dense matrix of all heads in readable form."""
    return f"{attention.dense_nbytes / 2**20:,.0f} MiB"
