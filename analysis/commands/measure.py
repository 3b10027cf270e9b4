"""python -m analysis PICTURES --out DIR: the ledger of pictures as Parquet and CSV, with figures.

Each picture's table is kept as soon as it is measured, so the same command continues where a killed one stopped.
Many machines share the work out by --part; the command without it then joins what they measured.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from analysis.attention.kinds import KINDS
from analysis.commands.options import chosen_model, model_options, size_options
from analysis.figures.paper.charts import FORMATS, depth_figure, head_matrix_figure, save
from analysis.many_pictures.files import Part, list_pictures, pictures_of
from analysis.many_pictures.means import Summary
from analysis.many_pictures.tables import CSV_ROWS, PictureTables, join_tables, write_csv
from analysis.redundancy.catalogue import CATALOGUE
from analysis.redundancy.ledger import ledger
from stvit import STViT, __version__, capture
from stvit.error_text import sentence
from stvit.images import prepare
from stvit.images.framing import check_size
from stvit.weights.load import model_digest

FIGURE_METRICS = ("entropy", "distance", "effective_rank")

Skipped = list[tuple[Path, str]]
"""Pictures that could not be measured, and why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 if at least one picture was measured, else 1."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except (ValueError, KeyError, OSError) as error:
        print(sentence(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the same command continues with the pictures that are left.", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace) -> int:
    check_size(options.size)
    model, _ = chosen_model(options)
    pictures = pictures_of(options.part, list_pictures(options.images))
    options.out.mkdir(parents=True, exist_ok=True)
    tables = PictureTables(options.out / "pictures", _settings(model, options))
    for path, reason in measure_pictures(model, pictures, tables, options):
        print(f"Skipped {path}: {reason}", file=sys.stderr)
    measured = [path for path in pictures if path in tables]
    if not measured:
        print("No picture could be measured, so nothing was written.", file=sys.stderr)
        return 1
    count = f"Measured {len(measured)} of {len(pictures)} pictures"
    if options.part.of > 1:
        print(f"{count} of part {options.part}; once all parts are done, the same command without --part joins them.")
        return 0
    written = write(tables, measured, options.out, options.attentions, options.formats)
    print(f"{count}; wrote {len(written)} files to {options.out}.")
    return 0


def measure_pictures(
    model: STViT, pictures: Sequence[Path], tables: PictureTables, options: argparse.Namespace
) -> Skipped:
    """Measure the pictures that have no table yet, and return those that cannot be.

    Raises:
        OSError: If a table cannot be kept; what was measured before stays.
    """
    skipped: Skipped = []
    left = [path for path in pictures if path not in tables]
    if len(left) < len(pictures):
        print(f"{len(pictures) - len(left)} of {len(pictures)} pictures were measured before.")
    with tqdm(total=len(left) * len(model.blocks()), unit="block", disable=None) as bar:
        for path in left:
            bar.set_description(path.name)
            try:
                table = _measure(model, path, options, lambda done, _: bar.update())
            except (ValueError, OSError) as error:
                skipped.append((path, sentence(error)))
            else:
                tables.write(path, table)
    return skipped


def write(
    tables: PictureTables, pictures: Sequence[Path], folder: Path, attentions: Sequence[str], formats: Sequence[str]
) -> list[Path]:
    """Write the joint table, its means over the pictures and the figures in each format; return the paths."""
    summary = Summary()

    def read(path: Path) -> pd.DataFrame:
        table = tables.read(path)
        summary.add(table)
        return table

    written = [folder / "ledger.parquet", folder / "summary.csv"]
    rows = join_tables(map(read, pictures), written[0])
    means = summary.table()
    means.to_csv(written[1], index=False)
    if rows <= CSV_ROWS:
        written.append(folder / "ledger.csv")
        write_csv(map(tables.read, pictures), written[-1])
    else:
        print(f"The table has {rows:,} rows, so it is written as Parquet only.")
    return written + _write_figures(means, len(pictures), folder, attentions, formats)


def _write_figures(
    means: pd.DataFrame, pictures: int, folder: Path, attentions: Sequence[str], formats: Sequence[str]
) -> list[Path]:
    table = means.rename(columns={"mean": "value"})
    caption = f"Mean over {pictures} picture(s); dots are heads."
    written: list[Path] = []
    for metric in FIGURE_METRICS:
        if not (table["metric"] == metric).any():
            continue
        unit = CATALOGUE[metric].unit
        written += save(depth_figure(table, metric, unit, caption), folder, f"{metric}_by_depth", formats)
        for attention in attentions:
            figure = head_matrix_figure(table, metric, unit, attention, caption)
            written += save(figure, folder, f"{metric}_heads_{attention}", formats)
    return written


def _measure(
    model: STViT, path: Path, options: argparse.Namespace, progress: Callable[[int, int], None]
) -> pd.DataFrame:
    picture = prepare(path, options.size, mode=options.framing)
    cap = capture(model, picture.pixels)
    return ledger(cap, options.attentions, options.metrics, image_names=[str(path)], progress=progress)


def _settings(model: STViT, options: argparse.Namespace) -> str:
    """Return all that the numbers of a picture depend on, apart from the picture."""
    chosen = (options.size, options.framing, options.attentions, options.metrics)
    return repr((__version__, model_digest(model), *chosen))


def _parser() -> argparse.ArgumentParser:
    parents = [model_options(), size_options()]
    parser = argparse.ArgumentParser(
        prog="python -m analysis", description=__doc__, parents=parents,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("images", nargs="+", type=Path, metavar="PICTURE", help="picture files, or folders of them")
    parser.add_argument("--out", type=Path, required=True, help="folder for the tables and figures")
    parser.add_argument("--part", type=_part, default=Part(1, 1), metavar="K/N",
                        help="only every N-th picture from the K-th on; tables and figures come later")  # fmt: skip
    parser.add_argument("--attentions", nargs="+", choices=KINDS, default=["super", "global"], metavar="NAME",
                        help=f"among {', '.join(KINDS)} (default: super global)")  # fmt: skip
    parser.add_argument("--metrics", nargs="+", choices=CATALOGUE, metavar="NAME",
                        help=f"among {', '.join(CATALOGUE)} (default: all)")  # fmt: skip
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS), help="of the figures")
    return parser


def _part(text: str) -> Part:
    try:
        return Part.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
