"""From the user's choice to what is shown: the run of the model, or the closest alternative that works, with a note."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import streamlit as st

from stvit.images.samples import sample_images
from ui.failures import said
from ui.panels.running import RunCancelledError, run_shown
from ui.sidebar.choose import SIZES, Choice
from ui.view.devices import CPU, Device
from ui.view.models import random_model
from ui.view.runs import sample, view_of
from ui.view.view import View

Fallback = tuple[Choice, Callable[[str], str]]
"""What to try instead, and what to say of the error before it if that works."""


def run_or_fall_back(choice: Choice) -> View:
    """Run the model on the picture; if that fails, show the closest alternative that works, and say so."""
    try:
        return _run(choice)
    except RunCancelledError:
        raise
    except Exception as error:
        failure = error
    for fallback, told in _fallbacks(choice):
        try:
            view = _run(fallback)
        except Exception as error:
            failure = error
        else:
            st.error(told(said(failure)), icon=":material/error:")
            return view
    raise failure


def _run(choice: Choice) -> View:
    view = view_of(choice.picture, choice.handle, choice.size, choice.framing, choice.device.name)
    run_shown(view)
    return view


def _fallbacks(choice: Choice) -> Iterator[Fallback]:
    """Yield the alternatives to try, one after the other; a model is built only when its turn comes."""
    device, the_cpu = choice.device, Device(CPU, "CPU")
    if device.name != CPU:
        yield replace(choice, device=the_cpu), lambda error: _gave_up(device, error)
    sample_picture = sample(next(iter(sample_images())))
    safe = replace(choice, picture=sample_picture, size=SIZES[0], framing="crop", device=the_cpu)
    yield safe, lambda error: f"{error} A sample at {SIZES[0]} px is shown instead."
    other_model = replace(safe, handle=random_model("stvit_demo"))
    yield other_model, lambda error: f"{error} A sample is shown instead, in a model with random weights."


def _gave_up(device: Device, error: str) -> str:
    return f"{device.title} failed ({error}); the CPU was used instead."
