"""A menu: a button that opens choices over the page.

`st.popover` looks the same, but Streamlit takes the widgets of a closed one off the page. The browser then goes on
sending the values that they had, so that the next press of any button undoes what a click in a picture or a link chose
in the meantime. The widgets of a menu stay on the page and follow.
"""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

STYLE = """<style>
[class*=st-key-menu_] {position: relative; width: max-content}
[class*=st-key-menu_] > * > [data-testid=stExpander] > details {border-radius: .5rem}
[class*=st-key-menu_] > * > [data-testid=stExpander] > details > summary {
  min-height: calc(2.5rem - 2px); padding: .25rem .75rem}
[class*=st-key-menu_] > * > [data-testid=stExpander] > details > [data-testid=stExpanderDetails] {
  position: absolute; z-index: 1000; inset: calc(100% + .25rem) 0 auto auto; width: min(24rem, 88vw); max-height: 75vh;
  overflow: auto; padding: 1rem; background: var(--st-background-color, Canvas);
  border: 1px solid var(--st-border-color, #8884); border-radius: .5rem; box-shadow: 0 4px 16px rgb(0 0 0 / .16)}
[class*=st-key-menu_] > * > [data-testid=stExpander] > details > summary > span {flex-direction: row-reverse}
[class*=st-key-menu_] > * > [data-testid=stExpander] > details:not([open]) > summary [data-testid=stIconMaterial] {
  display: inline-block; transform: rotate(90deg)}
@media (max-width: 640px) {
  [class*=st-key-menu_] > * > [data-testid=stExpander] > details > [data-testid=stExpanderDetails] {
    position: fixed; inset: auto 1rem 1rem; width: auto; max-height: 60vh}
}
[class*=st-key-menu_] > * > [data-testid=stExpander] > details:not([open]) > [data-testid=stExpanderDetails] {
  display: none}
</style>"""


def menu(label: str, icon: str) -> DeltaGenerator:
    """Draw the button of a menu and return where its choices go."""
    with st.container(key=f"menu_{label.lower()}", width="content"):
        return st.expander(f"{icon} {label}")
