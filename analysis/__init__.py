"""Analysis of captures: attention baselines, redundancy, superpixels and figures."""

from analysis.redundancy.ledger import ledger

__all__ = ["ledger"]
