"""Convert a downloaded checkpoint to safetensors with its config: `python -m stvit.convert FILE.pth`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from stvit.atomic_files import file_digest, refuse_overwriting
from stvit.error_text import counted, sentence
from stvit.foreign_text import plain, quoted
from stvit.precision import PRECISIONS
from stvit.weights import WeightsError, model_and_report, save_weights


def convert(source: Path, out: Path, dtype: torch.dtype | None = None, force: bool = False) -> str:
    """Convert a checkpoint and return what was recognised and written, in a few lines.

    Args:
        source: A released checkpoint, or any file that `stvit.weights.model_from_file` accepts.
        out: The .safetensors file to write.
        dtype: Type to store floats in; None keeps float32.
        force: Whether to replace a file that is there.

    Raises:
        OverwriteError: If the target is the source.
        WeightsError: If the source cannot be used or the target not written.
    """
    refuse_overwriting(out, [source])
    if out.exists() and not force:
        raise WeightsError(f"{quoted(out, 200)} exists already; choose another name or add --force.")
    model, report = model_and_report(source)
    save_weights(model, out, dtype)
    variant = report.variant or "a model of other settings"
    classes = counted(report.num_classes, "class", "classes")
    parameters = counted(sum(parameter.numel() for parameter in model.parameters()), "parameter")
    return "\n".join(
        (
            f"Recognised {variant} with {classes} and {parameters}.",
            *report.notes,
            f"Wrote {plain(out, 200)} ({out.stat().st_size / 1e6:.1f} MB, sha256 {file_digest(out)}).",
        )
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 1 or 130 (Ctrl-C) with one sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python -m stvit.convert", description=__doc__)
    parser.add_argument("file", type=Path, help="downloaded checkpoint (.pth)")
    parser.add_argument("--out", type=Path, help="target (.safetensors); by default beside the checkpoint")
    parser.add_argument("--dtype", choices=PRECISIONS, help="type to store; by default float32")
    parser.add_argument("--force", action="store_true", help="replace the target if it exists")
    options = parser.parse_args(arguments)
    out = options.out or options.file.with_suffix(".safetensors")
    try:
        print(convert(options.file, out, PRECISIONS.get(options.dtype), options.force))
    except KeyboardInterrupt:
        print("Interrupted; nothing was written.", file=sys.stderr)
        return 130
    except (ValueError, OSError) as error:
        print(f"error: {sentence(error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
