"""The explorer's JavaScript and CSS as one string each, without a build step.

Streamlit takes a component's script as one module, so the modules of `web/` and of `ui/zoom` are joined, each after the
ones it imports. Only two things are taken out: their import lines, and the word `export`. All top-level names must
therefore differ between modules, which the tests check.
"""

import re
from collections.abc import Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from ui import zoom

WEB = Path(__file__).parent / "web"

STYLES = ("base", "toolbar", "filmstrip", "panels", "arrangement", "figures", "widths")
"""Style sheets in the order in which they override each other: how things look, then what widths change."""

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=function|const|class)", re.MULTILINE)


@cache
def script() -> str:
    """Return all modules as one script without exports."""
    own = {path.stem: path.read_text(encoding="utf-8") for path in sorted(WEB.glob("*.js"))}
    return joined(own | zoom.modules())


def joined(modules: Mapping[str, str]) -> str:
    """Return modules as one script without exports, each after the ones it imports.

    Args:
        modules: Source code of each module, by name.

    Raises:
        ValueError: If a module imports one that is missing, or if imports form a cycle.
    """
    imports = {name: _IMPORT.findall(text) for name, text in modules.items()}
    for name, wanted in imports.items():
        if missing := sorted(set(wanted) - set(modules)):
            raise ValueError(f"{name}.js imports {', '.join(missing)}, which {WEB.name}/ does not hold.")
    try:
        order = list(TopologicalSorter(imports).static_order())
    except CycleError as error:
        raise ValueError(f"Modules import each other in a circle: {' -> '.join(error.args[1])}.") from None
    return "".join(f"// {name}.js\n{_EXPORT.sub('', _IMPORT.sub('', modules[name]))}\n" for name in order)


@cache
def streamlit_module() -> str:
    """Return the module that Streamlit mounts: the script and its default export."""
    return script() + "\nexport default mountInStreamlit;\n"


@cache
def style() -> str:
    """Return the style sheets as one."""
    own = [(WEB / f"{name}.css").read_text(encoding="utf-8") for name in STYLES]
    return "\n".join([zoom.style(), *own])
