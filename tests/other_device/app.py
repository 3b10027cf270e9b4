"""The app where the model runs on another device."""

import numpy as np

from analysis import ledger
from tests.support.all_tensors import tensors
from tests.support.emulated_device import other_device
from tests.support.tiny import tiny_model
from ui.panels.ledgers import Ledger
from ui.view.runs import sample, view_of
from ui.view.view import ModelHandle


def test_the_ledger_is_made_where_the_model_ran(monkeypatch):
    made_of: list[set[str]] = []

    def watched(cap, *arguments, **named):
        made_of.append({tensor.device.type for tensor in tensors(cap)})
        return ledger(cap, *arguments, **named)

    monkeypatch.setattr("ui.panels.ledgers.ledger", watched)
    monkeypatch.setattr("ui.view.runs.this_session", lambda: 0)
    device = other_device()
    model, picture = tiny_model(), sample("china")
    handle = ModelHandle(model, "digest of a model that is measured elsewhere", "tiny", False, ("", ""))
    views = [view_of(picture, handle, 96, "crop", str(each)) for each in (device, "cpu")]
    assert {tensor.device.type for tensor in tensors(views[0].capture)} == {"cpu"}
    there, here = (Ledger(view, ("super", "global"), 0, anchors=None).of(["entropy"]) for view in views)
    assert made_of == [{device.type}, {"cpu"}]
    np.testing.assert_allclose(there["value"], here["value"], rtol=1e-5)
