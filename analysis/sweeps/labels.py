"""From the folders of a dataset to the classes of a model."""

from collections.abc import Sequence

from analysis.sweeps.items import Item


def labels_of(items: Sequence[Item], classes: int, class_names: Sequence[str] | None) -> list[int | None]:
    """Return the class of each picture in the model's numbering, None where it is unknown.

    Class numbers in the dataset come first. Otherwise folders are classes: by their names, if each is a name of the
    model's classes; or in the order of their names, if there is one for each class, as training on such folders counts.

    Args:
        items: The pictures of the whole dataset, not of a part.
        classes: How many classes the model has.
        class_names: Their names, if known.
    """
    number = _by_folder(sorted({item.folder for item in items if item.folder}), classes, class_names or ())
    found = [item.label if item.label is not None else number.get(item.folder) for item in items]
    return [label if label is not None and 0 <= label < classes else None for label in found]


def _by_folder(folders: Sequence[str], classes: int, class_names: Sequence[str]) -> dict[str, int]:
    known = {name.casefold(): number for number, name in enumerate(class_names)}
    if folders and all(folder.casefold() in known for folder in folders):
        return {folder: known[folder.casefold()] for folder in folders}
    return {folder: number for number, folder in enumerate(folders)} if len(folders) == classes else {}
