"""What a picture of a sweep costs against its own forward pass in the batch, and local workers against Ray."""

from collections.abc import Iterator
from functools import partial

import torch

from analysis import ledger
from analysis.redundancy.catalogue import CATALOGUE, metrics_of
from analysis.sweeps.worker import keep_what_is_there, limit_threads
from benchmarks import gpu_hours
from benchmarks.engines import PICTURES, engines
from benchmarks.gpu_hours import Machine
from benchmarks.timing import compare
from stvit import STViT, capture, load_pretrained
from stvit.images import prepare
from stvit.images.samples import sample_images

ANCHORS = 256
BATCH = 8
REPEATS = 3

WITHOUT_HEADS_AND_FEATURES = tuple(
    name for name in CATALOGUE if name not in ("head_divergence", "head_cosine", *metrics_of("block"))
)


def main(gpu_ratio: float = gpu_hours.RATIO, gpu_cores: int = gpu_hours.CORES) -> None:
    """Print the cost of measuring, the cost of each engine, and what ImageNet would take on GPUs, on paper."""
    model = load_pretrained("demo")
    names = (list(sample_images()) * BATCH)[:BATCH]
    pixels = torch.cat([prepare(sample_images()[name](), 224).pixels for name in names])
    limit_threads(1)  # as in every worker
    keep_what_is_there()
    print(f"\nstvit_demo at 224 px, super and global attention, batch of {BATCH}, one thread")
    for line in measuring(model, pixels):
        print(line, flush=True)
    print(f"\nA sweep of {PICTURES} pictures, local workers and Ray")
    for line in engines(model):
        print(line, flush=True)
    print("\nImageNet on GPUs, on paper; --gpu-ratio and --gpu-cores say what a GPU is")
    for line in gpu_hours.lines(gpu_hours.measured_cost(model), Machine(gpu_ratio, gpu_cores)):
        print(line, flush=True)


def measuring(model: STViT, pixels: torch.Tensor) -> Iterator[str]:
    """Yield a line for each choice of metrics."""
    chosen = {
        "all metrics": tuple(CATALOGUE),
        "without heads against heads, and without blocks": WITHOUT_HEADS_AND_FEATURES,
        "metrics of rows": tuple(name for name in metrics_of("token") if name != "received"),
        "ranks, and what tokens receive": ("received", *metrics_of("head")),
        "metrics of blocks": metrics_of("block"),
        "entropy, distance, mass": ("entropy", "distance", "mass"),
    }
    with torch.no_grad():
        for title, metrics in chosen.items():
            found = compare(partial(_measured, model, pixels, metrics, ANCHORS), partial(model, pixels), REPEATS)
            times = f"{found.first / BATCH * 1e3:7.1f} ms   forward {found.second / BATCH * 1e3:6.1f} ms a picture"
            yield f"  {title:<50} {times}   ratio {found.ratio:.1f}"
    yield exact(model, pixels[:1])


def exact(model: STViT, pixels: torch.Tensor) -> str:
    """Return a line that compares measuring all rows with measuring a sample."""
    metrics = tuple(CATALOGUE)
    sampled, whole = (partial(_measured, model, pixels, metrics, anchors) for anchors in (ANCHORS, None))
    found = compare(whole, sampled, 2)
    return f"  all rows {found.first:.2f} s   {ANCHORS} anchors {found.second:.2f} s   ratio {found.ratio:.1f}"


def _measured(model: STViT, pixels: torch.Tensor, metrics: tuple[str, ...], anchors: int | None) -> None:
    """Run the model with hooks, and measure."""
    cap = capture(model, pixels)
    ledger(cap, ("super", "global"), metrics, anchors=anchors, seed=list(range(len(pixels))))
