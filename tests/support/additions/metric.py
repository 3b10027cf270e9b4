"""A metric: the largest share of a row."""

from analysis.redundancy.catalogue import CATALOGUE, Metric


def largest_share(rows):
    return rows.share.amax(-1)


CATALOGUE["largest_share"] = Metric(
    "largest_share", "Largest share", "share", "token", "low", "The most that one token has.", largest_share
)
