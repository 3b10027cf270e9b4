"""Groups of metrics: each metric is in one, and lists hold all of them."""

from collections import Counter

from analysis.redundancy.catalogue import CATALOGUE
from analysis.redundancy.groups import FIRST, GROUPS, OTHERS, group_of, grouped, listed_title


def test_every_metric_but_estimates_is_in_one_group():
    counts = Counter(name for names in GROUPS.values() for name in names)
    assert set(counts) == {name for name, metric in CATALOGUE.items() if not metric.is_estimate}
    assert set(counts.values()) == {1}


def test_a_list_begins_with_what_says_most_and_loses_nothing():
    names = list(CATALOGUE)[::-1]
    assert tuple(grouped(names)[:4]) == FIRST
    assert sorted(grouped(names)) == sorted(names)
    assert group_of("effective_rank_estimate") == OTHERS
    assert listed_title("entropy") == "Spread of a row: Entropy"
