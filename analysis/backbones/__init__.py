"""ViT, DeiT, DINOv2, Swin and Swin v2 of the transformers library, with their attention in the form used here.

>>> from analysis.backbones import load_backbone
>>> backbone = load_backbone("folder")  # doctest: +SKIP
>>> cap = backbone.capture(backbone.prepare("cat.jpg").pixels)  # doctest: +SKIP

`ledger` and the rest of the analysis take the capture like one of an STViT. Importing this package does not import
transformers (the extra `transformers`); loading a backbone does.
"""

from analysis.backbones.backbone import Backbone
from analysis.backbones.loading import load_backbone
from analysis.backbones.records import BackboneCapture, BackboneRecord

__all__ = ["Backbone", "BackboneCapture", "BackboneRecord", "load_backbone"]
