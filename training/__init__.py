"""Train STViT with the paper's recipe, measure checkpoints and make the demo weights."""
