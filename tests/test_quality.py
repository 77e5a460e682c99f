"""PSNR, SSIM and LPIPS against cases worked by hand, a plain NumPy SSIM, and torchmetrics' LPIPS."""

import pickle

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate1d
from sklearn.datasets import load_sample_image

from lrfr import assets
from lrfr.errors import LrfrError
from lrfr.evaluation import quality
from lrfr.networks import lpips

BACKBONES = {"alexnet": "alex", "vgg16": "vgg"}  # ours, torchmetrics'


@pytest.fixture(scope="module")
def photograph():
    """A 112 x 112 cut of a photograph that comes with scikit-learn (a temple, no face)."""
    cut = load_sample_image("china.jpg")[150:262, 200:312]
    return torch.from_numpy(cut.copy()).permute(2, 0, 1)[None].float() / 255


def noisy(image, *levels, seed=0):
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(seed))
    return torch.cat([image + level * noise for level in levels])


def test_luminance_of_the_primaries():
    # black, white, red, green, blue: MATLAB's rgb2ycbcr gives 16, 235, 81.481, 144.553, 40.966
    colours = torch.tensor([[0.0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]])[:, :, None, None]
    expected = torch.tensor([16, 235, 81.481, 144.553, 40.966]) / 255
    torch.testing.assert_close(quality.luminance(colours).flatten(), expected)


def test_psnr_worked_by_hand():
    grey = torch.full((3, 3, 8, 8), 0.5)
    # a difference of d in every colour is 219/255 d in Y: .1 gives -20 log10(.0858824) dB
    found = quality.psnr(grey + torch.tensor([0.1, 0.01, 0.0])[:, None, None, None], grey)
    torch.testing.assert_close(found, torch.tensor([21.3219, 41.3219, torch.inf]), atol=1e-3, rtol=0)
    # blue alone counts 24.966/255 of it
    blue = grey[:1].clone()
    blue[:, 2] += 0.1
    assert quality.psnr(blue, grey[:1]).item() == pytest.approx(-20 * np.log10(0.1 * 24.966 / 255), abs=1e-3)


def test_psnr_of_all_channels_sees_a_colour_that_luma_hides():
    grey = torch.full((3, 3, 8, 8), 0.5)
    off = grey + torch.tensor([[0.1, 0.1, 0.1], [0.0, 0.0, 0.1], [0.0, 0.0, 0.0]])[:, :, None, None]
    # all channels off by .1: 20 dB; blue alone: a third of the squared error
    expected = torch.tensor([20, 20 + 10 * float(np.log10(3)), torch.inf])
    torch.testing.assert_close(quality.rgb_psnr(off, grey), expected, atol=1e-3, rtol=0)
    # (0, 0, d) about its mean d/3: (1 + 1 + 4) / 9 of the squares' sum d^2
    torch.testing.assert_close(quality.colour_share(off, grey), torch.tensor([0, 2 / 3, 0]), atol=1e-5, rtol=0)
    lost = [float(psnr(grey, off)[0] - psnr(grey, off)[1]) for psnr in (quality.rgb_psnr, quality.psnr)]
    assert lost[1] < lost[0] < 0, "a blue error is cheaper by luma"


def plain_ssim(a, b):
    """Wang et al. 2004 on two H x W arrays with range 1, averaged where the window lies inside."""
    window = np.exp(-np.square(np.arange(-5, 6)) / (2 * 1.5**2))
    window /= window.sum()

    def blur(x):
        return correlate1d(correlate1d(x, window, axis=0), window, axis=1)[5:-5, 5:-5]

    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b, cov = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2, blur(a * b) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    return np.mean((2 * mean_a * mean_b + c1) * (2 * cov + c2) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)))


def test_ssim_equals_the_formula(photograph):
    images = noisy(photograph, 0.0, 0.02, 0.1, 0.3).clamp(0, 1)
    found = quality.ssim(images, photograph.expand(4, -1, -1, -1))
    original = quality.luminance(photograph)[0, 0].double().numpy()
    for image, value in zip(images, found, strict=True):
        expected = plain_ssim(quality.luminance(image[None])[0, 0].double().numpy(), original)
        assert value.item() == pytest.approx(expected, abs=1e-4)
    assert found[0] == 1
    assert (found.diff() < 0).all()
    torch.testing.assert_close(quality.ssim(images[2:3], photograph), found[2:3])


