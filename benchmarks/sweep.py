"""What a picture of a sweep costs against its own forward pass in the batch, and local workers against Ray."""

import tempfile
import time
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import torch
from PIL import Image

from analysis import ledger
from analysis.redundancy.catalogue import CATALOGUE, metrics_of
from analysis.sweeps.job import Job, SweepSettings, batches
from analysis.sweeps.local import run_locally
from analysis.sweeps.on_ray import run_on_ray
from analysis.sweeps.sources import find_items
from benchmarks.timing import compare
from stvit import STViT, capture, load_pretrained
from stvit.images import prepare
from stvit.images.samples import sample_images
from stvit.weights.load import model_digest

ANCHORS = 256
BATCH = 8
PICTURES = 16
REPEATS = 3

WITHOUT_HEADS_AND_FEATURES = tuple(
    name for name in CATALOGUE if name not in ("head_divergence", "head_cosine", *metrics_of("block"))
)


def main() -> None:
    """Print the cost of measuring and the cost of each engine."""
    torch.set_num_threads(1)  # as in every worker
    model = load_pretrained("demo")
    names = (list(sample_images()) * BATCH)[:BATCH]
    pixels = torch.cat([prepare(sample_images()[name](), 224).pixels for name in names])
    print(f"\nstvit_demo at 224 px, super and global attention, batch of {BATCH}, one thread")
    for line in measuring(model, pixels):
        print(line, flush=True)
    print(f"\nA whole sweep of {PICTURES} pictures, start of the workers included")
    for line in engines(model):
        print(line, flush=True)


def measuring(model: STViT, pixels: torch.Tensor) -> Iterator[str]:
    """Yield a line for each choice of metrics."""
    chosen = {
        "all metrics": tuple(CATALOGUE),
        "without heads against heads, and without blocks": WITHOUT_HEADS_AND_FEATURES,
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


def engines(model: STViT) -> Iterator[str]:
    """Yield a line for each engine and number of workers."""
    metrics = tuple(CATALOGUE)
    settings = SweepSettings(attentions=("super", "global"), metrics=metrics, anchors=ANCHORS, size=224, framing="crop")
    with tempfile.TemporaryDirectory() as folder:
        for number in range(PICTURES):
            name = list(sample_images())[number % len(sample_images())]
            picture = Image.fromarray(sample_images()[name]().array).rotate(number)
            picture.save(Path(folder) / f"{number}.png")
        items, _ = find_items([folder], Path(folder) / "out")
        for workers in (1, 2):
            for engine in ("local", "ray") if find_spec("ray") else ("local",):
                told = Path(folder) / f"{engine}{workers}"
                job = Job(
                    load=partial(load_pretrained, "demo"), digest=model_digest(model), settings=settings, folder=told
                )
                start = time.perf_counter()
                work = batches(items, BATCH)
                run = run_locally(job, work, workers) if engine == "local" else run_on_ray(job, work, workers, None)
                done = sum(len(reports) for reports in run)
                took = time.perf_counter() - start
                yield f"  {engine:<6} {workers} workers   {took:6.1f} s   {took / done * 1e3:6.0f} ms a picture"
