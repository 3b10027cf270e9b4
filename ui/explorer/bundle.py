"""The explorer's JavaScript and CSS as one text each, without a build step.

Streamlit takes a component's script as one module, so the modules of `web/` are joined in the order of `MODULES`,
each after those that it imports. Only two things are taken out: their import lines, and the word `export`. All
top-level names must therefore differ between modules, which the tests check.
"""

import re
from functools import cache
from pathlib import Path

WEB = Path(__file__).parent / "web"

MODULES = (
    "dom",
    "payload",
    "block",
    "attention",
    "summary",
    "scale",
    "preview",
    "boundaries",
    "places",
    "player",
    "stage",
    "panel",
    "figures",
    "store",
    "toolbar",
    "filmstrip",
    "input",
    "view",
    "explorer",
    "mount",
)
"""Names of the modules of `web/`, each after those that it imports."""

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=function|const|class)", re.MULTILINE)


@cache
def script() -> str:
    """Return all modules as one script without exports.

    Raises:
        RuntimeError: If a module comes before one that it imports.
    """
    return "".join(_joined(name, MODULES[:place]) for place, name in enumerate(MODULES))


@cache
def streamlit_module() -> str:
    """Return the module that Streamlit mounts: the script and its default export."""
    return script() + "\nexport default mountInStreamlit;\n"


@cache
def style() -> str:
    """Return the style sheet."""
    return (WEB / "explorer.css").read_text(encoding="utf-8")


def _joined(name: str, before: tuple[str, ...]) -> str:
    text = (WEB / f"{name}.js").read_text(encoding="utf-8")
    missing = set(_IMPORT.findall(text)) - set(before)
    if missing:
        raise RuntimeError(f"{name}.js imports {', '.join(sorted(missing))}, which MODULES must list before it.")
    return f"// {name}.js\n{_EXPORT.sub('', _IMPORT.sub('', text))}\n"
