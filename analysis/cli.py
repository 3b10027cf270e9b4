"""python -m analysis IMAGE ... --out DIR: the ledger of pictures as Parquet and CSV, with figures."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from analysis.attention_rules import ATTENTIONS
from analysis.cli_options import chosen_model, model_options, sentence, size_options
from analysis.figures.paper import FORMATS, depth_figure, head_matrix_figure, save
from analysis.ledger import ledger
from analysis.metric_catalogue import CATALOGUE
from stvit import STViT, capture
from stvit.images import prepare

FIGURE_METRICS = ("entropy", "distance", "effective_rank")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 if at least one picture was measured, else 1."""
    options = _parser().parse_args(arguments)
    try:
        model, _ = chosen_model(options)
        options.out.mkdir(parents=True, exist_ok=True)
    except (ValueError, KeyError, OSError) as error:
        print(sentence(error), file=sys.stderr)
        return 1
    table, skipped = measure_pictures(model, options)
    for path, reason in skipped:
        print(f"Skipped {path}: {reason}", file=sys.stderr)
    if table is None:
        print("No picture could be measured, so nothing was written.", file=sys.stderr)
        return 1
    written = write(table, options.out, options.attentions, options.formats)
    measured = f"{table['image'].nunique()} of {len(options.images)} pictures"
    print(f"Measured {measured}; wrote {len(written)} files to {options.out}.")
    return 0


def measure_pictures(model: STViT, options: argparse.Namespace) -> tuple[pd.DataFrame | None, list[tuple[Path, str]]]:
    """Measure each picture; return the joint table (None if there is none) and what was skipped, with the reason."""
    tables: list[pd.DataFrame] = []
    skipped: list[tuple[Path, str]] = []
    with tqdm(total=len(options.images) * len(model.blocks()), unit="block", disable=None) as bar:
        for path in options.images:
            bar.set_description(path.name)
            try:
                tables.append(_measure(model, path, options, lambda done, _: bar.update()))
            except (ValueError, OSError) as error:
                skipped.append((path, sentence(error)))
    return (pd.concat(tables, ignore_index=True) if tables else None), skipped


def write(table: pd.DataFrame, folder: Path, attentions: Sequence[str], formats: Sequence[str]) -> list[Path]:
    """Write the table twice and the figures in each format; return the paths."""
    table.to_parquet(folder / "ledger.parquet", index=False)
    table.to_csv(folder / "ledger.csv", index=False)
    written = [folder / "ledger.parquet", folder / "ledger.csv"]
    caption = f"Mean over {table['image'].nunique()} picture(s); dots are heads."
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


def _parser() -> argparse.ArgumentParser:
    parents = [model_options(), size_options()]
    parser = argparse.ArgumentParser(prog="python -m analysis", description=__doc__, parents=parents)
    parser.add_argument("images", nargs="+", type=Path, help="picture files")
    parser.add_argument("--out", type=Path, required=True, help="folder for the tables and figures")
    parser.add_argument("--attentions", nargs="+", choices=ATTENTIONS, default=["super", "global"], metavar="NAME",
                        help=f"among {', '.join(ATTENTIONS)} (default: super global)")  # fmt: skip
    parser.add_argument("--metrics", nargs="+", choices=CATALOGUE, metavar="NAME",
                        help=f"among {', '.join(CATALOGUE)} (default: all)")  # fmt: skip
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS), help="of the figures")
    return parser
