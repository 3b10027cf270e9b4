"""What other pages will ask for, worked out while nobody waits, by one thread of the server.

Results lie where the pages look for them, within the same limits: a page that is opened first makes them itself.
"""

import logging
import os
import sys
from collections.abc import Callable, Iterable
from functools import partial
from threading import Condition, current_thread, get_native_id
from time import sleep
from typing import Any, TypeAlias

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils import script_run_context

from analysis.redundancy.parallel import run_tasks_here
from ui.view.store import on_behalf_of, this_session
from ui.warm_up import GLANCE, RUNS

Check: TypeAlias = Callable[[], None]
"""Called several times a second by what is worked out; it raises where that has to end."""

Task: TypeAlias = Callable[[Check], object]

SETTLED = 1.0
"""Seconds without a run of the script after which the browser has drawn the page, and nobody is about to go on."""

BEHIND = 5
"""Added to the nice value, so that a browser on a busy machine comes first. Not more: a page that comes to need what is
being worked out waits for it."""


def step(make: Callable[..., object], *arguments: Any) -> Task:
    """Return a task that is too short to be ended inside."""
    return lambda check: make(*arguments)


class LeftError(Exception):
    """Ends a task that nobody wants any more, or that has to wait for people."""


class Ahead:
    """What sessions may want next; of each session only what it asked for last.

    Args:
        is_quiet: Whether nobody waits for a page.
        is_there: Whether a session is still there.
    """

    def __init__(self, is_quiet: Callable[[], bool], is_there: Callable[[str], bool]) -> None:
        self._is_quiet, self._is_there = is_quiet, is_there
        self._wanted: dict[str, tuple[int, list[Task]]] = {}
        self._changed = Condition()

    def want(self, session: str, owner: int, tasks: Iterable[Task]) -> None:
        """Replace what a session wanted before; a task that is going on for it ends.

        Args:
            session: Streamlit's name for it.
            owner: What represents it in the store.
            tasks: What it may want next, the first one first.
        """
        wanted = owner, list(tasks)
        with self._changed:
            self._wanted = {other: before for other, before in self._wanted.items() if self._is_there(other)}
            self._wanted[session] = wanted
            self._changed.notify()

    def work(self) -> None:
        """Work for ever, on one core, in the thread that calls this."""
        if sys.platform == "linux":  # elsewhere threads have no priorities of their own
            here = get_native_id()
            os.setpriority(os.PRIO_PROCESS, here, os.getpriority(os.PRIO_PROCESS, here) + BEHIND)
        thread = current_thread().name
        # Spinners belong to no page here and go nowhere, as they should; Streamlit would warn of each.
        logging.getLogger(script_run_context.__name__).addFilter(lambda record: record.threadName != thread)
        run_tasks_here()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted)
            self.work_once()

    def work_once(self) -> None:
        """Do the next task once nobody waits; one that has to end is begun again later if it is still wanted."""
        while not self._is_quiet():
            sleep(GLANCE)
        with self._changed:
            session, wanted = next(iter(self._wanted.items()))
            owner, tasks = wanted
            if not tasks or not self._is_there(session):
                del self._wanted[session]
                return

        def check() -> None:
            if self._wanted.get(session) is not wanted or not self._is_quiet() or not self._is_there(session):
                raise LeftError

        try:
            with on_behalf_of(owner):
                tasks[0](check)
        except LeftError:
            return
        except Exception:  # the page that needs it says what is wrong
            logging.getLogger(__name__).debug("Not worked out ahead", exc_info=True)
        del tasks[0]


def want(tasks: Iterable[Task]) -> None:
    """Want tasks for the session whose page is being drawn."""
    context = get_script_run_ctx()
    if context is not None and _is_connected(context.session_id):
        AHEAD.want(context.session_id, this_session(), tasks)


def _is_connected(session: str) -> bool:
    return runtime.exists() and runtime.get_instance().is_active_session(session)


AHEAD = Ahead(partial(RUNS.are_over, SETTLED), _is_connected)
