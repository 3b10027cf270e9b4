"""The pictures of a sweep, where they are still at hand: found by their names, and known by their bytes."""

from pathlib import Path

from analysis.sweeps.items import Item
from analysis.sweeps.reading import Sweep
from analysis.sweeps.sources import find_items
from stvit.images import ImageError, PictureBytes


def find_picture(sweep: Sweep, image: str) -> PictureBytes | None:
    """Return the bytes of a picture of a sweep; None if it was moved or changed, or is no picture of the sweep.

    A name is relative to the folder in which the sweep was started, or to the one in which this process was.

    Args:
        sweep: The sweep.
        image: Name of the picture in its tables.
    """
    with sweep.lock:
        known = sweep.database.execute("SELECT sha256 FROM pictures WHERE image = ?", [image]).fetchone()
    started = Path(sweep.configuration.get("directory", "."))
    for path in (started / image, Path(image)) if known else ():
        item = _item(path, sweep.folder)
        try:
            found = item.read() if item else None
        except ImageError:
            continue
        if found is not None and found.sha256 == known[0]:
            return found
    return None


def _item(path: Path, results: Path) -> Item | None:
    """Return the file of a picture, or its part of a tar."""
    if path.is_file():
        return Item(path.name, str(path))
    tar = next((parent for parent in path.parents if parent.suffix == ".tar" and parent.is_file()), None)
    if tar is None:
        return None
    return next((item for item in find_items([str(tar)], results)[0] if item.name == str(path)), None)
