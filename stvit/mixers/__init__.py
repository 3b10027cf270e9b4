"""What mixes tokens in a block: attention through super tokens or not, windowed attention, or a convolution.

One module per mixer, one interface: tokens (B, C, H, W) in, mixed tokens of the same shape out. The super token
mixer, which with cell 1 is global attention, is in `stvit.attention`.
"""

from stvit.mixers.build import Mixer, build_mixer
from stvit.mixers.conv import LocalConvolution
from stvit.mixers.window import WindowAttention

__all__ = ["LocalConvolution", "Mixer", "WindowAttention", "build_mixer"]
