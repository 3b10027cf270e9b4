"""Local workers against Ray: how long until the first result, and what a picture costs after that."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from analysis.redundancy.catalogue import CATALOGUE
from analysis.sweeps.items import Item
from analysis.sweeps.job import Job, SweepSettings, batches
from analysis.sweeps.local import run_locally
from analysis.sweeps.on_ray import run_on_ray
from analysis.sweeps.sources import find_items
from stvit import STViT, load_pretrained
from stvit.images.samples import sample_images
from stvit.weights.load import model_digest

PICTURES = 64
BATCH = 4
ANCHORS = 256
WORKERS = (1, 2)

SETTINGS = SweepSettings(
    attentions=("super", "global"), metrics=tuple(CATALOGUE), anchors=ANCHORS, size=224, framing="crop"
)


@dataclass(frozen=True)
class Times:
    """How long a sweep took, in seconds.

    Attributes:
        first: Until the first batch was there: starting the engine, loading the model and one batch.
        picture: For each picture after it.
        whole: For everything.
    """

    first: float
    picture: float
    whole: float


def engines(model: STViT) -> Iterator[str]:
    """Yield a line for each number of workers and engine."""
    with tempfile.TemporaryDirectory() as folder:
        items = _pictures(Path(folder, "pictures"))
        for workers in WORKERS:
            for engine in ("local", "ray") if find_spec("ray") else ("local",):
                found = timed(model, items, Path(folder, f"{engine}{workers}"), engine, workers)
                yield (
                    f"  {engine:<6} {workers} workers   first batch after {found.first:5.1f} s   then "
                    f"{found.picture * 1e3:5.0f} ms a picture   whole {found.whole:5.1f} s"
                )


def timed(model: STViT, items: list[Item], tables: Path, engine: str, workers: int) -> Times:
    """Sweep with the demo's weights and return how long it took."""
    job = Job(load=partial(load_pretrained, "demo"), digest=model_digest(model), settings=SETTINGS, folder=tables)
    work = batches(items, BATCH)
    start = time.perf_counter()
    run = run_locally(job, work, workers) if engine == "local" else run_on_ray(job, work, workers, None)
    moments = [time.perf_counter() - start for reports in run for _ in reports]
    rest = moments[BATCH:]
    return Times(moments[0], (rest[-1] - moments[0]) / len(rest), time.perf_counter() - start)


def _pictures(folder: Path) -> list[Item]:
    """Write pictures that all differ, and return them."""
    folder.mkdir()
    samples = list(sample_images().values())
    for number in range(PICTURES):
        picture = Image.fromarray(samples[number % len(samples)]().array).rotate(number)
        picture.save(folder / f"{number}.jpg", quality=90)
    return find_items([str(folder)], None)[0]
