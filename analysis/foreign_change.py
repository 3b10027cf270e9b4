"""Groups from a file in place of the learned association, as one more change beside those of the registry."""

from analysis.changes import Change
from analysis.grouping.foreign import ForeignGroups, foreign_method
from analysis.grouping.label_files import LabelFileError
from analysis.grouping.label_maps import Image
from analysis.variants import Variant, swap_by
from stvit import BlockId, Capture
from stvit.images import Framing


def foreign_change(groups: ForeignGroups, framing: Framing, learned: Capture) -> Change:
    """Return the change that uses these groups: in every block with super tokens, or where the number of tokens fits.

    Args:
        groups: Of a file: a label map serves every block, an association those with as many tokens.
        framing: How the picture was prepared.
        learned: The run as it is, for its blocks.

    Raises:
        LabelFileError: If no block with super tokens has as many tokens as the association.
    """
    method, blocks = foreign_method(groups, framing), _fitting(groups, learned)

    def rule(name: str, title: str, shown: Image, parameter: None) -> Variant:
        return Variant(title, swap_by(method, shown), blocks=blocks)

    return Change(method.name, method.title, method.colour, method.sentence, rule)


def _fitting(groups: ForeignGroups, learned: Capture) -> tuple[BlockId, ...] | None:
    """Return the blocks that an association fits; None for a label map, which fits all."""
    if groups.weights is None:
        return None
    tokens = {record.id: record.grid.num_tokens for record in learned.values() if not record.grid.is_identity}
    found = tuple(block for block, count in tokens.items() if count == len(groups.weights[0]))
    if not found:
        possible = " or ".join(f"{count:,}" for count in dict.fromkeys(tokens.values())) or "none"
        raise LabelFileError(
            f"The association is of {len(groups.weights[0]):,} tokens; blocks with super tokens have {possible} here."
        )
    return found
