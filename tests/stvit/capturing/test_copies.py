"""What captures keep is copied, and its memory is lent again only when nobody can see it any more."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from weakref import ref

import pytest
import torch
from torch import Tensor

from stvit import BlockId, capture
from stvit.capturing import copies
from stvit.capturing.copies import LARGEST_SHARE, SLAB_BYTES, SMALLEST_COPY, SPARE_SLABS, Copies, SlabPool
from tests.support.capture_checks import capture_module, same
from tests.support.tiny import tiny_model

COPIED = (1, SMALLEST_COPY // 16, 2, 2)  # the shape of the smallest float32 tensor that is copied


def numbers(*shape: int) -> Tensor:
    return torch.arange(torch.Size(shape).numel(), dtype=torch.float32).view(shape)


def keep_one(pool: SlabPool, fill: float = 0.0) -> Tensor:
    return Copies(pool).keep(torch.full(COPIED, fill))


def address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


LAYOUTS: dict[str, Callable[[], Tensor]] = {
    "contiguous": lambda: numbers(2, 64, 32, 32),
    "channels last": lambda: numbers(2, 64, 32, 32).contiguous(memory_format=torch.channels_last),
    "part of a joint projection": lambda: numbers(2, 196, 3 * 5 * 64).view(2, 196, 5, 192).transpose(1, 2)[..., 64:128],
    "transposed": lambda: numbers(300, 400).T,
    "expanded": lambda: numbers(1, 300).expand(400, 300),
    "float64": lambda: numbers(256, 256).double(),
    "bfloat16": lambda: numbers(256, 256).bfloat16(),
    "with gradient": lambda: numbers(256, 256).requires_grad_(),
    "larger than a slab": lambda: numbers(SLAB_BYTES // 4 + 1),
}


@pytest.mark.parametrize("make", LAYOUTS.values(), ids=LAYOUTS)
@torch.no_grad()
def test_a_copy_has_the_values_and_a_storage_of_its_own(make: Callable[[], Tensor]) -> None:
    tensor = make()
    copy = Copies(SlabPool()).keep(tensor)
    assert torch.equal(copy, tensor)
    assert copy.dtype == tensor.dtype
    assert not copy.requires_grad
    assert address(copy) != address(tensor)
    assert copy.untyped_storage().nbytes() == tensor.nbytes


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_copy_lies_in_memory_like_its_original(layout: torch.memory_format) -> None:
    tensor = numbers(1, 64, 32, 32).contiguous(memory_format=layout)
    assert Copies(SlabPool()).keep(tensor).stride() == tensor.stride()


def test_small_tensors_are_kept_as_they_are() -> None:
    tensor = numbers(SMALLEST_COPY // 4 - 1).requires_grad_()
    kept = Copies(SlabPool()).keep(tensor)
    assert address(kept) == address(tensor)
    assert not kept.requires_grad


def test_tensors_elsewhere_are_kept_as_they_are() -> None:
    tensor = torch.empty(COPIED, device="meta")
    assert Copies(SlabPool()).keep(tensor).device.type == "meta"


def test_copies_of_one_capture_do_not_meet() -> None:
    sizes = [SMALLEST_COPY, LARGEST_SHARE, LARGEST_SHARE + 4, SMALLEST_COPY + 4, 3 * LARGEST_SHARE // 4]
    copies, originals = Copies(SlabPool()), [torch.randn(size // 4) for size in sizes * 5]
    kept = [copies.keep(original) for original in originals]
    assert all(torch.equal(*pair) for pair in zip(kept, originals, strict=True))


HOLDERS: dict[str, Callable[[Tensor], object]] = {
    "a tensor": lambda copy: copy,
    "a view": lambda copy: copy[0, :1, 0, 0],
    "an array": lambda copy: copy.numpy()[0, 0],
    "a detached tensor": lambda copy: copy.detach(),
}


@pytest.mark.parametrize("hold", HOLDERS.values(), ids=HOLDERS)
def test_memory_is_lent_again_when_nobody_holds_it(hold: Callable[[Tensor], object]) -> None:
    pool = SlabPool()
    first = keep_one(pool, 1)
    place = address(first)
    held = hold(first)
    del first
    assert address(keep_one(pool, 2)) != place
    assert torch.as_tensor(held).eq(1).all()
    del held
    assert address(keep_one(pool, 3)) == place


def test_a_slab_is_not_lent_to_two_captures_at_work() -> None:
    pool = SlabPool()
    one, other = Copies(pool), Copies(pool)
    kept = [copies.keep(torch.full(COPIED, float(fill))) for fill in range(4) for copies in (one, other)]
    assert [copy.unique().tolist() for copy in kept] == [[fill] for fill in (0, 0, 1, 1, 2, 2, 3, 3)]


def test_captures_held_for_long_leave_the_pool_useful() -> None:
    pool = SlabPool()
    held = [keep_one(pool, fill) for fill in range(2 * SPARE_SLABS)]
    slab = ref(pool.lend())
    assert slab() is not None  # the pool remembers it
    assert pool.lend() is slab()
    assert [copy.unique().item() for copy in held] == list(range(2 * SPARE_SLABS))


def test_few_slabs_stay_with_the_process() -> None:
    pool = SlabPool()
    lent = [pool.lend() for _ in range(2 * SPARE_SLABS)]
    slabs_lent = list(map(ref, lent))
    lent.clear()
    assert sum(slab() is not None for slab in slabs_lent) == SPARE_SLABS


def test_a_saved_copy_is_as_small_as_its_values() -> None:
    file = io.BytesIO()
    torch.save(keep_one(SlabPool()), file)
    assert len(file.getvalue()) < 2 * SMALLEST_COPY


def test_captures_in_several_threads_do_not_share_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model()
    pictures = torch.randn(4, 1, 3, 64, 64)
    expected = [capture(model, pixels) for pixels in pictures]  # small tensors, kept as they are
    monkeypatch.setattr(copies, "SMALLEST_COPY", 1)
    monkeypatch.setattr(capture_module, "_slabs", SlabPool())

    def repeat(place: int) -> bool:
        return all(same(capture(model, pictures[place]), expected[place]) for _ in range(10))

    with ThreadPoolExecutor(len(pictures)) as pool:
        assert all(pool.map(repeat, range(len(pictures))))


def test_a_tensor_of_a_capture_outlives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "SMALLEST_COPY", 1)
    monkeypatch.setattr(capture_module, "_slabs", SlabPool())
    model, block = tiny_model(), BlockId(0, 0)
    pixels = torch.randn(1, 3, 96, 96)
    output = capture(model, pixels)[block].output
    values, place = output.clone(), address(output)
    for _ in range(3):
        capture(model, torch.randn(1, 3, 96, 96))
    assert torch.equal(output, values)
    del output
    again = [capture(model, pixels)[block].output for _ in range(2)]
    assert place in map(address, again)
    assert all(torch.equal(output, values) for output in again)
