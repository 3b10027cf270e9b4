"""From options to what they name: a model, a picture, a block."""

import sys
from pathlib import Path
from typing import overload

from analysis.any_model import AnyModel, Pixels, captured, has_super_tokens, heads_of, prepared
from analysis.backbones import Backbone, BackboneCapture, load_backbone
from analysis.commands.choices import DEFAULT_MODEL, AnyModelChoice, BlockChoice, HeadChoice, ModelChoice
from analysis.commands.views.view import AnyPictureView, BlockView, PictureView
from analysis.one_token.region import Region, SegmentLabels, segment_labels
from analysis.reports.report import Subject
from analysis.trials import class_names_of
from stvit import BlockId, BlockRecord, Capture, STViT, create_model
from stvit.captions import NOTHING_TO_CHANGE, no_super_tokens, where_super_tokens
from stvit.capturing.attention_record import AttentionRecord
from stvit.capturing.records import NoAttentionError
from stvit.error_text import SENTENCE
from stvit.foreign_text import plain
from stvit.images import RGBImage
from stvit.images.samples import sample_images
from stvit.precision import float_type
from stvit.weights.load import model_and_report
from stvit.weights.pretrained import pretrained_and_report


def chosen_model(options: ModelChoice) -> tuple[STViT, str]:
    """Return the model and what to call it; what was chosen inside its file, such as averaged weights, goes to stderr.

    Raises:
        ValueError: If the weights cannot be used.
        LookupError: If there is no such model.
        OSError: If the file cannot be read.
    """
    model, name = _model_as_stored(options)
    if options.precision is None:
        return model, name
    return model.to(float_type(options.precision)), f"{name}, {options.precision}"


def _model_as_stored(options: ModelChoice) -> tuple[STViT, str]:
    if options.random is not None:
        return create_model(options.random, seed=0).eval(), f"{options.random}, random weights"
    if options.weights is not None:
        (model, report), name = model_and_report(options.weights), options.weights.name
    else:
        name = DEFAULT_MODEL if options.model is None else options.model
        model, report = pretrained_and_report(name)
    for note in report.notes:
        print(plain(f"{name}: {note}", SENTENCE), file=sys.stderr)
    return model, name


def chosen_any_model(options: AnyModelChoice) -> tuple[AnyModel, str]:
    """Return the model, an STViT or a backbone, and what to call it.

    Raises:
        ValueError: If the weights cannot be used.
        LookupError: If there is no such model.
        OSError: If a file is missing or cannot be read.
    """
    if options.backbone is None:
        return chosen_model(options)
    if options.precision not in (None, "float32"):
        raise ValueError(f"A backbone runs in float32, got --precision {options.precision}; leave it out.")
    backbone = load_backbone(options.backbone)
    return backbone, f"{backbone.family.title}, {options.backbone.name}"


def any_subject(options: AnyPictureView) -> tuple[AnyModel, Subject]:
    """Return the model, an STViT or a backbone, and the picture as it sees it; see `chosen_subject`."""
    model, title = chosen_any_model(options)
    return model, _subject(options, model, title)


def chosen_subject(options: PictureView) -> tuple[STViT, Subject]:
    """Return the model, and the picture as it sees it.

    Raises:
        ValueError: If the picture or the weights cannot be used, also at this size.
        LookupError: If there is no such model.
        OSError: If a file cannot be read.
    """
    model, title = chosen_model(options)
    return model, _subject(options, model, title)


def subject_to_change(options: PictureView) -> tuple[STViT, Subject]:
    """Return the model, and the picture as it sees it, if there is an association to change.

    Raises:
        ValueError: As of `chosen_subject`, or if the model has no super tokens: every change would leave it as it is.
        LookupError: If there is no such model.
        OSError: If a file cannot be read.
    """
    model, subject = chosen_subject(options)
    if not has_super_tokens(model):
        raise ValueError(NOTHING_TO_CHANGE)
    return model, subject


def _subject(options: PictureView, model: AnyModel, title: str) -> Subject:
    source = chosen_picture(options.image, options.sample)
    return Subject(title, *prepared(model, source, options.size, options.framing))


def chosen_picture(image: Path | None, sample: str | None) -> RGBImage | Path:
    """Return a picture that was named: a file, or the sample of that name."""
    return sample_images()[sample or ""]() if image is None else image


