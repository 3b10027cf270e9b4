"""Ablation: what the prediction would be without some super tokens or heads of a block."""

from functools import partial
from typing import cast

import numpy as np
import streamlit as st

from analysis.commands.views.ablation import AblationView
from analysis.faithfulness.ablation import Ablation, How, Part
from analysis.faithfulness.choices import HOW, PARTS
from analysis.faithfulness.effects import Effects, effect_of, effects_of_each, parts_of
from analysis.figures.canvas import Canvas
from analysis.figures.numbers import percent, significant
from analysis.figures.screen.curves import curve_chart
from analysis.figures.screen.heat import heat_map
from analysis.figures.style import KIND_COLOURS
from analysis.reports.faithfulness import effect_panel, effects_report, head_chart
from analysis.reports.report import Report
from analysis.trials import class_names_of
from stvit import BlockId, BlockRecord
from stvit.attention import SuperTokenAttention
from stvit.foreign_text import plain
from ui import keys
from ui.markdown import escaped
from ui.panels.export import Export, block_options, file_name, picture_options, subject_of
from ui.panels.panel import chart, heading, note, slot
from ui.panels.work import Progress, worked
from ui.view.devices import on_device
from ui.view.view import BY_KEY, View

SECONDS_PER_PIXEL = 9e-7
"""About how long a run of all blocks takes on one core; those before the block in question run once."""


