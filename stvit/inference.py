"""A copy of a model that only predicts, as fast as this machine allows."""

from contextlib import AbstractContextManager, nullcontext

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stvit.config import STViTConfig
from stvit.folding import fold
from stvit.model import STViT
from stvit.precision import at_least_single, float_type


class OptimisedSTViT(nn.Module):
    """What `optimised` returns: it takes pixels in single precision and gives logits in single precision at least.

    Attributes:
        network: The model inside; its weights are folded, frozen and channels-last.
    """

    def __init__(self, network: STViT, compile: bool) -> None:
        super().__init__()
        self.network = network
        self._compiled = compile
        if compile:
            # The network is channels-last already; Inductor's own choice of layouts was up to a sixth slower.
            network.compile(fullgraph=True, dynamic=False, options={"layout_optimization": False})

    @property
    def config(self) -> STViTConfig:
        """The settings of the model."""
        return self.network.config

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """Names of the classes where known, else None."""
        return self.network.class_names

    def forward(self, pixels: Float[Tensor, "b c h w"]) -> Float[Tensor, "b out"]:
        """Return logits (B, num_classes), or pooled features if there are no classes; no gradient is recorded."""
        with torch.no_grad(), _frozen_weights() if self._compiled else nullcontext():
            return at_least_single(self.network(pixels))


def optimised(model: STViT, precision: str = "float32", compile: bool = True) -> OptimisedSTViT:
    """Return a copy of a model for inference; the model itself stays as it is.

    BatchNorms, LayerScales and, in float32, the residuals of depthwise convolutions are folded into convolutions where
    that is exact, weights are frozen and lie channels-last in memory, and the whole is compiled. In float32, logits
    differ from the original's by rounding only, at most 1e-5 of the largest one; bfloat16 keeps 8 bits of each number
    and float16 11, and their logits differ by up to 5 % and 1 %. `python -m benchmarks core` prints speeds and
    differences on your machine.

    Args:
        model: The model, on any device and in either mode.
        precision: Type of weights and activations: "float32", "bfloat16" or "float16".
        compile: Whether to compile with `torch.compile`, which needs a C++ compiler on the CPU. That happens when the
            copy first runs, which takes a minute or so, and again for pixels of another shape.

    Raises:
        TypeError: If the model is not an STViT.
        ValueError: If there is no such precision.

    Example:
        >>> from stvit import create_model
        >>> fast = optimised(create_model("stvit_demo", seed=0), precision="bfloat16", compile=False)
        >>> fast(torch.zeros(1, 3, 32, 32)).dtype
        torch.float32
    """
    if not isinstance(model, STViT):
        raise TypeError(f"An STViT can be optimised, got {type(model).__name__}; pass the STViT inside it.")
    dtype = float_type(precision)
    copy = _copied(model)
    fold(copy, residuals=dtype == torch.float32)
    copy = copy.to(dtype=dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
    return OptimisedSTViT(copy, compile).eval()


def _frozen_weights() -> AbstractContextManager[None]:
    """Let a compilation in this context take weights as constants, which it then packs for the convolutions.

    Dynamo asks the global setting before it hands the graph to Inductor, so an option of `torch.compile` is too late.
    """
    from torch._inductor import config  # takes a while, which only compilation is worth

    return config.patch(freezing=True)


def _copied(model: STViT) -> STViT:
    """Return a frozen copy; built anew, so that it carries none of the hooks of captures in progress."""
    with torch.device("meta"):
        copy = STViT(model.config)
    weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
    copy.load_state_dict(weights, assign=True)
    copy.class_names = model.class_names
    return copy.eval().requires_grad_(False)
