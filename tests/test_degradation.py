"""Resizing, blur, noise, JPEG and the random draws, against Pillow, F.interpolate and hand-worked cases."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from scipy.stats import chisquare

from lrfr import datasets
from lrfr import degradation as dg
from lrfr.datasets.base import to_tensor
from lrfr.errors import LrfrError

PILLOW = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


@pytest.fixture(scope="module")
def faces() -> torch.Tensor:
    """Eight smooth, face-like pictures with an edge each, 8-bit values, from a fixed seed."""
    g = torch.Generator().manual_seed(0)
    smooth = dg.add_blur(torch.rand(8, 3, 112, 112, generator=g), 4.0)
    smooth = (smooth - smooth.amin((1, 2, 3), True)) / (smooth.amax((1, 2, 3), True) - smooth.amin((1, 2, 3), True))
    smooth[:, :, 40:70, 30:80] *= 0.6
    return dg.quantize(smooth)


@pytest.fixture(scope="module", params=["att", "caltech"])
def photographs(request: pytest.FixtureRequest) -> torch.Tensor:
    """Forty real crops of a packaged set."""
    crops = datasets.load(request.param)
    return crops.tensor(list(range(0, len(crops), len(crops) // 40))[:40])


def to_uint8(x: torch.Tensor) -> np.ndarray:
    return (x * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()


def with_pillow(x: torch.Tensor, size: int, kernel: str) -> np.ndarray:
    return np.stack([np.asarray(Image.fromarray(i).resize((size, size), PILLOW[kernel])) for i in to_uint8(x)])


@pytest.mark.parametrize("size", [7, 14, 20, 28, 56])
@pytest.mark.parametrize(("kernel", "levels"), [("bilinear", 1), ("bicubic", 1), ("lanczos", 2)])
def test_reduction_is_pillows(faces: torch.Tensor, size: int, kernel: dg.Kernel, levels: int) -> None:
    """At most 1 grey level apart (Lanczos 2), below 0.2 on average: Pillow rounds to 8 bits between its two passes."""
    ours = to_uint8(dg.degrade(faces, size, kernel)).astype(int)
    gap = np.abs(ours - with_pillow(faces, size, kernel).astype(int))
    assert gap.max() <= levels
    assert gap.mean() < 0.2


def test_pillow_on_photographs(photographs: torch.Tensor) -> None:
    """Equal in four values of five, 1 grey level apart in nearly all others, never more than 8.

    The few far ones lie beside saturated pixels, where Pillow clips the cubic kernel's overshoot between its passes.
    """
    for size in (7, 14, 28, 56):
        ours = to_uint8(dg.degrade(photographs, size)).astype(int)
        gap = np.abs(ours - with_pillow(photographs, size, "bicubic").astype(int))
        assert gap.max() <= 8
        assert (gap > 1).mean() < 1e-3
        assert (gap == 0).mean() > 0.8
    exact = F.interpolate(photographs.double(), 14, mode="bicubic", antialias=True)
    assert (dg.resize(photographs, 14) - exact).abs().max() < 1e-6


def test_photographs_lose_more_with_each_corruption(photographs: torch.Tensor) -> None:
    clean = dg.degrade(photographs, 28)
    dirty = dg.Camera(blur=(0.5, 0.5), noise=(8, 8), quality=(50, 50))(photographs, 28, range(40))
    errors = [(dg.upscale(low) - photographs).square().mean(dim=(1, 2, 3)) for low in (clean, dirty)]
    assert (errors[0] < errors[1]).float().mean() > 0.95
    assert (dg.round_trip(photographs, 14) - photographs).square().mean() > errors[0].mean()


@pytest.mark.parametrize("size", [7, 14, 28, 56])
def test_nearest_is_pillows(faces: torch.Tensor, size: int) -> None:
    assert np.array_equal(to_uint8(dg.degrade(faces, size, "nearest")), with_pillow(faces, size, "nearest"))


@pytest.mark.parametrize("size", [7, 14, 28])
def test_enlarging_equals_pillow_only_with_its_cubic(faces: torch.Tensor, size: int) -> None:
    """a = -0.5 (antialias=True) is Pillow's within 1.2 grey levels; plain bicubic, a = -0.75, is 7 to 12 away."""
    low = dg.degrade(faces, size)
    pillow = torch.from_numpy(with_pillow(low, 112, "bicubic")).permute(0, 3, 1, 2) / 255
    like_pillow = dg.resize(low, 112, antialias=True).clamp(0, 1)
    assert (like_pillow - pillow).abs().max() * 255 < 1.2
    assert (dg.upscale(low) - pillow).abs().max() * 255 > 5


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("size", [7, 14, 20, 56, 150, (14, 12)])
def test_resize_equals_interpolate(faces: torch.Tensor, kernel: dg.Kernel, antialias: bool, size: dg.Size) -> None:
    """Within 1e-6 of torch in float64; torch in float32 is itself 2e-6 away where the sizes share no factor."""
    ours = dg.resize(faces, size, kernel, antialias)
    exact = F.interpolate(faces.double(), size, mode=kernel, antialias=antialias)
    assert (ours - exact).abs().max() < 1e-6
    assert (ours - F.interpolate(faces, size, mode=kernel, antialias=antialias)).abs().max() < 3e-6


