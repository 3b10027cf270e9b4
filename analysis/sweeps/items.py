"""One picture of a dataset as a reference to its bytes: small enough to send to any worker by the million."""

from dataclasses import dataclass

from stvit.images import ImageError, PictureBytes, read_picture
from stvit.images.limits import DEFAULT_LIMITS


@dataclass(frozen=True, slots=True)
class Item:
    """Where the bytes of one picture are.

    Attributes:
        name: Its name in tables.
        path: Path of its file, or of the tar that holds it.
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
        if self.offset is None:
            return read_picture(self.path)
        DEFAULT_LIMITS.check_bytes(self.size)
        try:
            with open(self.path, "rb") as tar:
                tar.seek(self.offset)
                data = tar.read(self.size)
        except OSError as error:
            raise ImageError(f"The tar cannot be read ({error.strerror}).") from error
        if len(data) < self.size:
            raise ImageError("The tar ends before this picture does; copy it again.")
        return read_picture(data, name=self.name.rpartition("/")[2])
