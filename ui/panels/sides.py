"""The sides of a comparison: which models or pictures stand beside each other, titled."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import streamlit as st

from analysis.any_model import classifies
from analysis.commands.model_names import model_word
from analysis.compare.side import Side, distinct_titles
from stvit.images.samples import sample_images
from stvit.variants import VARIANTS
from stvit.weights.pretrained import list_pretrained
from ui import keys
from ui.address import Link, nearest_number
from ui.markdown import escaped
from ui.panels.pickers import keep_valid
from ui.panels.running import run_shown
from ui.sidebar.uploads import own_pictures
from ui.view.models import pretrained_model, random_model
from ui.view.runs import sample, view_of
from ui.view.speed import PIXELS_AT_ONCE
from ui.view.view import ModelHandle, Picture, View

MODELS, PICTURES = "models", "pictures"
HERE, NONE = "sidebar", "none"
DEFAULTS = ("twin-super", "twin-global", NONE)
MODEL_KEYS = (keys.COMPARE_FIRST, keys.COMPARE_SECOND, keys.COMPARE_THIRD)


@dataclass(frozen=True)
class OneSide:
    """A side that can be run at any time; it holds no arrays.

    Attributes:
        title: Different on every side.
        view: Its run.
    """

    title: str
    view: View

    def run_shown(self) -> None:
        """Run it, watched where that takes long; see `ui.panels.running.run_shown`."""
        run_shown(self.view, f"Running {escaped(self.title)}")

    def side(self) -> Side:
        """Return what the analysis compares.

        Raises:
            ValueError: If the model gives numbers that are not finite.
        """
        run, handle = self.view.run(), self.view.handle
        if not run.finite:
            raise ValueError(f"the output of {self.title} on this picture is not finite.")
        return Side(self.title, run.picture, run.capture, handle.class_names, classifies(handle.network))


def model_labels() -> dict[str, str]:
    """Return the models that can be compared, by the word for each, and how they are written, also in links."""
    found = [entry.name for entry in list_pretrained() if entry.available]
    known = dict.fromkeys(found, "") | {
        f"random:{name}": f"{variant.title}, random" for name, variant in VARIANTS.items()
    }
    return {HERE: "as in the sidebar"} | {word: label or word for word, label in known.items()}


def repair_sides(link: Link) -> None:
    """Replace what a link asks for but does not exist here; call it before the page."""
    link.repair_choice(keys.COMPARE_WHAT, "comparison", {MODELS: MODELS, PICTURES: PICTURES})
    for key, default in zip(MODEL_KEYS, DEFAULTS, strict=True):
        labels = model_labels() | ({NONE: NONE} if default == NONE else {})
        link.repair_choice(key, "model", {default: labels[default]} | labels)
    samples = {name: name.capitalize() for name in sample_images()}
    link.repair_choice(keys.COMPARE_PICTURE, "second picture", samples)
    percent = {number: str(number) for number in range(101)}
    link.repair_choice(keys.COMPARE_DEPTH, "depth", percent, lambda asked: nearest_number(asked, percent, default=5))


def choose_sides(view: View) -> list[OneSide]:
    """Draw the choice of models, or of a model and a second picture, and return them; they run when looked at."""
    what = st.segmented_control(
        "Compare", [MODELS, PICTURES], default=MODELS, required=True, key=keys.COMPARE_WHAT, bind="query-params"
    )
    if what == PICTURES:
        handle = _handle(view, _choose_model("Model", 0))
        chosen = [(handle, _picture_of(view)), (handle, _choose_picture(view))]
        named = [f"{command_title(handle)}, {picture.name}" for _, picture in chosen]
    else:
        return models_on(
            view, [_choose_model(label, place) for place, label in enumerate(("First", "Second", "Third"))]
        )
    return _titled(view, named, chosen)


def models_on(view: View, words: Iterable[str]) -> list[OneSide]:
    """Return models beside each other on the picture of a view."""
    chosen = [(_handle(view, word), _picture_of(view)) for word in words if word != NONE]
    return _titled(view, [command_title(handle) for handle, _ in chosen], chosen)


def chosen_models() -> list[str]:
    """Return the words of the models that are chosen, also where the choice is not drawn."""
    return [st.session_state.get(key, default) for key, default in zip(MODEL_KEYS, DEFAULTS, strict=True)]


def _titled(view: View, named: Sequence[str], chosen: Sequence[tuple[ModelHandle, Picture]]) -> list[OneSide]:
    views = [_view(view, *one) for one in chosen]
    return [OneSide(title, each) for title, each in zip(distinct_titles(named), views, strict=True)]


def wait_for_others(sides: Sequence[OneSide], show: Callable[[OneSide], object]) -> None:
    """Show the first side alone while the others run, where that takes long; then the page is drawn anew.

    Args:
        sides: All of them.
        show: Draws the page for one side.
    """
    first, *others = sides
    waited = tuple(one.view.key for one in sides)
    if first.view.picture.pixels[0, 0].numel() <= PIXELS_AT_ONCE or st.session_state.get(keys.COMPARE_WAITED) == waited:
        return
    show(first)
    for one in others:
        one.run_shown()
    st.session_state[keys.COMPARE_WAITED] = waited
    st.rerun()


def command_title(handle: ModelHandle) -> str:
    """Return what commands call a model, so that their figures have the same words."""
    flag, value = handle.options
    return {"--model": value, "--random": f"{value}, random weights"}.get(flag, handle.title)


def side_words(sides: list[OneSide]) -> tuple[str, ...]:
    """Return the models as a command names them, each once for one model on two pictures."""
    words = [model_word(one.view.handle.options) for one in sides]
    pictures = {one.view.picture.source.sha256 for one in sides}
    return tuple(words[:1] if len(pictures) > 1 else words)


def _choose_model(label: str, place: int) -> str:
    key, default = MODEL_KEYS[place], DEFAULTS[place]
    labels = ({NONE: NONE} if default == NONE else {}) | model_labels()
    options = list(labels)
    keep_valid(key, [default, *options])
    chosen: str = st.selectbox(
        label, options, index=options.index(default), format_func=labels.__getitem__, key=key, bind="query-params"
    )
    return chosen


def _handle(view: View, word: str) -> ModelHandle:
    if word == HERE:
        return view.handle.in_single or view.handle  # models are compared in one precision
    kind, _, variant = word.partition(":")
    return random_model(variant) if kind == "random" else pretrained_model(word)


def _choose_picture(view: View) -> Picture:
    """Draw the choice of the second picture: a sample, or one that was uploaded; at first the next sample."""
    own = own_pictures()
    labels = {name: name.capitalize() for name in sample_images()} | {
        key: item.title for key, item in own.items.items()
    }
    options = list(labels)
    keep_valid(keys.COMPARE_PICTURE, options)
    first = next(name for name in options if name != view.picture.source.name)
    chosen = st.selectbox(
        "Second picture",
        options,
        index=options.index(first),
        format_func=labels.__getitem__,
        key=keys.COMPARE_PICTURE,
        bind="query-params",
    )
    return own.picture(chosen) if chosen in own.files else sample(chosen)


def _picture_of(view: View) -> Picture:
    source = view.picture.source
    return Picture(source.name, source.sha256, lambda: view.picture.source)  # no array is held


def _view(view: View, handle: ModelHandle, picture: Picture) -> View:
    if handle is view.handle and picture.sha256 == view.picture.source.sha256:
        return view
    return view_of(picture, handle, view.size, view.framing, view.device)
