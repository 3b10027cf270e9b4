"""Readable names for class folders that carry WordNet numbers."""

IMAGENETTE = {
    "n01440764": "tench",
    "n02102040": "English springer",
    "n02979186": "cassette player",
    "n03000684": "chain saw",
    "n03028079": "church",
    "n03394916": "French horn",
    "n03417042": "garbage truck",
    "n03425413": "gas pump",
    "n03445777": "golf ball",
    "n03888257": "parachute",
}
"""The ten classes of Imagenette."""


def readable_names(folders: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """Return the names of class folders, in their order; unknown folders keep their own name."""
    return tuple(IMAGENETTE.get(folder, folder) for folder in folders)