def test_sharpness_worked_by_hand():
    """Two rows, dark and bright in turn: the gradient's length is the step; half the step is half as sharp."""
    rows = torch.zeros(1, 3, 6, 6)
    rows[:, :, ::2] = 0.4
    for step, expected in ((0.4, 1.0), (0.2, 0.5), (0.8, 2.0), (0.0, 0.0)):
        assert quality.sharpness(rows * step / 0.4, rows).item() == pytest.approx(expected, abs=1e-4)
    corner = torch.zeros(1, 3, 2, 2)
    corner[..., 0, 1], corner[..., 1, 0] = 0.3, 0.4  # one place, with .3 to the right and .4 below: .5 together
    flat = corner.clone()
    flat[..., 1, 0] = 0.0
    assert quality.sharpness(flat, corner).item() == pytest.approx(3 / 5, abs=1e-4)
    assert quality.sharpness(torch.ones(2, 3, 8, 8), torch.zeros(2, 3, 8, 8)).tolist() == [1, 1]


def test_what_is_blurred_is_less_sharp_and_what_is_noisy_more(photograph):
    blurred = torch.nn.functional.avg_pool2d(photograph, 3, 1, 1)
    assert quality.sharpness(photograph, photograph) == 1
    assert quality.sharpness(blurred, photograph) < 0.8
    assert quality.sharpness(noisy(photograph, 0.05), photograph) > 1.05


def test_values_outside_the_range_are_clipped(photograph):
    loud = noisy(photograph, 0.5)
    for metric in (quality.psnr, quality.rgb_psnr, quality.ssim, quality.lpips, quality.sharpness):
        torch.testing.assert_close(metric(loud, photograph), metric(loud.clamp(0, 1), photograph))


@pytest.fixture(params=BACKBONES)
def published(request):
    """A backbone's name and its published weights; VGG16 only where a reader has fetched it."""
    name = f"lpips-{request.param}"
    if assets.get(name).group != "demo" and assets.status(name) != "present":
        pytest.skip(f"{name} is not in the cache; `lrfr assets --fetch {name}` brings it.")
    return request.param, quality.lpips_network(request.param)


def twin(backbone, network):
    """torchmetrics' LPIPS: its own code, torchvision's backbone, its own copy of the authors' heads; our kernels."""
    theirs = pytest.importorskip("torchmetrics.functional.image.lpips")._LPIPS(net=BACKBONES[backbone], pnet_rand=True)
    kernels = [module for module in theirs.net.modules() if isinstance(module, torch.nn.Conv2d)]
    for into, source in zip(kernels, network.convolutions, strict=True):
        into.load_state_dict(source.state_dict())
    return theirs


def test_lpips_heads_are_the_authors(published):
    backbone, network = published
    for own, theirs in zip(network.heads, twin(backbone, network).lins, strict=True):
        torch.testing.assert_close(own, theirs.model[1].weight.flatten(), atol=1e-6, rtol=0)


def test_lpips_equals_torchmetrics(published, photograph):
    backbone, network = published
    images = noisy(photograph, 0.01, 0.1, 0.3).clamp(0, 1)
    originals = photograph.expand(3, -1, -1, -1)
    found = quality.lpips(images, originals, network)
    expected = twin(backbone, network)(images, originals, normalize=True).flatten()
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert (found.diff() > 0).all()
    torch.testing.assert_close(quality.lpips(photograph, photograph, network), torch.zeros(1))


@pytest.mark.parametrize("backbone", BACKBONES)
def test_lpips_has_torchvisions_architecture(backbone, photograph):
    """With random kernels too, so VGG16's plan is checked where its weights were never fetched."""
    torch.manual_seed(0)
    network = lpips.LPIPS(backbone)
    theirs = twin(backbone, network)
    for own, head in zip(network.heads, theirs.lins, strict=True):
        own.copy_(head.model[1].weight.flatten())
    photograph = photograph[..., :48, :64]
    image = noisy(photograph, 0.2).clamp(0, 1)
    expected = theirs(image, photograph, normalize=True).flatten()
    torch.testing.assert_close(network(image, photograph), expected, atol=1e-6, rtol=1e-3)


