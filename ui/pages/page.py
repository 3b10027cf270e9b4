"""What a page is."""

from collections.abc import Callable
from dataclasses import dataclass

from ui.address import Link
from ui.view.view import View


@dataclass(frozen=True)
class Page:
    """A page of the app.

    Attributes:
        address: Its name in the address.
        title: Its name for users.
        icon: Streamlit's name for its icon.
        question: What it answers.
        draw: Draws it.
        reads_capture: False if it shows the model alone, and so also works if a run gave no finite numbers.
        any_model: Whether it also shows backbones, which are no STViTs.
        repair: Replaces what a link asks for of the page but does not exist.
    """

    address: str
    title: str
    icon: str
    question: str
    draw: Callable[[View], None]
    reads_capture: bool = True
    any_model: bool = False
    repair: Callable[[Link], None] | None = None
