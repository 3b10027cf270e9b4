"""Tiny backbones of transformers with random weights, saved as people have them."""

from pathlib import Path

import torch
from torch import Tensor

VITS = ("vit", "deit", "dinov2", "dinov2_with_registers")
SWINS = ("swin", "swinv2")

SEQUENCE = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "image_size": 32,
    "patch_size": 8,
    "num_labels": 3,
}
WINDOWS = {
    "image_size": 32,
    "patch_size": 4,
    "embed_dim": 8,
    "depths": [2, 2],
    "num_heads": [2, 4],
    "window_size": 4,
    "num_labels": 3,
}

EXTRA = {
    "vit": ["class"],
    "deit": ["class", "distillation"],
    "dinov2": ["class"],
    "dinov2_with_registers": ["class", "registers"],
}

PREPROCESSOR = {
    "size": {"height": 32, "width": 32},
    "resample": 2,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}
"""What a preprocessor_config.json beside them may say."""

_CLASSES = {
    "vit": ("ViTConfig", "ViTForImageClassification"),
    "deit": ("DeiTConfig", "DeiTForImageClassificationWithTeacher"),
    "dinov2": ("Dinov2Config", "Dinov2ForImageClassification"),
    "dinov2_with_registers": ("Dinov2WithRegistersConfig", "Dinov2WithRegistersForImageClassification"),
    "swin": ("SwinConfig", "SwinForImageClassification"),
    "swinv2": ("Swinv2Config", "Swinv2ForImageClassification"),
}


def tiny_network(kind: str, name: str | None = None, **settings):
    """Return a network whose attention differs between tokens, biases included."""
    import transformers

    config, classifier = _CLASSES[kind]
    basis = SEQUENCE if kind in VITS else WINDOWS
    network = getattr(transformers, name or classifier)._from_config(
        getattr(transformers, config)(**basis | settings), attn_implementation="eager"
    )
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for key, value in network.named_parameters():
            if value.ndim < 2 or "bias" in key or "token" in key or "position" in key:
                value.copy_(torch.randn(value.shape, generator=generator) * 0.5 + (key.endswith("norm.weight")))
            else:
                value.copy_(torch.randn(value.shape, generator=generator) * value[0].numel() ** -0.5)
    return network.eval()


def saved(network, folder: Path) -> Path:
    network.save_pretrained(folder)
    return folder


def own_attentions(backbone, pixels: Tensor) -> list[Tensor]:
    """Return what each attention module of the model itself returns, in order of depth."""
    modules = [part for part in backbone.model.modules() if type(part).__name__ == backbone.family.attention]
    found: list[Tensor] = []
    handles = [part.register_forward_hook(lambda _, given, output: found.append(output[1])) for part in modules]
    try:
        backbone.capture(pixels)
    finally:
        for handle in handles:
            handle.remove()
    return found