@pytest.mark.parametrize("size", [7, 14, 28, 56, 224])
def test_area_and_nearest_equal_interpolate_at_whole_factors(faces: torch.Tensor, size: int) -> None:
    assert (dg.resize(faces, size, "area") - F.interpolate(faces.double(), size, mode="area")).abs().max() < 1e-6
    assert torch.equal(dg.resize(faces, size, "nearest"), F.interpolate(faces, size, mode="nearest-exact"))


def test_enlarging_by_area_is_nearest_at_whole_factors(faces: torch.Tensor) -> None:
    low = dg.degrade(faces, 14)
    assert torch.allclose(dg.upscale(low, 112, "area"), dg.upscale(low, 112, "nearest"), atol=1e-6)


def test_area_by_hand() -> None:
    line = torch.tensor([0.0, 0.3, 0.9]).reshape(1, 1, 1, 3)
    got = dg.resize(line, (1, 2), "area").flatten()
    assert torch.allclose(got, torch.tensor([(0 + 0.5 * 0.3) / 1.5, (0.5 * 0.3 + 0.9) / 1.5]))


@pytest.mark.parametrize("kernel", dg.KERNELS)
@pytest.mark.parametrize("size", [7, 20, 150])
def test_constant_stays_constant(kernel: dg.Kernel, size: int) -> None:
    flat = torch.full((2, 3, 112, 112), 100 / 255)
    assert (dg.resize(flat, size, kernel) - 100 / 255).abs().max() < 1e-6
    assert (dg.resize_matrix(112, size, kernel).sum(1) - 1).abs().max() < 1e-12


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic", "lanczos", "area"])
def test_antialiasing_removes_what_the_small_grid_cannot_hold(kernel: dg.Kernel) -> None:
    """A grating of period 4 cannot be seen at 14 px: antialiased it turns grey; without, into a false pattern."""
    grating = (0.5 + 0.5 * torch.sin(torch.arange(112) * torch.pi / 2 + 0.4)).expand(1, 3, 112, 112).contiguous()
    assert dg.resize(grating, 14, kernel).std() < 0.02
    if kernel != "area":
        thin = dg.resize(grating, 20, kernel, antialias=False)
        assert thin.std() > 0.2 and dg.resize(grating, 20, kernel).std() < 0.05


@pytest.mark.parametrize("kernel", dg.KERNELS)
def test_gradients(kernel: dg.Kernel) -> None:
    x = torch.rand(1, 2, 8, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1), requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: dg.resize(t, (3, 4), kernel), x)
    inside = (x.detach() * 0.5 + 0.25).requires_grad_()
    assert torch.autograd.gradcheck(lambda t: dg.round_trip(t, 4, rounded=False), inside)
    assert torch.autograd.gradcheck(lambda t: dg.add_blur(t.float(), 1.0).double(), x, eps=1e-2, atol=1e-2)


