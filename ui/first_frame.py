"""What a browser is sent first: how the frame looks, before the app that draws in it has been imported."""

import streamlit as st

STYLE = """<style>
.stMainBlockContainer {max-width: none; padding: 4.2rem clamp(1rem, 2.5vw, 3.5rem) 3rem}
.stApp:not([data-test-script-state=notRunning]) [data-testid=stSkipToContent] + div {
  visibility: hidden; animation: appear 0s 20s forwards}
.stApp:not([data-test-script-state=notRunning]) [data-testid=stSkipToContent] + div::before {
  content: "Loading the app ..."; position: fixed; inset: 40% 0 auto; text-align: center; visibility: visible}
@keyframes appear {to {visibility: visible}}
.st-key-explore_top > :first-child {min-width: min(100%, 24rem)}
.stSidebar h3 {padding-top: 0}
.answer, .caption {margin: 0}
.answer {min-height: 3.2em}
[class*=st-key-numbers_] {min-height: 108px}
.st-key-spot_maps, .st-key-place_of_panels, [class*=st-key-stvit_group_panels_] {min-height: 28rem}
.st-key-explorer {min-height: min(82vh, 40rem)}
.stMain .stElementContainer[class*=st-key-]:not([class*=st-key-tour_], .st-key-mode) > [data-testid=stSkeleton] {
  min-height: 68px}
.stMain [data-testid=stButtonGroup] button[data-variant] {min-height: 2.5rem}
.stApp :is(.stCode .token.parameter, kbd) {color: inherit !important; opacity: 1}
.stApp :is([data-tag] *, [data-testid=stBaseButton-primary] *) {color: Canvas}
.caption {font-size: .875rem; line-height: 1.5}
.caption, [data-testid=stCaptionContainer] {color: color-mix(in srgb, currentColor 74%, transparent); opacity: 1}
.st-key-trials_side_by_side .stColumn {min-width: min(100%, 19rem)}
.st-key-trials_side_by_side .stColumn:last-child {min-width: min(100%, 50rem)}
@media (max-width: 640px) {
  .stMain [class*=st-key-numbers_] {flex-wrap: nowrap; align-items: stretch; gap: .5rem}
  .stMain [class*=st-key-numbers_] > .stElementContainer {flex: 1 1 0; min-width: 0; height: auto}
  .stMain [data-testid=stMetric] {height: 100%; padding: 0}
  .stMain [data-testid=stMetric] > div {padding: .5rem}
  .stMain [data-testid=stMetric] p {white-space: normal; overflow-wrap: anywhere}
  .stMain [data-testid=stMetricValue] {font-size: 1.1rem; line-height: 1.3}
}
[data-testid=stFileUploaderDropzoneInstructions] span {white-space: normal; overflow: visible}
.stPlotlyChart:focus-visible {outline: 2px solid var(--st-primary-color, #0072b2); outline-offset: 2px}
</style>"""
"""How pages look. Nothing shows before the sidebar has its place: Streamlit would draw the page and then move it."""

FIRST_FRAME = 0.2
"""Seconds that the browser of a new session gets to take the style in before anything is there to be moved by it."""


def send_style() -> None:
    """Send the style."""
    st.html(STYLE)
