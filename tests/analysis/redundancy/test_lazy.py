"""Lazy properties do not keep threads from each other."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from analysis.redundancy.lazy import lazy

MEETING = Barrier(2)


class One:
    """What meets another one while a property is computed."""

    @lazy
    def turn(self):
        """Whether this one came first or second."""
        return MEETING.wait(timeout=20)


def test_threads_compute_the_property_of_different_objects_at_once():
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(lambda one: one.turn, [One(), One()])) == [0, 1]


def test_the_class_shows_the_property_itself():
    assert isinstance(One.turn, lazy)
    assert One.turn.__doc__ == "Whether this one came first or second."
