"""An exact STViT (Vision Transformer with Super Token Sampling, CVPR 2023), seen from inside.

Vocabulary, one word per concept:

- token n: a position in a stage's feature map, (B, C, H, W) or (B, N, C), numbered row by row;
- super token m: a cluster, (B, C, rows, columns);
- association Q: soft assignment of tokens to super tokens, index and weight (B, N, k);
- Q-hat: Q with its columns normalised; phantom: a neighbour outside the grid, index -1;
- leakage: mass lost to phantoms and padding, (B, H, W);
- super attention A(S): attention among super tokens, (B, heads, M, M), rows are queries;
- token attention Q A(S) Q-hat^T: (heads, N, N), kept as its factors (`DecomposedAttention`);
- global attention: softmax(q k^T / sqrt(d)) over all tokens; local attention: the same inside windows;
- outgoing: what an anchor attends to (its row); incoming: who attends to it (its column).

Positions are (row, column) and blocks are `BlockId(stage, block)`, counted from 0; captions count from 1.
"""

from stvit import ctrl_c, hub
from stvit.association import Association
from stvit.attentions.base import Attention
from stvit.attentions.decomposed import DecomposedAttention
from stvit.attentions.rows import RowBlock
from stvit.attentions.softmax import SoftmaxAttention
from stvit.attentions.windowed import WindowedAttention
from stvit.capturing.capture import TapError, capture
from stvit.capturing.records import BlockRecord, Capture
from stvit.cell_association import CellAssociation, associate
from stvit.config import STViTConfig
from stvit.grid import TokenGrid
from stvit.inference import OptimisedSTViT, optimised
from stvit.model import BlockId, STViT, create_model
from stvit.variants import CONFIGS, get_config
from stvit.weights import load_pretrained, load_weights

hub.attach(STViT)
ctrl_c.loaded()

__version__ = "1.0.0"

__all__ = [
    "CONFIGS",
    "Association",
    "Attention",
    "BlockId",
    "BlockRecord",
    "Capture",
    "CellAssociation",
    "DecomposedAttention",
    "OptimisedSTViT",
    "RowBlock",
    "STViT",
    "STViTConfig",
    "SoftmaxAttention",
    "TapError",
    "TokenGrid",
    "WindowedAttention",
    "associate",
    "capture",
    "create_model",
    "get_config",
    "load_pretrained",
    "load_weights",
    "optimised",
]
