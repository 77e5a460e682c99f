"""Every recognizer keeps the one convention, and the converted networks are the published ones."""

from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
import torch
from torch import nn

from lrfr import assets, datasets, recognizers
from lrfr.embeddings import weights_digest
from lrfr.errors import LrfrError
from lrfr.networks import facenet, onnx_face, vgg
from lrfr.networks.mobilefacenet import from_onnx
from lrfr.networks.prelu import PReLU
from lrfr.recognizers import Recognizer
from lrfr.training import save_weights

PACKAGED = ("dlib", "sface", "mobilefacenet")


@pytest.fixture(scope="module")
def loaded() -> dict[str, Recognizer]:
    return {name: recognizers.load(name) for name in PACKAGED}


@pytest.fixture(scope="module", params=PACKAGED)
def recognizer(request: pytest.FixtureRequest, loaded: dict[str, Recognizer]) -> Recognizer:
    return loaded[request.param]


@pytest.fixture(scope="module")
def faces() -> torch.Tensor:
    """Three people of AT&T, two pictures each."""
    att = datasets.load("att")
    return att.tensor(np.array([0, 5, 10, 15, 20, 25]))


@pytest.mark.parametrize("name", ["sface", "mobilefacenet"])
def test_equals_onnxruntime(name: str, loaded: dict[str, Recognizer]) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="needs onnxruntime, which the extra 'test' brings")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    session = runtime.InferenceSession(str(assets.path(name)), options, providers=["CPUExecutionProvider"])
    images = datasets.load("caltech").images[::60]
    raw = np.moveaxis(images, -1, 1).astype(np.float32)  # RGB, as both networks take it
    given = raw if name == "sface" else (raw - 127.5) / 127.5
    entry = session.get_inputs()[0].name
    expected = np.concatenate([session.run(None, {entry: image[None]})[0] for image in given])
    assert len(images) >= 6
    assert expected.std() > 0.01
    assert np.abs(recognizers.embed(loaded[name], images) - expected).max() < 1e-4


def test_shape_batches_and_autocast(recognizer: Recognizer, faces: torch.Tensor) -> None:
    with torch.no_grad():
        together = recognizer(faces)
        alone = torch.cat([recognizer(face[None]) for face in faces])
        with torch.autocast("cpu", torch.bfloat16):
            inside = recognizer(faces)
    assert together.shape == (6, recognizer.dim)
    assert torch.allclose(together, alone, atol=1e-4)
    assert torch.equal(together, inside)


