"""The hours on paper are the arithmetic that they say."""

import pytest

from benchmarks.gpu_hours import Cost, Machine, hours, lines

COST = Cost(network=0.04, ledger=0.2, files=0.02)


@pytest.mark.parametrize(
    ("ratio", "cores", "there", "expected"),
    [
        (100, 8, True, 0.02 / 8),  # 8 cores decode 400 pictures a second, the GPU could take 417
        (10, 8, True, 0.24 / 10),
        (100, 8, False, 0.22 / 8),
        (1, 8, False, 0.04),
    ],
)
def test_the_slower_of_gpu_and_host_sets_the_pace(ratio, cores, there, expected):
    machine = Machine(ratio, cores)
    assert hours(3600, 1, COST, machine, there) == pytest.approx(expected)
    assert hours(3600 * 64, 64, COST, machine, there) == pytest.approx(expected)


def test_the_table_has_every_dataset_and_says_that_it_is_an_estimate():
    text = "\n".join(lines(COST, Machine(50, 4)))
    assert "ESTIMATE, not a measurement" in text
    assert "worth 50 such cores, and 4 of them" in text
    assert text.count("50,000") == text.count("1,281,167") == 3
    # 50,000 pictures * 0.22 s / 4 cores = 46 min; on 64 GPUs 0.7 min
    assert "beside it  45.8 min" in text
    assert "beside it   0.7 min" in text
