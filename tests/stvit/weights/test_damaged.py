"""Damaged files of weights load, and then run, or are refused in one sentence; code in them never runs."""

import json
from dataclasses import asdict, fields

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from stvit import STViTConfig, load_weights
from stvit.weights import WeightsError
from tests.fuzz.edits import damage, edit_lists
from tests.fuzz.weights import CONFIG, SENTENCE, attempt, mend, model, seeds

FILES = seeds()
GOOD = sorted(name for name in FILES if name != "index" and not name.startswith("code"))
STATE = {key: value.clone() for key, value in model().state_dict().items()}
SOME = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | st.sampled_from([10**9, 2**64, 1e30, -0.5]) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)
WORDS = st.sampled_from(
    ["model", "module", "_orig_mod", "ema", "model_ema", "student", "teacher", "state_dict", "averaged", "net", "x"]
)
SETTINGS = st.sampled_from([field.name for field in fields(STViTConfig)])
STATES = st.sampled_from([STATE, {"stem.0.weight": torch.ones(1)}, {}])


def test_the_corpus_is_small():
    assert sum(map(len, FILES.values())) < 100_000


@pytest.mark.parametrize("name", FILES)
def test_the_good_ones_load_and_the_others_do_not(name):
    assert attempt(FILES[name]) == ("loaded" if name in GOOD else "refused")
    assert attempt(mend(FILES[name])) == attempt(FILES[name])


@settings(SOME, max_examples=300)
@given(st.sampled_from(sorted(FILES)), edit_lists(), st.booleans())
def test_damaged_files_load_or_are_refused_in_one_sentence(name, edits, mended):
    data = damage(FILES[name], edits)
    attempt(mend(data) if mended else data)


@settings(SOME, max_examples=100)
@given(st.sampled_from([data[:16] for data in FILES.values()]), st.binary(max_size=200))
def test_noise_behind_a_good_start_is_refused(start, noise):
    assert attempt(start + noise) == "refused"


@settings(SOME, max_examples=150)
@given(st.dictionaries(SETTINGS, ANY_JSON, min_size=1, max_size=2))
def test_any_config_in_a_file_loads_or_is_refused(changes):
    attempt(save(STATE, {"config": json.dumps({**asdict(CONFIG), **changes})}))


@settings(SOME, max_examples=20)
@given(ANY_JSON, st.sampled_from(["config", "class_names", "format"]))
def test_any_metadata_loads_or_is_refused(value, name):
    attempt(save(STATE, {"config": json.dumps(asdict(CONFIG)), name: json.dumps(value)}))


@settings(SOME, max_examples=100)
@given(st.sampled_from(sorted(STATE)), st.sampled_from(["dtype", "shape", "data_offsets"]), ANY_JSON)
def test_any_header_loads_or_is_refused(key, field, value):
    data = FILES["safetensors"]
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header[key][field] = value
    text = json.dumps(header).encode()
    attempt(len(text).to_bytes(8, "little") + text + data[8 + length :])


@settings(SOME, max_examples=150)
@given(st.recursive(STATES, lambda inner: st.dictionaries(WORDS, inner | st.just(3), max_size=3), max_leaves=4))
def test_any_nesting_loads_or_is_refused(content):
    refused_or_loaded(content)


@settings(SOME, max_examples=150)
@given(st.dictionaries(st.sampled_from(sorted(STATE)), st.lists(WORDS, max_size=3) | st.text(max_size=3), max_size=4))
def test_any_keys_load_or_are_refused(changes):
    def renamed(key: str) -> str:
        change = changes.get(key, [])
        return change if isinstance(change, str) else ".".join([*change, key])

    refused_or_loaded({renamed(key): value for key, value in STATE.items()})


def refused_or_loaded(content: dict) -> None:
    try:
        said = load_weights(model(), content).source
    except WeightsError as error:
        said = str(error)
    assert said == "The state dict" or SENTENCE.fullmatch(said)
