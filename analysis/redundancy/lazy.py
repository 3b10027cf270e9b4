"""Properties that are computed when first asked for, by as many threads at once as there are objects."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    lazy = cached_property
else:

    class lazy(cached_property):
        """What `functools.cached_property` is from Python 3.12 on.

        Before, while a thread computes a property of an object, no other thread can compute that of another object.
        Where several threads compute that of one object, the last one's is kept.

        Example:
            >>> class Square:
            ...     side = 3
            ...     @lazy
            ...     def area(self):
            ...         print("multiplied")
            ...         return self.side**2
            >>> square = Square()
            >>> square.area, square.area
            multiplied
            (9, 9)
        """

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            """Compute and keep the value; called only as long as none is kept."""
            if instance is None:
                return self
            value = instance.__dict__[self.attrname] = self.func(instance)
            return value
