"""Attentions between the tokens of one image, all with one base class: rows on demand, never all N x N at once."""
