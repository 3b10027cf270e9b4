"""One picture of a dataset as a reference to its bytes: small enough to send to any worker by the million."""

from dataclasses import dataclass

from analysis.sweeps.remote import Place, RemotePath, place_of
from stvit.error_text import sentence
from stvit.images import ImageError, PictureBytes, read_picture
from stvit.images.limits import DEFAULT_LIMITS


@dataclass(frozen=True, slots=True)
class Item:
    """Where the bytes of one picture are.

    Attributes:
        name: Its name in tables.
        path: Path or address of its file, or of the tar that holds it; absolute, for workers that started elsewhere.
        offset: Offset of its bytes in the tar; None for a separate file.
        size: Number of its bytes in the tar.
        folder: Name of the folder that gives its class, empty if none does.
        label: Number of its class where the dataset gives one (a .cls file of webdataset), else None.
    """

    name: str
    path: str
    offset: int | None = None
    size: int = 0
    folder: str = ""
    label: int | None = None

    def read(self) -> PictureBytes:
        """Read the bytes.

        Raises:
            ImageError: If they cannot be read, or are too many for a picture.
        """
        place = place_of(self.path)
        if self.offset is not None:
            return read_picture(self._member(place, self.offset), name=self.name.rpartition("/")[2])
        if isinstance(place, RemotePath):
            data = place.read_bytes(0, DEFAULT_LIMITS.max_bytes + 1)  # one more than is allowed, as of a file
            return read_picture(data, name=place.name)
        return read_picture(place)

    def _member(self, tar: Place, offset: int) -> bytes:
        DEFAULT_LIMITS.check_bytes(self.size)
        try:
            data = _part(tar, offset, self.size)
        except OSError as error:
            raise ImageError(f"The tar cannot be read ({error.strerror or sentence(error)}).") from error
        if len(data) < self.size:
            raise ImageError("The tar ends before this picture does; copy it again.")
        return data


def _part(place: Place, start: int, size: int) -> bytes:
    if isinstance(place, RemotePath):
        return place.read_bytes(start, start + size)
    with place.open("rb") as file:
        file.seek(start)
        return file.read(size)
