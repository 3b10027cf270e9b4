"""Analysis of captures: attention baselines, redundancy, superpixels and figures."""