def show_ablation(view: View, record: BlockRecord) -> None:
    """Draw the choice of what is taken out of a block, what that changes, and the map of all its super tokens.

    Args:
        view: Picture and model.
        record: The block.
    """
    names = class_names_of(view.handle.model)
    st.markdown(f"#### What if parts of {record.id.caption} were not there?")
    if not names:
        st.info("This model has no classes, so there is no prediction to change.", icon=":material/info:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        part, how = _choose_part(view, record)
        numbers = _choose_numbers(part, parts_of(record, part))
    if numbers:
        _say(view, record, part, how, numbers, names)
    found = _measured(view, record, part, how)
    if found is not None:
        _show(view, record, part, how, found, names)


def _choose_part(view: View, record: BlockRecord) -> tuple[Part, How]:
    mixer = view.handle.model.blocks()[record.id].attention
    offered = list(PARTS) if isinstance(mixer, SuperTokenAttention) else ["heads"]
    if st.session_state.get(keys.ABLATED_PART, offered[0]) not in offered:
        st.session_state[keys.ABLATED_PART] = offered[0]
    part = st.segmented_control(
        "Take out",
        offered,
        format_func=PARTS.__getitem__,
        default=offered[0],
        required=True,
        key=keys.ABLATED_PART,
        bind="query-params",
        persist_state="session",
    )
    how = st.segmented_control(
        "They are",
        list(HOW),
        format_func=HOW.__getitem__,
        default="drop",
        required=True,
        key=keys.ABLATED_HOW,
        bind="query-params",
        persist_state="session",
        help="A dropped super token takes no attention and gives nothing back; a dropped head adds nothing. The mean "
        "is that of all super tokens, or of what the head gives everywhere.",
    )
    return cast("Part", part or offered[0]), cast("How", how or "drop")


def _choose_numbers(part: Part, count: int) -> list[int]:
    """Draw the choice of which parts go together; people count heads from 1, super tokens are numbered from 0."""
    first = 1 if part == "heads" else 0
    options = [str(number + first) for number in range(count)]
    chosen = [number for number in st.session_state.get(keys.ABLATED_NUMBERS, ()) if number in options]
    if keys.ABLATED_NUMBERS in st.session_state and chosen != st.session_state[keys.ABLATED_NUMBERS]:
        st.session_state[keys.ABLATED_NUMBERS] = chosen
    label = "Heads" if part == "heads" else "Super tokens, numbered row by row from 0"
    picked = st.multiselect(
        label,
        options,
        key=keys.ABLATED_NUMBERS,
        bind="query-params",
        persist_state="session",
        width=360,
        placeholder="all of these at once",
    )
    return [int(number) - first for number in picked]


@st.cache_resource(max_entries=64, show_spinner="Running the model without them ...", hash_funcs=BY_KEY)
def _together(view: View, block: BlockId, part: Part, how: How, numbers: tuple[int, ...]) -> Effects:
    model = on_device(view.handle.model, view.handle.digest, view.device)
    ablation = Ablation.of(model, block, part, numbers, parts_of(view.capture[block], part), how)
    return effect_of(model, view.picture.pixels.to(view.device), [ablation])


def _say(view: View, record: BlockRecord, part: Part, how: How, numbers: list[int], names: list[str]) -> None:
    found = _together(view, record.id, part, how, tuple(numbers))
    before, after = int(found.before.argmax()), int(found.top[0])
    with st.container(horizontal=True, key="numbers_of_ablation"):
        label = f"{PARTS[part]} {HOW[how]}: KL divergence"
        st.metric(label, f"{significant(found.divergence[0], 2)} nats", width="content", border=True)
        probability = np.exp(found.before[before]), np.exp(found.after[0, before])
        value = f"{percent(probability[0])} → {percent(probability[1])}"
        st.metric(f"Probability of {escaped(names[before])}", value, width="content", border=True)
        st.metric("Most probable class", escaped(names[after]), width="content", border=True)


def _measured(view: View, record: BlockRecord, part: Part, how: How) -> Effects | None:
    count = parts_of(record, part)
    blocks = list(view.all_blocks)
    deeper = (len(blocks) - blocks.index(record.id)) / len(blocks)
    seconds = SECONDS_PER_PIXEL * view.picture.pixels[0, 0].numel() * count * deeper

    def work(progress: Progress) -> Effects:
        model = on_device(view.handle.model, view.handle.digest, view.device)
        return effects_of_each(
            model, view.picture.pixels.to(view.device), record.id, part, count, how, progress=progress
        )

    key = ("ablation", view.key, record.id, part, how)
    label = f"Take out each of {count:,} {PARTS[part].lower()} by itself"
    return worked("ablation", key, label, seconds, work, lambda found: found.after.nbytes)


def _show(view: View, record: BlockRecord, part: Part, how: How, found: Effects, names: list[str]) -> None:
    target = int(found.before.argmax())
    change = found.change(target)
    worst = int(change.argmin())
    number = worst + 1 if part == "heads" else worst
    note(
        f"Change of log p of {plain(names[target])} without each {'head' if part == 'heads' else 'super token'}; "
        f"number {number} matters most ({change[worst]:+.2f} nats)."
    )
    with st.container(horizontal=True, gap="medium"):
        with slot() if part == "super_tokens" else st.container(width=480):
            if part == "super_tokens":
                heading("Without this super token", KIND_COLOURS["super"], "blue: it spoke for the class")
                chart(
                    heat_map(Canvas(view.picture.shown), effect_panel(record, found, target)),
                    "ablation_map",
                    "Without each super token",
                )
            else:
                chart(
                    curve_chart(head_chart(found, target), height=280),
                    "ablation_heads",
                    "Without each head",
                    fills_width=True,
                )
        table = found.table(target).assign(top_class=[names[index] for index in found.top])
        table["probability"] *= 100
        table["part"] += int(part == "heads")
        one = "head" if part == "heads" else "super token"
        titled = table.rename(columns={"part": one, "top_class": "most probable"}).sort_values("change")
        config = {
            "change": st.column_config.NumberColumn("change (nats)", format="%.3f"),
            "probability": st.column_config.NumberColumn(format="%.1f %%"),
            "divergence": st.column_config.NumberColumn("KL (nats)", format="%.3f"),
        }
        with st.container(width=480):
            st.dataframe(titled, hide_index=True, column_config=config, height=320)
    settings = AblationView(**picture_options(view), **block_options(record), part=part, how=how, target=target)
    make: partial[Report] = partial(
        _report, view, record.id, found, target, part, how, names[target]
    )  # no record in what Streamlit keeps
    name = file_name(view, "without", part.replace("_", "-"))
    Export(name, make, settings, "the prediction without each").offer("ablation")


def _report(view: View, block: BlockId, found: Effects, target: int, part: str, how: str, name: str) -> Report:
    return effects_report(subject_of(view), view.capture[block], found, target, part, how, name)
