"""The run of `python -m analysis export paper`."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from analysis.commands.paper import Paper
from analysis.commands.settings import read
from analysis.compare.measured import joined, measured
from analysis.compare.side import Side, distinct_titles
from analysis.compare.spot import Spot
from analysis.figures.paper.column import paper_style
from analysis.reports.paper import (
    METRICS,
    TWINS,
    PaperFigure,
    cost_figure,
    depth_figure,
    mixing_figure,
    stages_figure,
    super_tokens_figure,
)
from stvit import STViT, capture, load_pretrained
from stvit.atomic_files import refuse_overwriting, write_atomically
from stvit.error_text import counted
from stvit.foreign_text import plain
from stvit.images import RGBImage, load_image, prepare
from stvit.images.samples import SUBJECTS, sample_images

MIDDLE = (0.5, 0.5)


def run(parsed: argparse.Namespace) -> int:
    """Write every figure in every format, its numbers as CSV, and all captions as captions.md.

    Raises:
        ValueError: If a picture, the size or the spot cannot be used.
        OSError: If a file cannot be read or written.
    """
    settings = read(Paper, parsed)
    for name, value in (("down", settings.down), ("across", settings.across)):
        if value is not None and not 0 <= value <= 1:
            raise ValueError(f"--{name} is a share from 0 to 1, got {value:g}.")
    settings.out.mkdir(parents=True, exist_ok=True)
    captions: list[str] = []
    with paper_style():
        for figure in paper_figures(settings):
            _write(settings, figure)
            captions.append(f"**{figure.name}**: {figure.caption}\n")
    write_atomically(settings.out / "captions.md", "\n".join(captions).encode(), list(settings.images))
    print(f"Wrote {counted(len(captions), 'figure')} to {plain(settings.out, 200)}.")
    return 0


def paper_figures(settings: Paper) -> Iterator[PaperFigure]:
    """Yield the figures: those of each picture, then those over all pictures, then the cost."""
    models = {name: load_pretrained(name) for name in TWINS}
    tables: list[pd.DataFrame] = []
    pictures = _pictures(settings)
    for stem, picture in zip(_stems(pictures), pictures, strict=True):
        sides = {name: _side(name, model, picture, settings.size) for name, model in models.items()}
        spot = _spot(settings, picture)
        yield mixing_figure(sides, spot, stem)
        yield super_tokens_figure(sides["twin-super"], stem)
        yield stages_figure(sides["twin-super"], spot, stem)
        tables += [measured(side, METRICS) for side in sides.values()]
    yield depth_figure(joined(tables), len(pictures))
    yield cost_figure(models["twin-super"].config, "twin-super")


def _write(settings: Paper, figure: PaperFigure) -> None:
    for suffix in (*settings.formats, "csv"):
        path = settings.out / f"{figure.name}.{suffix}"
        refuse_overwriting(path, list(settings.images))
        write_atomically(path, figure.report.content(suffix), list(settings.images))


def _pictures(settings: Paper) -> list[RGBImage]:
    if settings.images:
        return [load_image(path) for path in settings.images]
    return [read_sample() for read_sample in sample_images().values()]


def _side(name: str, model: STViT, picture: RGBImage, size: int) -> Side:
    seen = prepare(picture, size)
    return Side(name, seen, capture(model, seen.pixels), tuple(model.class_names or ()))


def _spot(settings: Paper, picture: RGBImage) -> Spot:
    home = MIDDLE if settings.images else SUBJECTS.get(picture.name, MIDDLE)
    down, across = settings.down, settings.across
    return Spot(home[0] if down is None else down, home[1] if across is None else across)


def _stems(pictures: Sequence[RGBImage]) -> list[str]:
    """Return a different and harmless word for each picture, for the names of files."""
    stems = (Path(picture.name or "picture").stem for picture in pictures)
    safe = ["".join(letter if letter.isalnum() else "-" for letter in stem).strip("-")[:80] for stem in stems]
    return [title.replace(" (", "-").rstrip(")") for title in distinct_titles(stem or "picture" for stem in safe)]
