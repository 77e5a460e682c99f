"""Embeddings kept by content: the same images and the same network are never embedded twice."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lrfr.files import replacing
from lrfr.paths import cache_dir
from lrfr.recognizers import Recognizer, embed


def digest(images: np.ndarray) -> str:
    """Sixteen hex digits of an image array's content and shape."""
    sha = hashlib.sha256(str(images.shape).encode())
    sha.update(np.ascontiguousarray(images).data)  # read in place: a whole set need not fit into memory twice
    return sha.hexdigest()[:16]


def file_digest(path: Path) -> str:
    """Sixteen hex digits of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def weights_digest(network: nn.Module) -> str:
    """Sixteen hex digits of what a network computes with: parameters, all buffers, and its modules' plain settings.

    Two networks of equal weights may still see a face differently: framed or standardised otherwise, batch norm moving.
    """
    sha = hashlib.sha256()
    for key, value in (*network.named_parameters(), *network.named_buffers()):
        sha.update(f"{key} {tuple(value.shape)} {value.dtype}".encode())
        sha.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    for key, module in network.named_modules():
        plain = {k: v for k, v in vars(module).items() if k[0] != "_" and isinstance(v, (bool, int, float, str, tuple))}
        sha.update(f"{key} {type(module).__name__} {sorted(plain.items())}".encode())
    return sha.hexdigest()[:16]


def cached(recognizer: Recognizer, images: np.ndarray) -> np.ndarray:
    """Embeddings of uint8 crops, from the cache where they are there.

    Args:
        recognizer: frozen face network.
        images: uint8, ``N x 112 x 112 x 3``.

    Returns:
        float32, ``N x D``.
    """
    folder = cache_dir() / "embeddings"
    place = recognizer.device.type
    where = "" if place == "cpu" else f"-{place}"  # an accelerator rounds otherwise
    if recognizer.follow_autocast and not recognizer.in_bfloat16:
        where += "-float32"  # and so does a processor that has no bfloat16
    path = folder / f"{recognizer.name}-{weights_digest(recognizer)}{where}-{digest(images)}.npy"
    if path.is_file():
        return np.load(path)
    result = embed(recognizer, images)
    with replacing(path) as part, part.open("wb") as file:
        np.save(file, result)
    return result