def test_dtypes_and_memory_formats(faces: torch.Tensor) -> None:
    """bf16 in, bf16 out, but computed in float32, under autocast too; channels_last gives the same values."""
    expected = dg.round_trip(faces, 14)
    assert torch.equal(dg.round_trip(faces.contiguous(memory_format=torch.channels_last), 14), expected)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(dg.round_trip(faces, 14), expected)
    half = dg.resize(faces.bfloat16(), 14)
    assert half.dtype == torch.bfloat16
    assert torch.equal(half, dg.resize(faces.bfloat16().float(), 14).bfloat16())
    assert dg.resize(faces.double(), 14).dtype == torch.float64


@pytest.mark.skipif(not torch.cuda.is_available(), reason="No GPU here: the same calls are tested on the CPU.")
def test_on_a_gpu(faces: torch.Tensor) -> None:
    cpu, gpu = dg.Camera()(faces, 14, range(8)), dg.Camera()(faces.cuda(), 14, range(8))
    assert gpu.is_cuda and (gpu.cpu() - cpu).abs().mean() * 255 < 0.5
    assert (dg.round_trip(faces.cuda(), 14, rounded=False).cpu() - dg.round_trip(faces, 14, rounded=False)).max() < 1e-5


def test_quantize() -> None:
    levels = torch.arange(256) / 255
    assert torch.equal(dg.quantize(levels), levels)
    x = torch.tensor([-0.3, 1.7, 10.5 / 255, 10.4999 / 255, 10.49 / 255])
    assert (dg.quantize(x) * 255).round().tolist() == [0, 255, 11, 11, 10]


def test_round_trip_keeps_shape_and_range(faces: torch.Tensor) -> None:
    hard = (faces > 0.5).float()
    for kernel in dg.KERNELS:
        back = dg.round_trip(hard, 14, up=kernel)
        assert back.shape == hard.shape and back.min() >= 0 and back.max() <= 1
    assert torch.equal(dg.round_trip(faces, 112), faces)
    before = faces.clone()
    dg.upscale(faces, 112)
    dg.degrade(faces, 14)
    assert torch.equal(faces, before)


def test_smaller_is_worse(faces: torch.Tensor) -> None:
    errors = [(dg.round_trip(faces, s) - faces).square().mean().item() for s in (56, 28, 14, 7)]
    assert errors == sorted(errors) and errors[0] > 0


def test_blur_has_the_spread_asked_for() -> None:
    dot = torch.zeros(2, 3, 61, 61)
    dot[:, :, 30, 30] = 1
    blurred = dg.add_blur(dot, torch.tensor([1.5, 4.0]))
    at = torch.arange(61.0) - 30
    spread = (blurred.sum(-2) * at**2).sum(-1).sqrt()
    assert torch.allclose(spread, torch.tensor([[1.5] * 3, [4.0] * 3]), atol=1e-3)
    assert torch.allclose(blurred.sum((-1, -2)), torch.ones(2, 3), atol=1e-5)
    assert torch.equal(dg.add_blur(dot, 0.0), dot)


def test_noise_has_the_spread_asked_for_and_is_repeatable() -> None:
    grey = torch.full((2, 3, 112, 112), 0.5)
    noisy = dg.add_noise(grey, torch.tensor([2.0, 8.0]), torch.Generator().manual_seed(3))
    assert torch.allclose((noisy - grey).std((1, 2, 3)) * 255, torch.tensor([2.0, 8.0]), rtol=0.02)
    assert torch.equal(noisy, dg.add_noise(grey, torch.tensor([2.0, 8.0]), torch.Generator().manual_seed(3)))
    assert dg.add_noise(torch.ones(1, 3, 9, 9), 30.0).max() <= 1


