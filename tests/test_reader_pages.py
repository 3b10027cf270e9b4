"""Pages for readers that state numbers: each is computed again."""

import hashlib
import re
import shlex

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from analysis import measure
from benchmarks.__main__ import NAMES
from stvit import Association, BlockId, DecomposedAttention, SoftmaxAttention, TokenGrid, capture, create_model
from stvit.weights import list_pretrained
from tests.support.documents import commands
from tests.support.model_zoo import digests, evaluated_at, evaluation, rows
from tests.support.paths import ROOT
from training.cli import build_parser

MATHS = (ROOT / "docs" / "maths.md").read_text()
FAQ = (ROOT / "docs" / "faq.md").read_text()


@pytest.fixture(scope="module")
def three_tokens() -> DecomposedAttention:
    index = torch.tensor([[[0, 1, -1]] * 3])
    weight = torch.tensor([[[0.8, 0.2, 0.0], [0.5, 0.5, 0.0], [0.1, 0.7, 0.2]]])
    association = Association(index, weight, TokenGrid(1, 3, (1, 2)), torch.zeros(1, 2))
    attention = torch.tensor([[[0.6, 0.4], [0.3, 0.7]]])
    return DecomposedAttention(association, SoftmaxAttention(attention.log(), torch.eye(2)[None], 1.0))


def matrix(text: str) -> str:
    """Return a matrix as it is typed in TeX."""
    return r"\begin{pmatrix} " + text + r" \end{pmatrix}"


def typed(values: torch.Tensor) -> str:
    return matrix(r" \\ ".join(" & ".join(f"{value:.3f}" for value in row) for row in values.tolist()))


def test_the_matrices_of_three_tokens(three_tokens):
    weight = three_tokens.association.weight[0, :, :2]
    assert typed(weight / weight.sum(0)) in MATHS
    assert typed(three_tokens.to_dense()[0]) in MATHS
    first, second = three_tokens.singular_values(head=0).tolist()
    assert f"the singular values are {first:.3f}, {second:.3f} and exactly 0" in " ".join(MATHS.split())


def test_the_metrics_of_three_tokens(three_tokens):
    found = measure(three_tokens, TokenGrid(1, 3, (1, 2)), 16)
    stated = re.findall(r"^\| `(\w+)`[^|]*\| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", MATHS, re.MULTILINE)
    assert len(stated) == 5
    for name, *values in stated:
        assert [f"{value:.3f}" for value in found.per_token[name][0]] == values, name
    ranks = [found.per_head[name][0] for name in ("effective_rank", "stable_rank")]
    assert "`effective_rank` {:.3f} and `stable_rank` {:.3f}".format(*ranks) in MATHS


def test_the_table_of_models_is_that_of_the_manifest_and_the_networks():
    page = (ROOT / "docs" / "models.md").read_text()
    assert [line for line in page.splitlines() if line.startswith("| `")] == rows()
    assert "```text\n{}\n```".format("\n".join(digests())) in page


def test_each_model_has_a_command_that_evaluates_it():
    for entry in list_pretrained():
        words = shlex.split(evaluation(entry))
        assert words in commands(ROOT / "docs" / "models.md")
        assert words[:3] == ["python", "-m", "training"]
        options = build_parser().parse_args(words[3:])
        assert (options.checkpoint, options.size) == (entry.name, evaluated_at(entry))


def test_the_files_that_ship_have_the_digests_of_the_page():
    for entry in list_pretrained():
        if entry.url is None:
            assert hashlib.sha256(entry.path.read_bytes()).hexdigest() == entry.sha256


@pytest.mark.parametrize("fused", [True, False])
def test_the_operations_that_pytorch_counts(fused):
    model, pixels = create_model("stvit_small").eval(), torch.zeros(1, 3, 224, 224)
    kernels = [SDPBackend.FLASH_ATTENTION] if fused else [SDPBackend.MATH]
    with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(kernels):
        model(pixels)
    assert f"{counter.get_total_flops() / 2e9:.3f}" in FAQ


@pytest.mark.parametrize(("size", "factors", "dense"), [(224, "0.34 MiB", "75 MiB"), (896, "5.5 MiB", "19 GiB")])
def test_the_memory_of_one_block(size, factors, dense):
    with torch.no_grad():
        record = capture(create_model("stvit_demo"), torch.zeros(1, 3, size, size), blocks=[BlockId(0, 0)])[
            BlockId(0, 0)
        ]
    attention = record.token_attention()
    unit = 2**30 if "GiB" in dense else 2**20
    assert f"{attention.nbytes / 2**20:.2g} MiB" == factors
    assert f"{attention.dense_nbytes / unit:.0f} {dense[-3:]}" == dense
    assert factors in FAQ
    assert dense in FAQ


def test_every_page_is_in_the_navigation_of_the_site():
    navigation = (ROOT / "mkdocs.yml").read_text().partition("\nnav:")[2]
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if f": {page}\n" not in navigation + "\n"] == []


def test_every_page_is_linked_from_the_first():
    home = (ROOT / "docs" / "index.md").read_text()
    pages = [path.name for path in (ROOT / "docs").glob("*.md") if path.name != "index.md"]
    assert [page for page in pages if f"]({page})" not in home] == []
    assert home.count("](findings.md)") == 1


def test_the_readme_is_one_screen():
    assert len((ROOT / "README.md").read_text().splitlines()) < 45


def test_every_benchmark_is_on_its_page():
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    assert [name for name in NAMES if f"`python -m benchmarks {name}`" not in page] == []
