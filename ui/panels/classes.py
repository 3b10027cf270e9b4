"""The choice of classes whose gradients weigh a rollout."""

import streamlit as st

from analysis.relevance.choices import ALONE, ATTENTION, MOST_CLASSES, PREDICTED
from analysis.relevance.weighings import Weighing, weighings
from stvit.foreign_text import plain
from ui import keys
from ui.view.view import View

OFFERED_CLASSES = 10

TITLES = {PREDICTED: "the predicted class", ATTENTION: ALONE}


def choose_classes(view: View) -> tuple[list[str], list[Weighing]]:
    """Draw the choice of up to three classes and return them as commands name them, and what they stand for."""
    logits, names = view.capture.logits[0], view.handle.model.class_names
    top = logits.topk(min(OFFERED_CLASSES, len(logits))).indices.tolist() if len(logits) else []
    labels = {str(index): plain(names[index]) if names else f"class {index}" for index in sorted(top)}
    options = [*([PREDICTED] if top else []), ATTENTION, *labels]
    state = st.session_state
    if any(chosen not in options for chosen in state.get(keys.ROLLOUT_CLASSES, ())):
        state[keys.ROLLOUT_CLASSES] = [chosen for chosen in state[keys.ROLLOUT_CLASSES] if chosen in options]
    chosen = st.multiselect(
        "Weighted by",
        options,
        default=options[:1],
        format_func=lambda word: TITLES.get(word) or labels.get(word, word),
        max_selections=MOST_CLASSES,
        key=keys.ROLLOUT_CLASSES,
        bind="query-params",
        persist_state="session",
        width=360,
        help="A class weighs each head by how much its attention speaks for that class (Chefer et al., 2021).",
    )
    words = chosen or options[:1]
    return words, weighings(view.handle.model, logits, words)
