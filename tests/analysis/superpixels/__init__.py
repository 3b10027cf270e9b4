"""Tests of analysis/superpixels."""