def test_weights_that_cannot_be_read_are_one_sentence(tmp_path):
    """No file, a folder in its place, and a file of something else."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("no weights")
    for name in ("nothing", "folder", "text"):
        with pytest.raises(LrfrError, match=r"\A[^\n]*and run `lrfr assets --fetch lpips-alexnet`\.\Z"):
            lpips.load(tmp_path / name, "alexnet")


def test_lpips_is_differentiable_and_frozen(photograph):
    network = quality.lpips_network()
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())
    image = noisy(photograph, 0.1).clamp(0.01, 0.99).requires_grad_()
    quality.lpips(image, photograph).sum().backward()
    assert image.grad.isfinite().all()
    with torch.no_grad():
        step = 0.1 * image.grad / image.grad.norm()
        change = quality.lpips(image + step, photograph) - quality.lpips(image - step, photograph)
    assert change.item() == pytest.approx(0.2 * image.grad.norm().item(), rel=0.05)
    # a blank picture silences whole channels: no division by zero
    blank = torch.zeros_like(photograph, requires_grad=True)
    quality.lpips(blank, photograph).sum().backward()
    assert blank.grad.isfinite().all()


class Evil:
    def __reduce__(self):
        return (print, ("this must never be printed",))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pickle.dumps({"AlexNet_0": Evil()}), "asks for builtins.print"),
        (pickle.dumps({"AlexNet_0": {}, "Conv_0": 1}), "cannot be read so"),
        (pickle.dumps({"AlexNet_0": {"Conv_0": {"kernel": 3}}}), "cannot be read so"),
        (b"", "cannot be read so"),
        (b"<html>not found</html>", "cannot be read so"),
    ],
)
def test_a_changed_file_is_refused_and_runs_nothing(content, reason, tmp_path, capsys):
    (tmp_path / "alexnet.ckpt").write_bytes(content)
    with pytest.raises(LrfrError, match=reason):
        lpips.load(tmp_path / "alexnet.ckpt", "alexnet")
    assert capsys.readouterr().out == ""


def test_the_wrong_backbone_is_refused():
    with pytest.raises(LrfrError, match="VGG16_0"):
        lpips.load(assets.path("lpips-alexnet"), "vgg16")


def test_measure_gives_the_single_values_in_batches(photograph):
    images = noisy(photograph, *torch.linspace(0.01, 0.2, 5).tolist())
    originals = photograph.expand(5, -1, -1, -1)
    values = quality.measure(images, originals, batch=2)
    assert set(values) == {"psnr", "ssim", "lpips_alexnet"}
    torch.testing.assert_close(values["psnr"], quality.psnr(images, originals))
    torch.testing.assert_close(values["ssim"], quality.ssim(images, originals))
    torch.testing.assert_close(values["lpips_alexnet"], quality.lpips(images, originals))
    kept = {}
    for _ in range(2):
        again = quality.measure(images, originals, batch=2, kept=kept)
        assert torch.equal(again["lpips_alexnet"], values["lpips_alexnet"])
        assert set(kept) == {("alexnet", 0), ("alexnet", 1), ("alexnet", 2)}


def test_wrong_shapes_are_one_clear_sentence(photograph):
    for metric in (quality.psnr, quality.rgb_psnr, quality.colour_share, quality.ssim, quality.lpips, quality.measure):
        with pytest.raises(LrfrError, match="one shape N x 3 x H x W"):
            metric(photograph, photograph.expand(2, -1, -1, -1))
        with pytest.raises(LrfrError, match="one shape N x 3 x H x W"):
            metric(photograph[:, :1], photograph[:, :1])


@pytest.mark.parametrize("period", [2, 4])
def test_a_grid_is_as_strong_as_it_is_drawn(period):
    """One place of each period brighter by d: over the p^2 places the standard deviation is d sqrt(p^2 - 1) / p^2."""
    originals = np.random.default_rng(0).integers(60, 180, (5, 16, 16, 3)).astype(np.uint8)
    assert quality.grid_strength(originals, originals, period) == 0
    drawn = originals.copy()
    drawn[:, 1::period, ::period] += 32
    expected = 32 * np.sqrt(period**2 - 1) / period**2
    assert quality.grid_strength(drawn, originals, period) == pytest.approx(expected, rel=1e-5)
    red = originals.copy()
    red[:, 1::period, ::period, 0] += 32  # a third of the brightness
    assert quality.grid_strength(red, originals, period) == pytest.approx(expected / 3, rel=1e-4)


def test_what_is_no_grid_counts_for_nothing():
    """Brighter all over, or different content in every picture: no place of the grid is favoured."""
    rng = np.random.default_rng(0)
    originals = rng.integers(60, 180, (400, 16, 16, 3)).astype(np.uint8)
    assert quality.grid_strength(originals + 20, originals) == pytest.approx(0, abs=1e-4)
    noise = rng.integers(-20, 21, originals.shape)
    assert quality.grid_strength((originals + noise).astype(np.uint8), originals) < 0.2
