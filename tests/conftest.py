import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import jaxtyping
import pytest
import torch
from torch import Tensor

from stvit import STViT
from tests.support.browser_support import FLAGS, chromium_path, served_app
from tests.support.tiny import tiny_model, tiny_pixels

if TYPE_CHECKING:
    import playwright.sync_api as playwright

MAIN = sys.modules["__main__"]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _main() -> None:
    """Put back `__main__`: Streamlit leaves the last script it ran there, and a spawned process would run it again."""
    sys.modules["__main__"] = MAIN


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Switch the run-time shape checks off, as they are for users, so that our own messages show."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", before)


@pytest.fixture
def model() -> STViT:
    """A small model with random weights, in evaluation mode."""
    return tiny_model()


@pytest.fixture
def pixels() -> Tensor:
    """Two images for it, on token grids that need padding."""
    return tiny_pixels()


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    """A headless Chromium; without one the test skips, or fails where browsers are required."""
    path = chromium_path()
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is installed with requirements-dev.txt")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app, served from the first test that asks for it until the last."""
    assert chromium_path()  # skips before the app is started
    with served_app(tmp_path_factory.mktemp("app") / "log.txt") as served:
        yield served
