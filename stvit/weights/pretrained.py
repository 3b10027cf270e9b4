"""The known checkpoints by name: what they are, where their files are, and how to get them.

`pretrained/manifest.json` is the list. Files are looked for in the directory that the environment
variable STVIT_PRETRAINED names, if it is set, and then in `pretrained/` of the checkout.
"""

import json
import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from stvit.error_text import counted
from stvit.model import STViT
from stvit.variants import twin_name
from stvit.weights.content import Content, read_content
from stvit.weights.errors import WeightsError, WeightsNotFoundError
from stvit.weights.load import model_and_report
from stvit.weights.load_report import LoadReport
from stvit.weights.outline import outline_of_config

ENVIRONMENT = "STVIT_PRETRAINED"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class PretrainedEntry:
    """A known checkpoint.

    Attributes:
        name: What `load_pretrained` calls it, such as "small-224".
        variant: Its size, such as "stvit_small".
        resolution: Side of the images it was trained for last, in px.
        num_classes: Classes of its head.
        dataset: What it was trained on.
        top1: Published accuracy on the validation split in percent, None where none is published.
        file: File name; a file converted to .safetensors lies beside it under the same stem.
        sha256: Digest of that file, None where unknown.
        source: Where it comes from, for people.
        url: Where to download it, None where there is nothing to download.
        path: Its location on this machine, None if it is absent.
    """

    name: str
    variant: str
    resolution: int
    num_classes: int
    dataset: str
    top1: float | None
    file: str
    sha256: str | None
    source: str
    url: str | None
    path: Path | None = None

    @property
    def available(self) -> bool:
        """Whether the file is here; its digest is checked when it is loaded."""
        return self.path is not None


def pretrained_directory() -> Path:
    """Return where downloaded checkpoints belong: $STVIT_PRETRAINED, else `pretrained/` of the checkout."""
    chosen = os.environ.get(ENVIRONMENT)
    return Path(chosen).expanduser() if chosen else _own_directory()


def list_pretrained(directory: str | os.PathLike[str] | None = None) -> tuple[PretrainedEntry, ...]:
    """Return the known checkpoints, each with its path if its file is here.

    Args:
        directory: Where to look for files, and for another manifest; by default in `pretrained_directory()` and
            then in the checkout.

    Raises:
        WeightsError: If there is no manifest, or if it is damaged.
    """
    folders = _folders(directory)
    return tuple(replace(entry, path=_find(entry, folders)) for entry in _read_manifest(folders))


def load_pretrained(name: str, directory: str | os.PathLike[str] | None = None) -> STViT:
    """Load a known checkpoint.

    Args:
        name: A name of the manifest, such as "demo" or "small-224".
        directory: Where the file lies; see `list_pretrained`.

    Returns:
        The model in eval mode, with `class_names` where the file states them.

    Raises:
        KeyError: If there is no such name; the message lists the known ones.
        WeightsNotFoundError: If the file is not here; the message says where it comes from and where to put it.
        WeightsError: If the file is damaged or is not what the manifest says.

    Example:
        >>> load_pretrained("demo").class_names[0]
        'tench'
    """
    return pretrained_and_report(name, directory)[0]


def pretrained_and_report(name: str, directory: str | os.PathLike[str] | None = None) -> tuple[STViT, LoadReport]:
    """Load a known checkpoint, and say what was loaded; see `load_pretrained`."""
    entries = {entry.name: entry for entry in list_pretrained(directory)}
    if name not in entries:
        raise KeyError(f"There is no checkpoint {name!r}; known are {', '.join(entries)}.")
    entry = entries[name]
    if entry.path is None:
        raise WeightsNotFoundError(_how_to_get(entry, _folders(directory)[0]))
    content = read_content(entry.path)
    _check_digest(entry, content)
    model, report = model_and_report(content)
    _check_model(entry, content, model)
    return model, report


def _own_directory() -> Path:
    return Path(__file__).resolve().parents[2] / "pretrained"


def _folders(directory: str | os.PathLike[str] | None) -> list[Path]:
    """Return the directories to search, in order."""
    if directory is not None:
        return [Path(directory).expanduser()]
    return list(dict.fromkeys([pretrained_directory(), _own_directory()]))


def _read_manifest(folders: list[Path]) -> tuple[PretrainedEntry, ...]:
    """Return the entries of the first manifest in the folders, or of the project's own."""
    path = next((folder / MANIFEST for folder in folders if (folder / MANIFEST).is_file()), _own_directory() / MANIFEST)
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))["checkpoints"]
        return tuple(_entry(values) for values in listed)
    except FileNotFoundError as error:
        raise WeightsNotFoundError(
            f"There is no {str(path)!r}; set {ENVIRONMENT} to a directory with a {MANIFEST}."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{str(path)!r} is damaged ({error}); restore it.") from error


def _entry(values: dict[str, Any]) -> PretrainedEntry:
    """Return a checked entry; a manifest may not state `path`."""
    expected = {field.name for field in fields(PretrainedEntry)} - {"path"}
    if values.keys() != expected:
        raise ValueError(f"{values.get('name', 'an entry')} has wrong fields: {sorted(values.keys() ^ expected)}")
    if Path(values["file"]).name != values["file"]:
        raise ValueError(f"{values['name']} names a path instead of a file: {values['file']}")
    return PretrainedEntry(**values)


def _find(entry: PretrainedEntry, folders: list[Path]) -> Path | None:
    """Return the entry's file, a converted one first: nothing in it can run."""
    names = dict.fromkeys([Path(entry.file).with_suffix(".safetensors").name, entry.file])
    return next((folder / name for folder in folders for name in names if (folder / name).is_file()), None)


def _how_to_get(entry: PretrainedEntry, folder: Path) -> str:
    """Return the sentence for a file that is not here."""
    where = str(folder / entry.file)
    if entry.url is None:
        return f"The weights {entry.name!r} are not here: they come from {entry.source} and belong at {where!r}."
    return (
        f"The weights {entry.name!r} are not here: download {entry.file!r} of {entry.source} from {entry.url} and "
        f"put it at {where!r}."
    )


def _check_digest(entry: PretrainedEntry, content: Content) -> None:
    """Compare the bytes with the manifest; the digest of a converted file cannot be known in advance."""
    if entry.sha256 is None or content.path.name != entry.file:
        return
    if content.sha256 != entry.sha256:
        raise WeightsError(
            f"{content.name} has sha256 {content.sha256[:12]}..., the manifest expects {entry.sha256[:12]}...: it is "
            f"damaged or another file, get it again from {entry.url or entry.source}."
        )


def _check_model(entry: PretrainedEntry, content: Content, model: STViT) -> None:
    """Compare the loaded model with the manifest."""
    variant = twin_name(model.config) or outline_of_config(model.config).variant or "a model of other settings"
    if variant != entry.variant or model.config.num_classes != entry.num_classes:
        raise WeightsError(
            f"{content.name} holds {variant} with {counted(model.config.num_classes, 'class', 'classes')}, the "
            f"manifest expects {entry.variant} with {entry.num_classes} for {entry.name!r}; put the right file there."
        )
