"""What the app's style must not hold."""

import re

from tests.support.paths import ROOT

RELATIONAL = re.compile(r"^.*:has\(", re.MULTILINE)
OF_ONE_WIDGET = re.compile(r"\.st-key-[\w{.}]+ ")


def test_styles_look_at_what_an_element_holds_in_single_widgets_alone():
    """With `:has()` on any element, Chrome computes the styles of the whole page again for every change in it."""
    files = [path for kind in ("*.py", "*.css") for path in (ROOT / "ui").rglob(kind)]
    lines = [(path.name, line) for path in files for line in RELATIONAL.findall(path.read_text())]
    assert lines  # it finds those of the list of uploads
    assert not [found for found in lines if not OF_ONE_WIDGET.match(found[1])]
