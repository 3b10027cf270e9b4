"""Export of the page Super tokens."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from analysis.commands.settings import from_one, option, path, to_one, whole_number
from analysis.commands.views.view import BlockView
from analysis.grouping.choices import DRAWINGS, RESOLUTIONS, Resolution
from analysis.grouping.methods import METHODS, chosen_methods

if TYPE_CHECKING:
    from analysis.reports.report import Report
    from stvit import TokenGrid


@dataclass(frozen=True, kw_only=True)
class Groupings(BlockView):
    """Group the picture in several ways at equal count."""

    name: ClassVar[str] = "groupings"

    methods: tuple[str, ...] = option(
        ("grid", "super", "slic"), help="ways to group", choices=tuple(METHODS), metavar="NAME"
    )
    on: str = option("token", help="what the classical methods see", choices=RESOLUTIONS)
    iterations: int | None = option(
        None, help="of the learned sampling (default: the model's own)", parse=whole_number, metavar="COUNT"
    )
    drawing: str = option("boundaries", help="how groups are drawn", choices=tuple(DRAWINGS))
    groups: Path | None = option(
        None,
        help="groups of yours as one more method: a label map or an association (PNG, NPZ)",
        parse=path,
        metavar="FILE",
    )
    truth: Path | None = option(
        None, help="what people drew on this picture: .mat of BSDS500, label PNG, NPZ", parse=path, metavar="FILE"
    )
    annotator: int | None = option(
        None, help="one annotator alone, counted from 1 (default: all)", parse=from_one, write=to_one, metavar="NUMBER"
    )
    row: int | None = option(
        None,
        help="of a token, counted from 0, whose groups' soft memberships are drawn",
        parse=whole_number,
        metavar="NUMBER",
    )
    column: int | None = option(None, help="of that token, counted from 0", parse=whole_number, metavar="NUMBER")

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import chosen_subject, record_with_super_tokens
        from analysis.grouping.foreign import foreign_method, read_groups
        from analysis.grouping.groupings import grouping_of, sampling_words
        from analysis.reports.groupings import Comparison, groupings_report
        from analysis.superpixels.one_picture import read_people

        self._check_iterations()
        model, subject = chosen_subject(self)
        record = record_with_super_tokens(self, model, subject)
        own = model.config.num_iters[record.id.stage]
        iterations = own if self.iterations is None else self.iterations
        on, picture = cast(Resolution, self.on), subject.picture
        methods = chosen_methods(self.methods)
        if self.groups is not None:
            methods.append(foreign_method(read_groups(self.groups.name, self.groups.read_bytes()), picture.framing))
        found = [
            grouping_of(method, picture.shown, record, on=on, iterations=iterations, own=own) for method in methods
        ]
        if not found:
            raise ValueError("There is nothing to compare; name at least one of --methods, or --groups.")
        people = None
        if self.truth is not None:
            people = read_people(self.truth.name, self.truth.read_bytes(), picture.framing).only(self.annotator)
        shown = Comparison(found, self.drawing, people, self._place(record.grid))
        return groupings_report(subject, record, shown, sampling_words(iterations, on))

    def _check_iterations(self) -> None:
        from stvit.config_bounds import WHOLE

        low, high = WHOLE["num_iters"]
        if self.iterations is not None and not low <= self.iterations <= high:
            raise ValueError(f"The sampling can have {low} to {high} iterations, got {self.iterations}.")

    def _place(self, grid: "TokenGrid") -> tuple[int, int] | None:
        """Return the token whose groups' memberships are drawn.

        Raises:
            ValueError: If only one of row and column is given.
            IndexError: If there is no such token.
        """
        if self.row is None and self.column is None:
            return None
        if self.row is None or self.column is None:
            raise ValueError("A token has a row and a column; give both --row and --column, or neither.")
        return grid.position(grid.token(self.row, self.column))