def test_follows_autocast_when_told(
    recognizer: Recognizer, faces: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with torch.no_grad():
        exact = recognizer(faces)
        monkeypatch.setattr(recognizer, "follow_autocast", True)
        with torch.autocast("cpu", torch.bfloat16):
            followed = recognizer(faces).float()
    assert not torch.equal(exact, followed)
    assert torch.cosine_similarity(exact, followed).min() > 0.98


@pytest.mark.parametrize("able", [True, False])
def test_a_quick_one_embeds_in_bfloat16_where_the_processor_can(
    faces: torch.Tensor, loaded: dict[str, Recognizer], able: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognizers, "multiplies_bfloat16", lambda: able)
    quick, exact = recognizers.quick("dlib"), loaded["dlib"]
    seen, expected = (recognizers.embed(r, faces) for r in (quick, exact))
    assert np.array_equal(seen, expected) is not able
    assert np.abs(seen - expected).max() < 0.02 and seen.dtype == np.float32
    assert torch.equal(quick(faces), exact(faces)), "a loss sees the exact one"
    assert weights_digest(quick) != weights_digest(exact), "it says what was asked for, not what the processor did"


def test_same_person_is_closer(recognizer: Recognizer, faces: torch.Tensor) -> None:
    with torch.no_grad():
        embeddings = recognizer(faces)
    matrix = recognizer.similarity_matrix(embeddings, embeddings)
    same = torch.arange(6)[:, None] // 2 == torch.arange(6) // 2
    genuine = matrix[same & ~torch.eye(6, dtype=torch.bool)]
    assert genuine.min() > matrix[~same].max()
    assert torch.allclose(recognizer.similarity(embeddings, embeddings.flip(0)), matrix.flip(1).diagonal(), atol=1e-5)
    best = 0.0 if recognizer.distance == "euclidean" else 1.0
    assert torch.allclose(matrix.diagonal(), torch.full((6,), best), atol=1e-5)


def test_similarities_by_hand(loaded: dict[str, Recognizer]) -> None:
    a, b = np.zeros((2, 128), np.float32), np.zeros((2, 128), np.float32)
    a[:, 0] = 3
    b[0, 1] = 4
    b[1, 0] = 5
    distance, cosine = loaded["dlib"], loaded["sface"]
    assert distance.similarity(a, b) == pytest.approx([-5, -2])
    assert cosine.similarity(a, b) == pytest.approx([0, 1])
    assert distance.similarity_matrix(a, b) == pytest.approx(np.array([[-5, -2], [-5, -2]]))
    assert cosine.similarity_matrix(a, b) == pytest.approx(np.array([[0, 1], [0, 1]]))
    assert isinstance(distance.similarity(a, b), np.ndarray)
    assert isinstance(distance.similarity(torch.from_numpy(a), torch.from_numpy(b)), torch.Tensor)
    with pytest.raises(LrfrError, match="as many embeddings on both sides, found 2 and 1"):
        distance.similarity(a, b[:1])
    with pytest.raises(LrfrError, match=r"N x 128, found shape \(2, 64\)"):
        distance.similarity_matrix(a, b[:, :64])


def test_embeddings_side_by_side_need_only_the_similarities_of_the_parts(loaded: dict[str, Recognizer]) -> None:
    """Against embeddings that were really put side by side; of unit length first where the cosine is compared."""
    rng = np.random.default_rng(0)
    parts = [(rng.normal(size=(5, 128)).astype(np.float32), rng.normal(size=(4, 128)).astype(np.float32)) for _ in "ab"]
    for name in ("dlib", "sface"):
        recognizer = loaded[name]
        long_a, long_b = (np.hstack([part[side] for part in parts]) for side in (0, 1))
        if recognizer.distance == "cosine":
            long_a, long_b = (
                np.hstack([part[side] / np.linalg.norm(part[side], axis=1, keepdims=True) for part in parts])
                for side in (0, 1)
            )
            norms = np.linalg.norm(long_a, axis=1)[:, None] * np.linalg.norm(long_b, axis=1)
            expected = long_a @ long_b.T / norms
        else:
            expected = -np.linalg.norm(long_a[:, None] - long_b[None], axis=2)
        first, second = (recognizer.similarity_matrix(a, b) for a, b in parts)
        assert recognizer.concatenated([first, second]) == pytest.approx(expected, abs=1e-4)
        assert recognizer.concatenated([first[0], second[0]]) == pytest.approx(expected[0], abs=1e-4)


def test_gradient_reaches_the_image_and_nothing_else(recognizer: Recognizer, faces: torch.Tensor) -> None:
    before = {name: value.clone() for name, value in recognizer.state_dict().items()}
    image = faces[:1].clone().requires_grad_()
    with torch.no_grad():
        goal = recognizer(faces[2:3])
    optimizer = torch.optim.SGD([image, *recognizer.parameters()], lr=1e-3)
    losses = []
    for _ in range(3):
        loss = (recognizer(image) - goal).square().sum()
        optimizer.zero_grad()
        loss.backward()
        assert image.grad is not None
        assert torch.isfinite(image.grad).all()
        image.grad /= image.grad.norm() / 500  # half a unit of picture along the gradient
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    assert (image.grad != 0).float().mean() > 0.5
    assert all(torch.equal(before[name], value) for name, value in recognizer.state_dict().items())


def test_stays_in_evaluation_mode(recognizer: Recognizer, faces: torch.Tensor) -> None:
    with torch.no_grad():
        before = recognizer(faces)
    nn.ModuleList([recognizer]).train()
    recognizer.train()
    assert not any(module.training for module in recognizer.modules())
    with torch.no_grad():
        assert torch.equal(recognizer(faces), before)


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (torch.rand(1, 3, 150, 150), "3 x 112 x 112"),
        (torch.rand(3, 112, 112), "3 x 112 x 112"),
        (torch.rand(1, 112, 112, 3), "3 x 112 x 112"),
        (torch.zeros(1, 3, 112, 112, dtype=torch.uint8), "float tensor"),
        (torch.rand(1, 3, 112, 112) * 255, "divide grey levels by 255"),
        (torch.full((1, 3, 112, 112), torch.nan), "found nan to nan"),
    ],
)
def test_wrong_images_give_one_sentence(loaded: dict[str, Recognizer], images: torch.Tensor, sentence: str) -> None:
    with pytest.raises(LrfrError, match=sentence):
        loaded["dlib"](images)


