"""Small things to add through the public registries, one module each, as a contributor would write them."""
