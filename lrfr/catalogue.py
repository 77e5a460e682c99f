"""Every way of enlarging a face that the study has, by the name that the book calls it, at every size of a small face.

The one protocol measures them, ``lrfr upscale`` applies them to a reader's photograph.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from lrfr import assets, methods, plans
from lrfr.alignment import SIZE
from lrfr.errors import LrfrError
from lrfr.methods import Method
from lrfr.networks import generators
from lrfr.networks.unet import UNetSettings

#: Sides of a small face in pixels.
SIZES = (7, 14, 28, 56)
#: Interpolation by the name of its method.
KERNELS = {methods.interpolation(SIZES[0], kernel).name: kernel for kernel in methods.KERNELS}
REAL_ESRGAN = "Real-ESRGAN"


def _by_size(name: str, *sizes: str) -> dict[int, str]:
    return {px: name.format(size) for px, size in zip(SIZES, sizes, strict=True)}


#: Checkpoint behind each label at each size: that of the size where there is one, else that of the nearest size.
NETWORKS: dict[str, dict[int, str]] = {
    "SRCNN": dict.fromkeys(SIZES, "ipfsrgan-s0-srcnn"),
    "SRResNet (MSE)": _by_size("frloss-{}-s0-mse", "8x", "8x", "4x", "4x"),
    "SRResNet (FR)": _by_size("frloss-{}-s0-fr", "8x", "8x", "4x", "4x"),
    "SRGAN": dict.fromkeys(SIZES, "ipfsrgan-s0-srgan"),
    "ESRGAN": dict.fromkeys(SIZES, "ipfsrgan-s0-esrgan"),
    "IP-FSRGAN": dict.fromkeys(SIZES, "ipfsrgan-s0-ip"),
    "RRDB (MSE)": _by_size("ftlgan-{}-s0-base", "14", "14", "28", "56"),
    "FTLGAN": _by_size("ftlgan-{}-s0", "14", "14", "28", "56"),
    "U-Net (pixel)": dict.fromkeys(SIZES, "multiscale-s0-pixel"),
    "U-Net": dict.fromkeys(SIZES, "multiscale-s0-both"),
    "U-Net (triplet)": dict.fromkeys(SIZES, "combine-unet-triplet"),
}
#: Trained through a recogniser that is unseen elsewhere: no row of the protocol, a candidate among the combinations.
TAUGHT = {"SRResNet (FR by SFace)": {14: plans.TAUGHT_BY_SFACE}}


def labels(px: int | None = None) -> tuple[str, ...]:
    """What has a name at a size, or at any: the kernels, networks, :data:`TAUGHT`, Real-ESRGAN."""
    networks = (label for label, files in (NETWORKS | TAUGHT).items() if px is None or px in files)
    return (*KERNELS, *networks, REAL_ESRGAN)


def refuse_unknown(wanted: Iterable[str], known: Sequence[str], px: int) -> None:
    """Name what is wanted of a size and not known.

    Raises:
        LrfrError: there is such a label.
    """
    if unknown := set(wanted) - set(known):
        raise LrfrError(f"Expected methods for {px} px among {', '.join(known)}, found {', '.join(sorted(unknown))}.")


def weights(label: str, px: int) -> Path | None:
    """The file behind a label at a size; None for a kernel, which has none.

    Raises:
        LrfrError: nothing is called so at this size, or its file is missing.
    """
    refuse_unknown([label], labels(px), px)
    if label in KERNELS:
        return None
    return assets.path("realesrgan") if label == REAL_ESRGAN else methods.checkpoint((NETWORKS | TAUGHT)[label][px])


def heights(label: str, px: int) -> list[int]:
    """Heights in pixels of the small faces that the network behind a label at a size was trained on.

    Raises:
        LrfrError: no network is called so at this size, or nothing whole lies beside it.
    """
    known = {network: files[px] for network, files in (NETWORKS | TAUGHT).items() if px in files}
    refuse_unknown([label], [*known], px)
    written = methods.shipped_log(known[label])["settings"]
    if sizes := written.get("sizes"):
        return sorted({height for height, _ in sizes})
    network = generators.of_training(written)
    assert not isinstance(network, UNetSettings), "the training of a U-Net says its sizes"
    return [SIZE // network.scale]


def upsampler(label: str, px: int, quick: bool = False) -> Method:
    """What a label stands for at a size.

    Args:
        label: out of :func:`labels`.
        px: side of the LR faces.
        quick: a network in bfloat16 where the processor has units for it (:func:`lrfr.methods.trained`).

    Raises:
        LrfrError: as :func:`weights`; or the file is damaged.
    """
    file = weights(label, px)
    if file is None:
        return methods.interpolation(px, KERNELS[label])
    if label == REAL_ESRGAN:
        return methods.real_esrgan(px, quick)
    return methods.trained(label, file, size=px, quick=quick)