def test_embed_takes_stored_crops_and_tensors(loaded: dict[str, Recognizer], capsys: pytest.CaptureFixture) -> None:
    att = datasets.load("att")
    stored = att.images[:5]
    embeddings = recognizers.embed(loaded["sface"], stored, batch_size=2, device="cpu")
    assert embeddings.dtype == np.float32
    assert embeddings.shape == (5, 128)
    assert np.allclose(embeddings, recognizers.embed(loaded["sface"], att.tensor(np.arange(5))), atol=1e-5)
    assert recognizers.embed(loaded["sface"], stored[:0]).shape == (0, 128)
    shown = capsys.readouterr()
    assert shown.out + shown.err == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sface", "mobilefacenet"])
def test_networks_were_trained_on_rgb(name: str, loaded: dict[str, Recognizer]) -> None:
    faces = datasets.load("caltech")
    faces = faces.subset(np.arange(len(faces)) % 4 == 0)
    first, second = np.triu_indices(len(faces), 1)
    genuine = faces.labels[first] == faces.labels[second]

    def separation(images: np.ndarray) -> float:
        embeddings = recognizers.embed(loaded[name], images)
        s = loaded[name].similarity(embeddings[first], embeddings[second])
        return (s[genuine].mean() - s[~genuine].mean()) / np.sqrt((s[genuine].var() + s[~genuine].var()) / 2)

    rgb, bgr = separation(faces.images), separation(faces.images[..., ::-1])
    assert rgb > 8
    assert rgb > bgr * 1.03


def test_prelu_equals_torchs() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 5, 4, 3, generator=generator, dtype=torch.float64)
    ours, theirs = PReLU(5).double(), nn.PReLU(5).double()
    for layer in (ours, theirs):
        layer.weight.data = torch.linspace(-0.5, 1.5, 5, dtype=torch.float64)
    results = []
    for layer in (ours, theirs):
        image = x.clone().requires_grad_()
        y = layer(image)
        y.square().sum().backward()
        results.append((y.detach(), image.grad, layer.weight.grad))
    for mine, other in zip(*results, strict=True):
        assert torch.allclose(mine, other)
    torch.autograd.gradcheck(ours, (x.clone().requires_grad_(),))
    single = PReLU()
    single(x.float()).sum().backward()
    assert single.weight.grad is not None
    assert single.weight.grad.shape == (1,)


