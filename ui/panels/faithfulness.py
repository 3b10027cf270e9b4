"""Deletion and insertion curves: does the prediction follow what a map points at?"""

from functools import partial

import streamlit as st

from analysis.commands.views.faithfulness import DEFAULT_ORDERS, FaithfulnessView
from analysis.faithfulness.choices import GROUPS, ORDERS, REPLACEMENTS
from analysis.faithfulness.groups import groups_of
from analysis.faithfulness.measuring import Effort, Faithfulness, measure_groups, summary_table
from analysis.figures.screen.curves import curve_chart
from analysis.grouping.methods import METHODS
from analysis.reports.faithfulness import curve_charts, faithfulness_report
from analysis.reports.report import Report
from analysis.trials import class_names_of
from stvit import BlockId
from stvit.foreign_text import plain
from ui import keys
from ui.panels.export import Export, block_options, file_name, picture_options, subject_of
from ui.panels.panel import chart, note
from ui.panels.work import Progress, worked
from ui.view.devices import on_device
from ui.view.runs import seconds_per_run
from ui.view.view import View

ROLLOUTS = ("class_rollout", "rollout")


def show_faithfulness(view: View, target: int | None) -> None:
    """Draw the curves of some groupings, measured when asked for.

    Args:
        view: Picture and model.
        target: The class to follow; None takes the predicted one.
    """
    names = class_names_of(view.handle.model)
    if not names:
        return
    followed = int(view.capture.logits[0].argmax()) if target is None else target
    st.markdown("#### Does the prediction follow the map?")
    note(
        f"Groups of the picture are replaced, the most relevant first (deletion), or come back in that order "
        f"(insertion); the curves follow log p of {plain(names[followed])}. A map that is right falls fast, rises "
        "fast and leaves the grey band of random orders."
    )
    block, groups, orders, replacement = _choose(view)
    if not groups or not orders:
        st.info("Choose at least one grouping and one order.", icon=":material/info:")
        return
    found = _measured(view, block, groups, orders, replacement, followed)
    if found is None:
        return
    _show(found)
    _offer(view, found, block, groups, orders, replacement, followed)


def _choose(view: View) -> tuple[BlockId, tuple[str, ...], tuple[str, ...], str]:
    blocks = {record.id.short: record for record in view.capture.values()}
    grouped = {short: record for short, record in blocks.items() if not record.grid.is_identity}
    finest = list(grouped or blocks)
    _forget_others(keys.FAITHFUL_COUNT, finest)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        block = st.selectbox(
            "As many groups as super tokens of",
            finest,
            format_func=lambda short: blocks[short].id.caption.replace(",", ""),
            key=keys.FAITHFUL_COUNT,
            bind="query-params",
            persist_state="session",
            width=240,
        )
        replacement = st.segmented_control(
            "Replaced by",
            list(REPLACEMENTS),
            format_func=lambda name: REPLACEMENTS[name].title,
            default="mean",
            required=True,
            key=keys.REPLACEMENT,
            bind="query-params",
            persist_state="session",
            help="; ".join(choice.sentence for choice in REPLACEMENTS.values()),
        )
    offered = [name for name in GROUPS if grouped or not METHODS[name].knows_model]
    groups = _several(
        "Groups", offered, offered[:1], {name: METHODS[name].title for name in offered}, keys.FAITHFUL_GROUPS
    )
    attends = all(record.has_attention for record in view.all_blocks.values())
    known = [name for name in ORDERS if attends or name not in ROLLOUTS]
    default = [name for name in DEFAULT_ORDERS if name in known and name != "greedy"]
    titles = {name: choice.title for name, choice in ORDERS.items()}
    orders = _several("Orders", known, default, titles, keys.FAITHFUL_ORDERS)
    return blocks[block].id, groups, orders, replacement or "mean"


def _several(label: str, names: list[str], default: list[str], titles: dict[str, str], key: str) -> tuple[str, ...]:
    if any(name not in names for name in st.session_state.get(key, ())):
        st.session_state[key] = [name for name in st.session_state[key] if name in names] or default
    chosen = st.pills(
        label,
        names,
        selection_mode="multi",
        default=default,
        format_func=titles.__getitem__,
        key=key,
        bind="query-params",
        persist_state="session",
    )
    return tuple(name for name in names if name in (chosen or ()))


def _forget_others(key: str, options: list[str]) -> None:
    if st.session_state.get(key, options[0]) not in options:
        st.session_state[key] = options[0]


def _measured(
    view: View, block: BlockId, groups: tuple[str, ...], orders: tuple[str, ...], replacement: str, target: int
) -> list[Faithfulness] | None:
    effort = _effort(orders)
    count = view.capture[block].grid.num_super_tokens if not view.capture[block].grid.is_identity else 49
    runs = len(groups) * effort.runs(count, len(set(orders) - {"random", "greedy"}))

    def work(progress: Progress) -> list[Faithfulness]:
        model = on_device(view.handle.model, view.handle.digest, view.device)
        made = groups_of(view.capture[block], view.picture.shown, groups)
        cap, pixels = view.all_blocks, view.picture.pixels.to(view.device)
        return measure_groups(model, cap, pixels, made, target, orders, replacement, effort, progress)

    key = ("faithfulness", view.key, block, groups, orders, replacement, target)
    label = "Measure deletion and insertion"
    return worked("faithfulness", key, label, runs * seconds_per_run(view), work, _nbytes)


def _effort(orders: tuple[str, ...]) -> Effort:
    usual = Effort()
    return Effort(usual.steps, usual.random if "random" in orders else 0, usual.greedy if "greedy" in orders else 0)


def _nbytes(found: list[Faithfulness]) -> int:
    return sum(one.groups.labels.nbytes for one in found) + 50_000


def _show(found: list[Faithfulness]) -> None:
    for one in found:
        for column, charted in zip(st.columns(2, gap="medium"), curve_charts(one), strict=True):
            with column:
                st.markdown(f"**{charted.title}**", help="Numbers in the legend are areas under the curves, in nats.")
                chart(curve_chart(charted), f"{charted.title}", charted.title, fills_width=True)
    table = summary_table(found)
    table["grouping"] = table["grouping"].map(lambda name: METHODS[name].title)
    table["order"] = table["order"].map(lambda name: ORDERS[name].title)
    number = st.column_config.NumberColumn(format="%.3f")
    columns = ("deletion_area", "insertion_area", "comprehensiveness", "sufficiency")
    titled = table.rename(columns=lambda name: name.replace("_", " "))
    st.dataframe(
        titled, hide_index=True, column_config={name.replace("_", " "): number for name in columns}, width="content"
    )


def _offer(
    view: View,
    found: list[Faithfulness],
    block: BlockId,
    groups: tuple[str, ...],
    orders: tuple[str, ...],
    replacement: str,
    target: int,
) -> None:
    settings = FaithfulnessView(
        **picture_options(view),
        **block_options(view.capture[block]),
        groups=groups,
        orders=orders,
        replacement=replacement,
        target=target,
    )
    name = class_names_of(view.handle.model)[target]
    make: partial[Report] = partial(faithfulness_report, subject_of(view), found, block, replacement, name)
    Export(file_name(view, "faithfulness", *groups), make, settings, "areas by order, and every curve").offer(
        "deletion and insertion"
    )
