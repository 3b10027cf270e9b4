"""The golden tensors of tests/golden, joined from their parts."""

import json
from dataclasses import dataclass

from safetensors import safe_open
from torch import Tensor

from stvit import BlockId, STViT, STViTConfig, load_weights
from tests.support.paths import GOLDEN

CASES = ("plain", "padded", "iterated")


@dataclass(frozen=True)
class GoldenCase:
    """One configuration of the released model: its weights, its input and what it computed."""

    config: STViTConfig
    weights: dict[str, Tensor]
    pixels: Tensor
    expected: dict[str, Tensor]

    def model(self) -> STViT:
        """Build our model with the released weights."""
        model = STViT(self.config)
        load_weights(model, self.weights)
        return model.eval()

    def block(self, block: BlockId) -> dict[str, Tensor]:
        """Return what was recorded of one block, by quantity."""
        prefix = f"s{block.stage}.b{block.block}."
        return {name.removeprefix(prefix): value for name, value in self.expected.items() if name.startswith(prefix)}


def load_case(name: str) -> GoldenCase:
    tensors: dict[str, Tensor] = {}
    for part in sorted(GOLDEN.glob(f"{name}.*.safetensors")):
        with safe_open(part, "pt") as file:
            config = STViTConfig.from_dict(json.loads(file.metadata()["config"]))
            tensors |= {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # not a mapping
    return GoldenCase(config, _under("weights", tensors), tensors["input"], _under("expected", tensors))


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key.removeprefix(f"{prefix}."): value for key, value in tensors.items() if key.startswith(f"{prefix}.")}