def test_prelu_keeps_float32_under_autocast() -> None:
    """Torch's own answers bfloat16, and the backward pass would meet two types."""
    layer, x = PReLU(5), torch.randn(2, 5, 4, 3, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        y = layer(x)
    y.sum().backward()
    assert y.dtype == torch.float32 and x.grad is not None and x.grad.dtype == torch.float32


def test_slopes_of_mobilefacenet_are_parameters(loaded: dict[str, Recognizer]) -> None:
    """A fine-tuning must see them, and the batch norms of SFace must be folded away but for the last two."""
    kinds = {
        name: [type(m).__name__ for m in loaded[name].modules() if not list(m.children())]
        for name in ("sface", "mobilefacenet")
    }
    assert kinds["mobilefacenet"].count("PReLU") == 34
    assert kinds["sface"].count("PReLU") == 27
    assert [sum(k.startswith("BatchNorm") for k in kinds[n]) for n in ("sface", "mobilefacenet")] == [2, 1]


def test_damaged_onnx_gives_one_sentence(tmp_path: Path) -> None:
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(assets.path("mobilefacenet").read_bytes()[:5_000_000])
    for path in (cut, tmp_path / "none.onnx"):
        with pytest.raises(LrfrError, match=r"should hold the face network mobilefacenet.*: give another file\.\Z"):
            onnx_face.load(path, "mobilefacenet")


@pytest.mark.parametrize("name", ["dlib", "sface", "facenet", "vgg19"])
def test_nobody_is_told_to_delete_weights_of_their_own(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, kept = tmp_path / "mine", tmp_path / "kept"
    for path in (mine, kept):
        path.write_bytes(b"something else")
    monkeypatch.setattr(assets, "location", lambda asset: kept)
    load: Any = (lambda path: vgg.load(weights=path)) if name == "vgg19" else partial(recognizers.load, name, "cpu")
    for path, told in ((mine, False), (kept, True)):
        with pytest.raises(LrfrError) as caught:
            load(path)
        assert ("delete it" in str(caught.value)) is told


def test_missing_package_gives_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx2torch", None)
    with pytest.raises(LrfrError, match="needs the package onnx2torch"):
        recognizers.load("sface")


def test_unknown_name_gives_one_sentence() -> None:
    unknown: Any = "vgg"
    with pytest.raises(LrfrError, match=r"no recognizer 'vgg'.*dlib, sface, mobilefacenet, facenet"):
        recognizers.load(unknown)


def test_a_network_trained_here_is_told_by_its_settings(tmp_path: Path) -> None:
    weights = tmp_path / "x.safetensors"
    with pytest.raises(LrfrError, match=r"weights of robust at .*x\.safetensors, found none"):
        recognizers.load("robust", weights=weights)
    save_weights(from_onnx(assets.path("mobilefacenet")), weights, half=True)
    with pytest.raises(LrfrError, match=r"Expected the settings of x\.safetensors"):
        recognizers.load("robust", weights=weights)
    weights.with_suffix(".json").write_text('{"settings": {"network": {"scale": 4}}}')
    with pytest.raises(LrfrError, match="found settings of another network"):
        recognizers.load("robust", weights=weights)
    weights.with_suffix(".json").write_text('{"settings": {"network": "resnet34"}}')
    with pytest.raises(LrfrError, match="weights of another network"):
        recognizers.load("robust", weights=weights)
    weights.with_suffix(".json").write_text('{"settings": {"network": "mobilefacenet"}}')
    network = recognizers.load("robust", weights=weights)
    assert (network.name, network.dim, network.distance) == ("robust", 512, "cosine")
    assert not any(p.requires_grad for p in network.parameters())


# FaceNet's weights lie in no package: what can be tested without them is everything around them.


def test_facenet_without_weights_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: Any, **__: Any) -> None:
        raise URLError("no route")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    with pytest.raises(LrfrError, match=r"lie in no package and could not be downloaded.*no route") as caught:
        recognizers.load("facenet")
    assert str(tmp_path / "checkpoints") in str(caught.value)


def test_facenet_refuses_another_file(tmp_path: Path) -> None:
    other = tmp_path / "other.pt"
    torch.save({"weight": torch.zeros(1)}, other)
    with pytest.raises(LrfrError, match="should hold FaceNet's VGGFace2 weights"):
        recognizers.load("facenet", weights=other)


def test_facenet_reads_its_file_form(tmp_path: Path, faces: torch.Tensor) -> None:
    """The layout of the published file (with its classifier), filled at random: only the plumbing is looked at."""
    package = pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    torch.manual_seed(0)
    layout = package.InceptionResnetV1(classify=True, num_classes=8)
    torch.save(layout.state_dict(), tmp_path / "layout.pt")
    network = recognizers.load("facenet", weights=tmp_path / "layout.pt")
    image = faces[:2].clone().requires_grad_()
    embedding = network(image)
    assert torch.allclose(embedding.norm(dim=1), torch.ones(2), atol=1e-5)
    layout.classify = False
    assert torch.allclose(embedding, layout.eval()(facenet.Input()(faces[:2])), atol=1e-4)
    embedding[:, 0].sum().backward()
    assert image.grad is not None
    assert image.grad.abs().sum() > 0


def test_facenet_standardisation() -> None:
    x = torch.rand(2, 3, 112, 112, generator=torch.Generator().manual_seed(0))
    white = facenet.Input("image")(x)
    assert white.shape == (2, 3, 160, 160)
    assert torch.allclose(white.mean(dim=(1, 2, 3)), torch.zeros(2), atol=1e-5)
    assert torch.allclose(white.std(dim=(1, 2, 3), correction=0), torch.ones(2), atol=1e-4)
    # Brighter and with more contrast is the same to it, but not to the fixed one.
    assert torch.allclose(facenet.Input("image")(x * 0.5 + 0.2), white, atol=1e-4)
    plain = torch.full((1, 3, 112, 112), 0.5)
    assert torch.allclose(facenet.Input("image")(plain), torch.zeros(1, 3, 160, 160), atol=0.1)
    assert torch.allclose(facenet.Input("fixed")(plain), torch.zeros(1, 3, 160, 160), atol=1e-4)
    assert float(facenet.Input("fixed")(plain + 0.5).mean()) == pytest.approx(127.5 / 128, abs=1e-4)
    with pytest.raises(LrfrError, match="'image' or 'fixed'"):
        facenet.Input("other")  # type: ignore[arg-type]


def test_text_calls_every_recogniser_by_its_own_spelling():
    assert recognizers.title("sface + mobilefacenet") == "SFace + MobileFaceNet"
    assert [recognizers.title(name) for name in ("dlib", "robust")] == ["dlib", "robust"]
    assert set(recognizers.TITLES) <= set(recognizers.NAMES), "a title of nothing"
