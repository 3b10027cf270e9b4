"""The options of `python -m analysis export paper`."""

from dataclasses import dataclass
from pathlib import Path

from analysis.commands.settings import Settings, number, option, path, whole_number
from analysis.figures.formats import FIGURES


@dataclass(frozen=True, kw_only=True)
class Paper(Settings):
    """Write the paper's analysis figures, from the four trained twins, one column wide."""

    images: tuple[Path, ...] = option((), help="picture files (default: the samples that ship)", parse=path)
    out: Path = option(help="folder for the figures, their numbers and captions", parse=path, metavar="DIR")
    size: int = option(224, help="side of the centre crop in px", parse=whole_number, metavar="PX")
    down: float | None = option(
        None, help="of the picture above the token, 0 to 1 (default: its subject, or the middle)", parse=number
    )
    across: float | None = option(None, help="of the picture left of the token, 0 to 1", parse=number)
    formats: tuple[str, ...] = option(FIGURES, help="of the figures", choices=FIGURES, metavar="NAME", required=True)
