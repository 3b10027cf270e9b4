"""What is kept of a picture: numbers, all of them finite."""

import pandas as pd
import pytest

from analysis.many_pictures.measuring import checked


def test_a_ledger_of_finite_numbers_is_kept_as_it_is():
    ledger = pd.DataFrame({"value": [0.0, -1.5]})
    assert checked(ledger) is ledger


@pytest.mark.parametrize("values", [[], [1.0, float("inf")], [float("nan")]])
def test_a_ledger_without_numbers_or_with_others_is_refused(values):
    with pytest.raises(ValueError, match="would hold NaN or infinity, or no number at all"):
        checked(pd.DataFrame({"value": pd.Series(values, dtype=float)}))
