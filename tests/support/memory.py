"""How much memory an operation takes, counted at the dispatcher, so that no machine is too fast or too large for it."""

from typing import Any, Self

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from stvit.attentions.memory import borrowed


class LargestTensor(TorchDispatchMode):
    """Remember the bytes of the largest storage that any operation returned inside the context."""

    def __init__(self) -> None:
        super().__init__()
        self.nbytes = 0
        self.threads = 1

    def __enter__(self) -> Self:
        with borrowed(0, torch.empty((), dtype=torch.bool)):
            pass  # memory kept from an earlier test, which may be larger, is given up for this
        self.threads = torch.get_num_threads()
        torch.set_num_threads(1)  # on several, tasks run in a pool, whose operations are not seen from here
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        torch.set_num_threads(self.threads)

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        parts = [part for part in tree_leaves(result) if isinstance(part, Tensor) and not part.is_mkldnn]  # no storage
        sizes = [part.untyped_storage().nbytes() for part in parts]
        self.nbytes = max([self.nbytes, *sizes])
        return result
