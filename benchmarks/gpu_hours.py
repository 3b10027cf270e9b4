"""What a sweep would take on GPUs, on paper: nobody has measured it, and every assumption is an argument."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import torch
from PIL import Image

from analysis import ledger
from analysis.sweeps.items import Item
from analysis.sweeps.store import NOTHING, SweepStore
from benchmarks.timing import seconds
from stvit import STViT, capture
from stvit.images import prepare
from stvit.images.samples import sample_images

DATASETS = {"ImageNet val": 50_000, "ImageNet train": 1_281_167}
GPUS = (1, 8, 64)

RATIO = 100.0
"""A round number, and a guess."""

CORES = 8
SIZE, BATCH, ANCHORS = 224, 8, 256
STORED = (500, 375)
"""Size of a usual picture of ImageNet, in px."""

REPEATS = 3


@dataclass(frozen=True)
class Cost:
    """What one picture costs one core of a CPU, in seconds.

    Attributes:
        network: The forward pass in its batch.
        ledger: The capture and everything that is measured from it.
        files: Reading and decoding the picture, and writing its table.
    """

    network: float
    ledger: float
    files: float


@dataclass(frozen=True)
class Machine:
    """What stands beside each GPU, and how fast it is taken to be.

    Attributes:
        ratio: How many times as fast as one core of the CPU that was measured the GPU runs the network.
        cores: Cores of the host for each GPU, as fast as that one; as many workers share the GPU.
    """

    ratio: float
    cores: int


def hours(pictures: int, gpus: int, cost: Cost, machine: Machine, ledger_on_gpu: bool) -> float:
    """Return an estimate of the hours that a sweep takes, start-up and joining left out.

    Workers overlap: while some wait for the GPU, others decode. So whichever of the two has more to do for a picture
    sets the pace. Nothing is taken off for machines that wait for each other or for their disks.

    Args:
        pictures: How many.
        gpus: How many, each with a machine beside it.
        cost: Measured on a CPU.
        machine: Assumed.
        ledger_on_gpu: Whether the GPU measures, too, at the same ratio, or the cores beside it. Sorting and ranks stay
            on the CPU today, so that the truth lies between.

    Example:
        >>> one = Machine(ratio=100, cores=8)
        >>> round(hours(50_000, 1, Cost(network=0.04, ledger=0.2, files=0.02), one, ledger_on_gpu=False), 2)
        0.38
    """
    on_gpu = cost.network + (cost.ledger if ledger_on_gpu else 0)
    on_host = cost.files + (0 if ledger_on_gpu else cost.ledger)
    return pictures / gpus * max(on_gpu / machine.ratio, on_host / machine.cores) / 3600


@torch.no_grad()
def measured_cost(model: STViT) -> Cost:
    """Measure what a picture costs in this process, in batches and with the threads that PyTorch has."""
    with tempfile.TemporaryDirectory() as folder:
        path, store = Path(folder, "picture.jpg"), SweepStore(Path(folder, "tables"), "")
        Image.fromarray(next(iter(sample_images().values()))().array).resize(STORED).save(path, quality=90)
        item = Item(path.name, str(path))
        pixels = prepare(item.read(), SIZE).pixels.expand(BATCH, -1, -1, -1).contiguous()
        measure = partial(ledger, attentions=("super", "global"), anchors=ANCHORS, seed=list(range(BATCH)))
        table = measure(capture(model, pixels))
        own = table[table["image"] == 0].assign(image="")
        network = _seconds(lambda: model(pixels)) / BATCH
        measured = _seconds(lambda: measure(capture(model, pixels))) / BATCH
        read = _seconds(lambda: prepare(item.read(), SIZE))
        written = _seconds(lambda: store.write("a digest", own, NOTHING))
    return Cost(network, measured - network, read + written)


def _seconds(action: Callable[[], object]) -> float:
    action()
    return median(seconds(action) for _ in range(REPEATS))


def lines(cost: Cost, machine: Machine) -> Iterator[str]:
    """Yield a table: for each dataset and number of GPUs the hours with the ledger on the GPU, and beside it."""
    milliseconds = (f"{seconds * 1e3:.0f} ms" for seconds in (cost.network, cost.ledger, cost.files))
    yield "  An ESTIMATE, not a measurement. On one core: {} for the network, {} for the ledger, {} for files;".format(
        *milliseconds
    )
    yield f"  assumed: a GPU is worth {machine.ratio:g} such cores, and {machine.cores} of them stand beside each."
    for name, pictures in DATASETS.items():
        for gpus in GPUS:
            least, most = (_words(hours(pictures, gpus, cost, machine, there)) for there in (True, False))
            yield f"  {name:<15} {pictures:>9,} pictures  {gpus:>2} GPUs  ledger there {least:>9}  beside it {most:>9}"


def _words(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.1f} min"
