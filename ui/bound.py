"""What bound widgets show, as an address spells it.

Streamlit keeps that to itself, so this module, and no other, reads its inner state.
"""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

NUMBERS = ("double_value", "double_array_value", "int_value")
"""Types of Streamlit's widgets that hold numbers; `ui.address.number_binding` leaves one unbound now and then."""


def shown_values(key: str) -> list[str] | None:
    """Return what a widget shows that an address can set, as the address would spell it; None if there is none.

    Args:
        key: Of the widget, which is also its name in the address.
    """
    context = get_script_run_ctx()
    if context is None or key not in st.session_state:
        return None
    state = context.session_state._state
    metadata = state._new_widget_state.widget_metadata.get(state._key_id_mapper.get_id_from_key(key) or "")
    if metadata is None or (metadata.bind != "query-params" and metadata.value_type not in NUMBERS):
        return None
    value = metadata.serializer(st.session_state[key])
    return [_spelled(each) for each in (value if isinstance(value, list | tuple) else [value])]


def is_same(asked: str, shown: str) -> bool:
    """Return whether a value in an address is the one that is shown.

    Example:
        >>> is_same("0.50", "0.5"), is_same("True", "true"), is_same("inf", "1")
        (True, True, False)
    """
    try:
        return float(asked) == float(shown)
    except ValueError:
        return asked.casefold() == shown.casefold()


def _spelled(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.15g}" if isinstance(value, float) else str(value)
