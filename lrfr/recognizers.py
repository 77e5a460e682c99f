"""One call for every face network: images in [0, 1] -> embeddings, with its own size, crop, normalisation, distance.

All of them take the same 112 x 112 crops (ArcFace frame). A recognizer is frozen and stays in evaluation mode; the
gradient passes through it to the images. It works in float32 whatever autocast surrounds it, because bfloat16 moves
embeddings and turns gradients (`benchmarks/recognizers.py` says what it saves); `quick` makes the exception.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeVar, get_args

import numpy as np
import torch
from torch import Tensor, nn

from lrfr import assets
from lrfr.alignment import SIZE
from lrfr.errors import LrfrError, OutOfRange
from lrfr.hardware import multiplies_bfloat16
from lrfr.networks import backbones, dlib_resnet, facenet, lightcnn, onnx_face, sphereface
from lrfr.networks.framing import Framing, dlib_scale_and_shift
from lrfr.paths import data_dir
from lrfr.progress import track
from lrfr.training import load_weights, settings_of

Name = Literal["dlib", "sface", "mobilefacenet", "facenet", "lightcnn", "sphereface", "robust"]
NAMES: tuple[Name, ...] = get_args(Name)
#: What text calls those whose name is written otherwise.
TITLES = {
    "sface": "SFace",
    "mobilefacenet": "MobileFaceNet",
    "facenet": "FaceNet",
    "lightcnn": "LightCNN",
    "sphereface": "SphereFace",
}

#: The shipped weights behind "robust".
ROBUST = "logexp-robust"

Distance = Literal["euclidean", "cosine"]
Embeddings = TypeVar("Embeddings", Tensor, np.ndarray)

# Images of a network in training may overshoot [0, 1]; grey levels 0..255 are far outside this.
_RANGE = 8.0


def title(name: str) -> str:
    """What text calls a recogniser, or two together (``sface + mobilefacenet``): ``SFace + MobileFaceNet``."""
    return " + ".join(TITLES.get(one, one) for one in name.split(" + "))


class Recognizer(nn.Module):
    """A face network behind one convention.

    Attributes:
        name: what `load` calls it.
        dim: length D of an embedding.
        distance: "euclidean" (similarity is the negative distance, not squared: dlib's threshold of .6 is -.6 here) or
            "cosine" (similarity is the cosine, -1 to 1).
        follow_autocast: whether it works in the precision of the autocast around it instead of in float32; `embed`
            then works in bfloat16, where that is no imitation (`in_bfloat16`).
    """

    def __init__(self, name: str, network: nn.Module, dim: int, distance: Distance) -> None:
        """Freeze `network`, which turns N x 3 x 112 x 112 in [0, 1] into N x `dim`."""
        super().__init__()
        self.name = name
        self.dim = dim
        self.distance = distance
        self.follow_autocast = False
        self.network = network.requires_grad_(False)
        self.eval()

    @property
    def device(self) -> torch.device:
        """Where the network lies."""
        return next(self.network.parameters()).device

    @property
    def in_bfloat16(self) -> bool:
        """Whether `embed` works in bfloat16 here: it was asked to, and what it runs on has units for it."""
        return self.follow_autocast and (self.device.type != "cpu" or multiplies_bfloat16())

    def train(self, mode: bool = True) -> "Recognizer":
        """Stay in evaluation mode: a model that contains a recognizer must not switch its batch norms on."""
        del mode
        return super().train(False)

    def forward(self, images: Tensor) -> Tensor:
        """N x 3 x 112 x 112, float, RGB, [0, 1] (a little overshoot passes) -> N x D.

        Raises:
            LrfrError: another shape, whole numbers, or values that are grey levels or no numbers.
        """
        _check(images)
        if self.follow_autocast:
            return self.network(images)
        with torch.autocast(images.device.type, enabled=False):
            return self.network(images.float())

    def similarity(self, a: Embeddings, b: Embeddings) -> Embeddings:
        """Pairwise, N x D and N x D -> N; higher is closer. Tensors or numpy arrays.

        Raises:
            LrfrError: the shapes differ, or are no embeddings of this network.
        """
        first, second = self._embeddings(a), self._embeddings(b)
        if len(first) != len(second):
            raise LrfrError(
                f"Expected as many embeddings on both sides, found {len(first)} and {len(second)}: "
                "use similarity_matrix for all pairs."
            )
        result = torch.cosine_similarity(first, second) if self.distance == "cosine" else -(first - second).norm(dim=1)
        return _like(a, result)

    def similarity_matrix(self, a: Embeddings, b: Embeddings) -> Embeddings:
        """All pairs, N x D and M x D -> N x M; higher is closer. Tensors or numpy arrays.

        Raises:
            LrfrError: the arrays are no embeddings of this network.
        """
        first, second = self._embeddings(a), self._embeddings(b)
        if self.distance == "cosine":
            result = nn.functional.normalize(first) @ nn.functional.normalize(second).t()
        else:
            # Without the shortcut through matrix products, which is off by 1e-3 between equal embeddings; in float64 it
            # would be off by 5e-8 and save seven of the nine seconds that 7,701 faces take here.
            result = -torch.cdist(first, second, compute_mode="donot_use_mm_for_euclid_dist")
        return _like(a, result)

    def concatenated(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """Similarity of embeddings side by side, from the similarities of each part; arrays of one shape.

        Embeddings of unit length side by side have the mean of the parts' cosines; squared distances add up. So the
        embeddings of the enlarged and of the restored face that multiscale concatenates (Sec. V-B) need no embedding of
        double length.
        """
        stacked = np.stack(parts)
        return stacked.mean(axis=0) if self.distance == "cosine" else -np.sqrt(np.square(stacked).sum(axis=0))

    def _embeddings(self, values: Tensor | np.ndarray) -> Tensor:
        result = torch.as_tensor(values).float()
        if result.ndim != 2 or result.shape[1] != self.dim:
            raise LrfrError(f"Expected embeddings of {self.name}, N x {self.dim}, found shape {tuple(result.shape)}.")
        return result


def _like(example: Embeddings, result: Tensor) -> Embeddings:
    """`result` in the kind of `example`."""
    return result if isinstance(example, Tensor) else result.numpy()


def _check(images: Tensor) -> None:
    if images.ndim != 4 or images.shape[1:] != (3, SIZE, SIZE) or not images.is_floating_point():
        raise LrfrError(
            f"Expected a float tensor N x 3 x {SIZE} x {SIZE} with values in [0, 1], found {tuple(images.shape)} of "
            f"{images.dtype}: make one with FaceDataset.tensor(), enlarge small faces with degradation.upscale."
        )
    if images.numel():
        low, high = (float(v) for v in images.detach().aminmax())
        if not (low >= -_RANGE and high <= _RANGE):
            raise OutOfRange(
                f"Expected images with values in [0, 1], found {low:.4g} to {high:.4g}: divide grey levels by 255."
            )


class Pixels(nn.Module):
    """[0, 1] -> the range a network was trained in: `images * scale + shift`, channels last."""

    def __init__(self, scale: float, shift: float) -> None:
        """`scale` and `shift` of the pixel values."""
        super().__init__()
        self.scale = scale
        self.shift = shift

    def forward(self, images: Tensor) -> Tensor:
        """Any shape N x 3 x H x W."""
        return (images * self.scale + self.shift).contiguous(memory_format=torch.channels_last)


def load(
    name: Name,
    device: torch.device | str = "cpu",
    weights: Path | None = None,
    standardise: facenet.Standardise = "image",
) -> Recognizer:
    """A frozen recognizer.

    * "dlib": ResNet of 29 convolutions, metric-learned, 128-d, Euclidean; sees its own chip (`networks.framing`).
    * "sface": OpenCV's SFace (sigmoid-constrained hypersphere loss), 128-d, cosine; grey levels 0 to 255, RGB.
    * "mobilefacenet": MobileFaceNet trained with ArcFace on WebFace600K, 512-d, cosine; [-1, 1], RGB.
    * "facenet": InceptionResnetV1 trained on VGGFace2, 512-d of unit length, Euclidean; 160 px, standardised.
    * "lightcnn": LightCNN-29, 256-d, cosine; its authors' own frame at 128 px, grey (ITU-R BT.601 luma), [0, 1].
    * "sphereface": SphereFace-20 (A-Softmax), 512-d, cosine; the middle 96 columns, BGR, (grey level - 127.5) / 128.
    * "robust": "mobilefacenet" fine-tuned in this study to see small faces too (`papers.logexp`); see `trained`.

    Args:
        name: one of `NAMES`.
        device: where it shall live.
        weights: its file, where it is not the one that `lrfr assets` fetches; "lightcnn" and "sphereface" need it.
        standardise: FaceNet only: by each image's own spread (paper 001) or by a fixed one (facenet-pytorch).

    Raises:
        LrfrError: no such recognizer, its weights cannot be had, or a package it needs is missing.
    """
    match name:
        case "dlib":
            framing = Framing(dlib_resnet.CHIP, *dlib_scale_and_shift())
            network = nn.Sequential(framing, dlib_resnet.load(weights or assets.path("dlib")))
            recognizer = Recognizer(name, network, 128, "euclidean")
        case "sface":
            network = nn.Sequential(Pixels(255, 0), onnx_face.load(weights or assets.path("sface"), name))
            recognizer = Recognizer(name, network, 128, "cosine")
        case "mobilefacenet":
            network = nn.Sequential(Pixels(2, -1), onnx_face.load(weights or assets.path("mobilefacenet"), name))
            recognizer = Recognizer(name, network, 512, "cosine")
        case "facenet":
            network = nn.Sequential(facenet.Input(standardise), facenet.load(weights))
            recognizer = Recognizer(name, network, 512, "euclidean")
        case "lightcnn":
            network = nn.Sequential(lightcnn.Input("authors"), lightcnn.load(weights))
            recognizer = Recognizer(name, network, 256, "cosine")
        case "sphereface":
            network = nn.Sequential(sphereface.Input(), sphereface.load(weights))
            recognizer = Recognizer(name, network, 512, "cosine")
        case "robust":
            recognizer = trained(weights or data_dir() / "checkpoints" / f"{ROBUST}.safetensors", name)
        case _:
            raise LrfrError(f"There is no recognizer {name!r}: the known ones are {', '.join(NAMES)}.")
    return recognizer.to(device)


def quick(name: Name) -> Recognizer:
    """`load`, but `embed` works in bfloat16 where the processor has units for it: two and a half times as fast.

    For tables of many variants, where each difference is between two that were embedded alike. What it moves is
    recorded: AUC by less than .001 (ftlgan's protocols ending in ``precision``), after Real-ESRGAN by .0014 (one
    protocol, faces as they were cut beside moved ones). Elsewhere it computes as `load`'s.

    Raises:
        LrfrError: as `load`.
    """
    recognizer = load(name)
    recognizer.follow_autocast = True  # asked for everywhere, so that a result does not look new elsewhere
    return recognizer


def trained(weights: Path, name: str) -> Recognizer:
    """A face network that was trained here (`papers.logexp`), frozen: 512-d, cosine.

    Args:
        weights: a run's or the project's safetensors; ``<name>.json`` or ``settings.json`` beside it says of which
            network.
        name: that tables call it by.

    Raises:
        LrfrError: settings or weights are missing, damaged, or of another network.
    """
    if not weights.is_file():
        raise LrfrError(
            f"Expected the weights of {name} at {weights}, found none: pull the whole checkout or train it."
        )
    written = settings_of(weights).get("network")
    if written not in get_args(backbones.Backbone):
        raise LrfrError(f"Expected the weights of a face network in {weights.name}, found settings of another network.")
    network = load_weights(backbones.build(written), weights)  # type: ignore[arg-type]
    return Recognizer(name, network.to(memory_format=torch.channels_last), 512, "cosine")  # type: ignore[call-overload]


def embed(
    recognizer: Recognizer,
    images: np.ndarray | Tensor,
    batch_size: int = 64,
    device: torch.device | str | None = None,
) -> np.ndarray:
    """Embeddings of many images, without gradient, in batches, with progress where a terminal watches.

    Args:
        recognizer: from `load`.
        images: crops as stored (uint8, N x 112 x 112 x 3) or as used (float, N x 3 x 112 x 112, [0, 1]).
        batch_size: images at a time.
        device: moves the recognizer there first; None leaves it where it is.

    Returns:
        float32, N x D.

    Raises:
        LrfrError: the images have another shape, type or range.
    """
    if device is not None:
        recognizer.to(device)
    place = recognizer.device
    result = np.empty((len(images), recognizer.dim), np.float32)
    precision = torch.autocast(place.type, torch.bfloat16, enabled=recognizer.in_bfloat16)
    with torch.no_grad(), precision, track(f"{recognizer.name} embeddings", len(images), "images") as advance:
        for start in range(0, len(images), batch_size):
            batch = images[start : start + batch_size]
            if batch.dtype == np.uint8:
                batch = torch.from_numpy(np.array(batch)).movedim(-1, 1).float().div_(255)
            batch = torch.as_tensor(batch).to(place)
            result[start : start + len(batch)] = recognizer(batch).float().cpu().numpy()
            advance(len(batch))
    return result