def existing_block(model: AnyModel, stage: int, block: int) -> BlockId:
    """Return a block that was named, counted from 0.

    Raises:
        ValueError: If the model has no such block; the message counts from 1, as the options do.
    """
    found, known = BlockId(stage, block), list(model.blocks())
    if found not in known:
        stages = range(known[-1].stage + 1)
        depths = [sum(one.stage == number for one in known) for number in stages]
        where = "stage 1" if len(depths) == 1 else f"stages 1 to {len(depths)}"
        raise ValueError(
            f"There is no block {block + 1} in a stage {stage + 1}; this model has "
            f"{', '.join(map(str, depths))} blocks in {where}."
        )
    return found


def chosen_block(options: BlockChoice, model: AnyModel) -> BlockId:
    """Return the block that was named, and check the head too where one can be named.

    Raises:
        ValueError: If the model has no such block or head; the message counts from 1, as the options do.
    """
    found = existing_block(model, options.stage, options.block)
    heads = heads_of(model, found)
    head = options.head if isinstance(options, HeadChoice) else None
    if head is not None and not 0 <= head < heads:
        raise ValueError(f"Head {head + 1} does not exist; {found.caption} has heads 1 to {heads}, or mean.")
    return found


def class_chosen(model: STViT, cap: Capture, target: int | None) -> tuple[int, str]:
    """Return a class by its number, the most probable one if None, and its name.

    Raises:
        ValueError: If the model has no classes.
        IndexError: If there is no such class.
    """
    names = class_names_of(model)
    if not names:
        raise ValueError("This model has no classes, so there is no probability to follow; take one with a classifier.")
    chosen = int(cap.logits[0].argmax()) if target is None else target
    if not 0 <= chosen < len(names):
        raise IndexError(f"Class {chosen} does not exist; this model has classes 0 to {len(names) - 1}.")
    return chosen, names[chosen]


@overload
def finite_capture(model: STViT, subject: Subject, blocks: list[BlockId] | None = None) -> Capture: ...
@overload
def finite_capture(model: Backbone, subject: Subject, blocks: list[BlockId] | None = None) -> BackboneCapture: ...
def finite_capture(model: AnyModel, subject: Subject, blocks: list[BlockId] | None = None) -> Capture | BackboneCapture:
    """Capture a picture.

    Raises:
        ValueError: If the answer is not finite: the weights overflow, or hold such numbers.
    """
    return finite_of(model, subject.picture.pixels, blocks)


def finite_of(model: AnyModel, pixels: Pixels, blocks: list[BlockId] | None = None) -> Capture | BackboneCapture:
    """Capture pixels; see `finite_capture`."""
    found = captured(model, pixels, blocks)
    if not found.logits.isfinite().all():
        raise ValueError(
            "The model's answer to this picture holds NaN or infinity, so nothing about it can be shown; use other "
            "weights."
        )
    return found


def any_record_of(options: BlockView, model: AnyModel, subject: Subject) -> AttentionRecord:
    """Return what the chosen block of an STViT or of a backbone did to the picture; see `record_of`."""
    block = chosen_block(options, model)
    return finite_capture(model, subject, [block])[block]


def segments_for(region: Region, model: AnyModel, subject: Subject) -> SegmentLabels | None:
    """Return the segments of the picture on the grids of all blocks, for a region that is a segment."""
    if region.kind != "segment":
        return None
    cap = finite_capture(model, subject)
    records: list[AttentionRecord] = [cap[block] for block in cap]
    return segment_labels(records, subject.picture.shown)


def record_of(options: BlockView, model: STViT, subject: Subject) -> BlockRecord:
    """Return what the chosen block did to the picture.

    Raises:
        ValueError: If there is no such block or head, or the answer is not finite.
    """
    block = chosen_block(options, model)
    return finite_capture(model, subject, [block])[block]


def record_with_super_tokens(options: BlockView, model: STViT, subject: Subject) -> BlockRecord:
    """Return what the chosen block did to the picture, if it has super tokens.

    Raises:
        ValueError: If it has none.
    """
    record = record_of(options, model, subject)
    if not record.has_attention:
        raise NoAttentionError(record.id)
    if record.grid.is_identity:
        instead = where_super_tokens(model.config.super_token_stages)
        raise ValueError(f"{no_super_tokens(record.id.caption, record.own_window)} {instead}")
    return record
