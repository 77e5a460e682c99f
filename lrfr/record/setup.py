"""What stands between a small face and its score: an upsampler, a recogniser, and what is made of their embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lrfr import embeddings, methods, recognizers
from lrfr.alignment import SIZE
from lrfr.degradation import Size
from lrfr.errors import LrfrError
from lrfr.methods import Method
from lrfr.record import Entry, real_esrgan

#: What ``--upsampler`` calls faces that are taken as the camera gave them, and what results call them.
NONE, AS_PHOTOGRAPHED = "none", "as photographed"
FACES_AT_A_TIME = 8192


def upsampler(name: str = NONE, weights: Path | None = None, px: str = "", device: str = "cpu") -> Entry:
    """What is done to a small face before it is recognised.

    Args:
        name: ``"none"``, a kernel such as ``"bicubic"``, ``"real-esrgan"``, or weights shipped with the project.
        weights: a trained generator's safetensors, in place of ``name``.
        px: to which size the cut faces are reduced first: ``"28"``, or height and width, ``"11x8"``. A trained network
            has a size of its own where none is given; a U-Net has none.
        device: where a trained network runs.

    Raises:
        LrfrError: no such upsampler, or a size that it does not take.
    """
    size = _size(px)
    if name == NONE and weights is None:
        if px:
            raise LrfrError(f"--px {px} says to which size faces are reduced: name an --upsampler that enlarges them.")
        return Entry(Method(AS_PHOTOGRAPHED, SIZE, lambda images: images))
    if name in methods.KERNELS and weights is None:
        if size is None:
            raise LrfrError(f"{name} enlarges faces of any size: give the one they are reduced to first, as --px 28.")
        return Entry(_with_size(methods.interpolation(size, name)))  # type: ignore[arg-type]
    if name == "real-esrgan" and weights is None:
        found = real_esrgan(size or SIZE // 4)
        return replace(found, method=_with_size(found.method))
    path = weights or methods.checkpoint(name)
    method = _with_size(methods.trained(title(path), path, device, size))
    return Entry(method, weights=embeddings.file_digest(path))


def title(weights: Path) -> str:
    """What results call a file of weights: its own name, or its run's where it is a run's."""
    return weights.parent.name if weights.stem == "weights" else weights.stem


def _size(px: str) -> Size | None:
    try:
        numbers = [int(n) for n in px.split("x")] if px else []
    except ValueError:
        numbers = [0]
    if not all(0 < n < SIZE for n in numbers) or len(numbers) > 2:
        raise LrfrError(f"Expected a size below {SIZE} pixels as --px 28 or --px 11x8, found '{px}'.")
    if not numbers:
        return None
    return numbers[0] if numbers[0] == numbers[-1] else (numbers[0], numbers[1])


def _with_size(method: Method) -> Method:
    """Of faces that are not square the results give the height, and the name gives both sides."""
    size = method.size
    return method if isinstance(size, int) else replace(method, name=f"{method.name} {size[0]}x{size[1]}")


@dataclass(frozen=True)
class Setup:
    """One upsampler before one recogniser, and what is made of their embeddings.

    Attributes:
        entry: the upsampler.
        recognizer: face network.
        label: what results call the recogniser; its own weights are named in it.
        weights: digest of the recogniser's own weights, or "".
        concatenate: the embedding of the bicubically enlarged face beside that of the restored one (multiscale,
            Sec. V-B); an HR face stands for both.
        flip: the mirrored face's embedding too, as logexp's code does on LFW and XQLFW; its paper does not say so.
        tuned: seed of the people of SCface that the recogniser was fine-tuned on; None where it was not.

    Raises:
        LrfrError: embeddings cannot be joined: the recogniser measures no cosine, or nothing is enlarged.
    """

    entry: Entry
    recognizer: recognizers.Recognizer
    label: str = ""
    weights: str = ""
    concatenate: bool = False
    flip: bool = False
    tuned: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be joined."""
        if (self.concatenate or self.flip) and self.recognizer.distance != "cosine":
            raise LrfrError(
                f"Joined embeddings are compared by cosine, but {self.recognizer.name} measures another distance: "
                "name a recogniser with cosine similarity, such as mobilefacenet."
            )
        if self.concatenate and self.entry.method.px == SIZE:
            raise LrfrError(
                "--concatenate joins the enlarged and the restored face: name an --upsampler that restores."
            )

    @property
    def method(self) -> Method:
        """The upsampler under the name that results give it."""
        m = self.entry.method
        return replace(m, name=f"{m.name} + bicubic") if self.concatenate else m

    @property
    def judge(self) -> str:
        """The recogniser as results name it."""
        return (self.label or self.recognizer.name) + (", mirrored too" if self.flip else "")

    def looks(self, images: np.ndarray, restored: bool) -> list[np.ndarray]:
        """Embeddings (N x D each) of every look at the faces: one, or more where embeddings are joined."""
        plain = methods.interpolation(self.entry.method.size)
        ways = [self.entry.method, plain] if self.concatenate else [self.entry.method]
        found = []
        for way in ways if restored else [None] * len(ways):
            parts = [self._part(images[i : i + FACES_AT_A_TIME], way) for i in range(0, len(images), FACES_AT_A_TIME)]
            found += [np.concatenate(look) for look in zip(*parts, strict=True)]
        return found

    def _part(self, images: np.ndarray, method: Method | None) -> list[np.ndarray]:
        seen = np.asarray(images if method is None else methods.restore(method, images))
        both = [seen, seen[:, :, ::-1]] if self.flip else [seen]
        return [embeddings.cached(self.recognizer, each) for each in both]

    def matrix(self, probe: Sequence[np.ndarray], gallery: Sequence[np.ndarray]) -> np.ndarray:
        """All pairs, higher is closer."""
        return self.recognizer.concatenated(list(map(self.recognizer.similarity_matrix, probe, gallery)))

    def pairwise(self, first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> np.ndarray:
        """Pair by pair; see :meth:`matrix`."""
        return self.recognizer.concatenated(list(map(self.recognizer.similarity, first, second)))