def test_pixels_are_what_a_file_would_hold() -> None:
    stored = torch.arange(24, dtype=torch.uint8).reshape(1, 2, 4, 3).mul(10).numpy()
    assert (dg.to_pixels(to_tensor(stored)) == stored).all()
    outside = torch.tensor([-0.2, 0.5, 1.2]).reshape(1, 3, 1, 1).requires_grad_()
    assert dg.to_pixels(outside).tolist() == [[[[0, 128, 255]]]]


def test_jpeg_is_pillows_and_worse_with_lower_quality(faces: torch.Tensor, tmp_path) -> None:
    Image.fromarray(to_uint8(faces)[0]).save(tmp_path / "face.jpg", quality=30)
    stored = np.asarray(Image.open(tmp_path / "face.jpg"))
    mixed = dg.jpeg(faces[:2], torch.tensor([30, 95]))
    assert np.array_equal(to_uint8(mixed)[0], stored)
    assert torch.equal(mixed[1:], dg.jpeg(faces[1:2], 95))
    errors = [(dg.jpeg(faces, q) - faces).square().mean().item() for q in (95, 60, 20, 5)]
    assert errors == sorted(errors)


def test_camera_does_not_depend_on_the_batch(faces: torch.Tensor) -> None:
    camera = dg.Camera()
    together = camera(faces, 14, range(8), seed=7)
    alone = torch.cat([camera(faces[i : i + 1], 14, [i], seed=7) for i in range(8)])
    assert together.shape == (8, 3, 14, 14)
    assert (together - alone).abs().max() * 255 <= 1
    assert not torch.equal(together, camera(faces, 14, range(8), seed=8))
    assert not torch.equal(together[:1], camera(faces[:1], 14, [1], seed=7))


def test_camera_strengths_are_uniform_in_their_ranges() -> None:
    drawn = torch.tensor([dg.Camera().strengths(dg.keyed_generator(0, k)) for k in range(4000)])
    for column, (low, high) in zip(drawn.T, ((0, 0.6), (0, 10), (40, 95)), strict=True):
        assert low <= column.min() and column.max() <= high
        counts = torch.histc(column.double(), 8, low, high + (1 if high == 95 else 0))
        assert chisquare(counts.numpy()).pvalue > 0.01
    assert torch.equal(drawn[:, 2], drawn[:, 2].round())


def test_camera_without_strength_is_plain_reduction(faces: torch.Tensor) -> None:
    off = dg.Camera(blur=(0, 0), noise=(0, 0), quality=(95, 95))
    assert torch.equal(off(faces, 14, range(8)), dg.jpeg(dg.degrade(faces, 14), 95))
    unwritten = dg.Camera(blur=(0, 0), noise=(0, 0), quality=None)
    assert torch.equal(unwritten(faces, 14, range(8)), dg.degrade(faces, 14))
    assert unwritten.strengths(dg.keyed_generator(0, 0)) == (0, 0, 0)


def test_a_camera_without_jpeg_draws_the_same_noise(faces: torch.Tensor) -> None:
    noisy, written = (dg.Camera((0, 0), (10, 10), q)(faces, 28, range(8), seed=5) for q in (None, (95, 95)))
    assert torch.equal(written, dg.jpeg(noisy, 95))
    assert torch.equal(noisy, dg.quantize(noisy)) and not torch.equal(noisy, dg.degrade(faces, 28))


