"""Which blocks of a model a caller means: those to record, and those that a setting changes."""

from collections.abc import Iterable, Mapping
from typing import Any

from stvit.attention import SuperTokenAttention
from stvit.captions import no_association
from stvit.model import BlockId, STViT


def existing_blocks(model: STViT, blocks: Iterable[BlockId | tuple[int, int]] | None) -> list[BlockId]:
    """Return the blocks that a caller asks for, in order of depth; None is all of them.

    Raises:
        KeyError: If the model has no such block; the message says how many each stage has.
        TypeError: If they are not given as a list of blocks.
    """
    known = list(model.blocks())
    if blocks is None:
        return known
    if isinstance(blocks, str) or not isinstance(blocks, Iterable):
        raise TypeError(f"Blocks are given as a list of BlockId(stage, block), got {blocks!r}.")
    wanted = {_block_id(block) for block in blocks}
    _check_known(wanted, known)
    return [block for block in known if block in wanted]


def per_block(model: STViT, setting: Any) -> dict[BlockId, Any]:
    """Return a setting by block: a mapping unchanged, or one value spread over all blocks with super tokens.

    Raises:
        KeyError: If the model has no such block.
        TypeError: If a block is not given as its stage and number.
        ValueError: If a block has no super tokens.
    """
    if setting is None:
        return {}
    known = model.blocks()
    with_super_tokens = [
        block
        for block, module in known.items()
        if isinstance(module.attention, SuperTokenAttention) and module.attention.has_super_tokens
    ]
    if not isinstance(setting, Mapping):
        return dict.fromkeys(with_super_tokens, setting)
    chosen = {_block_id(block): value for block, value in setting.items()}
    _check_known(chosen, list(known))
    plain = [block for block in chosen if block not in with_super_tokens]
    if plain:
        raise ValueError(
            f"{no_association(plain[0].caption)}; choose among stages "
            f"{sorted({block.stage for block in with_super_tokens})} (counted from 0)."
        )
    return chosen


def _block_id(block: Any) -> BlockId:
    if not (isinstance(block, tuple) and len(block) == 2 and all(isinstance(number, int) for number in block)):
        raise TypeError(f"Blocks are given as a list of BlockId(stage, block), got {block!r} for one of them.")
    return BlockId(*block)


def _check_known(wanted: Iterable[BlockId], known: list[BlockId]) -> None:
    for block in wanted:
        if block not in known:
            depths = [sum(i.stage == stage for i in known) for stage in sorted({i.stage for i in known})]
            raise KeyError(f"There is no block {tuple(block)}; this model has {depths} blocks by stage, from 0.")
