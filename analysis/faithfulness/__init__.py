"""Whether the model uses what a map points at: groups removed and kept, parts ablated, gradients measured."""