def test_jitter_moves_each_face_its_own_way_and_no_pixel_is_mixed(faces: torch.Tensor) -> None:
    jitter = dg.Jitter(3)
    shifts = jitter.shifts(range(200), seed=1)
    assert torch.equal(shifts[5:6], jitter.shifts([5], seed=1)) and not torch.equal(shifts, jitter.shifts(range(200)))
    length = shifts.double().norm(dim=1)
    assert length.min() > 2 and length.max() < 4 and len(shifts.unique(dim=0)) >= 12
    moved = jitter(faces, 112, range(8), seed=1)
    for face, there, (down, right) in zip(faces, moved, shifts.tolist(), strict=False):
        inside = face[:, 4:-4, 4:-4]
        assert torch.equal(there[:, 4 + down : 108 + down, 4 + right : 108 + right], dg.quantize(inside))
    assert torch.equal(moved[:1, :, 0], moved[:1, :, 1]) == (shifts[0, 0].item() >= 1), "a border repeats its pixels"
    still = dg.Jitter(0)
    assert torch.equal(still(faces, 14, range(8)), dg.degrade(faces, 14))


@pytest.mark.parametrize(("sizes", "weights"), [((7, 14, 20), (1, 1, 2)), ((7, 14, 20, 112), (5, 3, 2, 1))])
def test_multi_resolution_ratio(sizes: tuple[int, ...], weights: tuple[float, ...]) -> None:
    n = 20000
    drawn = dg.MultiResolution(sizes, weights).draw(n, torch.Generator().manual_seed(11))
    counts = [(drawn == s).sum().item() for s in sizes]
    assert sum(counts) == n
    assert chisquare(counts, [w / sum(weights) * n for w in weights]).pvalue > 0.01
    assert chisquare(counts).pvalue < 1e-6


def test_multi_resolution_never_draws_weight_zero() -> None:
    """1:0:1 is what the released script's thresholds .5/.5/1.1 amount to: 14 px never comes."""
    drawn = dg.MultiResolution((7, 14, 20), (1, 0, 1)).draw(5000, torch.Generator().manual_seed(0))
    assert drawn.unique().tolist() == [7, 20]


def test_multi_resolution_images(faces: torch.Tensor) -> None:
    out, sizes = dg.MultiResolution((7, 14, 112), (1, 1, 1))(faces, torch.Generator().manual_seed(2))
    assert set(sizes.tolist()) == {7, 14, 112}
    for i, size in enumerate(sizes.tolist()):
        assert (out[i] - dg.round_trip(faces[i : i + 1], size)[0]).abs().max() < 1e-6


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x: dg.degrade(x[0], 14), "float tensor N x 3 x H x W"),
        (lambda x: dg.degrade((x * 255).byte(), 14), "uint8"),
        (lambda x: dg.degrade(x, 0), "at least 1 pixel"),
        (lambda x: dg.resize(x, 14, "cubic"), "bicubic"),
        (lambda x: dg.add_blur(x, torch.ones(3)), "one per image"),
        (lambda x: dg.jpeg(x[:, :1], 50), "three colour channels"),
        (lambda x: dg.Camera()(x, 14, [1, 2]), "8 keys"),
        (lambda x: dg.MultiResolution((7, 14), (1,)), "one weight"),
    ],
)
def test_errors_say_what_was_expected(faces: torch.Tensor, call, says: str) -> None:
    with pytest.raises(LrfrError, match=says):
        call(faces)


class Upscale(torch.nn.Module):
    """What every generator of the study begins or ends with."""

    def forward(self, x):
        return dg.upscale(x, 112)


@pytest.mark.parametrize("before", [False, True])
def test_an_exported_network_gives_the_same_and_leaves_later_calls_alone(before, monkeypatch):
    """A size that was never asked for before, and one that was."""
    monkeypatch.setattr(dg, "_kept", {})
    dg.resize_matrix.cache_clear()
    x = torch.rand(2, 3, 14, 14)
    if before:
        dg.upscale(x, 112)
    exported = torch.export.export(Upscale(), (x,)).module()(x)
    assert torch.equal(exported, dg.upscale(x, 112)) and torch.equal(exported, dg.upscale(x, 112))


def test_no_more_matrices_are_kept_than_fit(monkeypatch):
    monkeypatch.setattr(dg, "_kept", {})
    x = torch.rand(1, 1, 2, 2)
    for side in range(3, 600):
        assert dg.resize(x, (side, 2)).shape[2] == side
    assert len(dg._kept) <= 512
