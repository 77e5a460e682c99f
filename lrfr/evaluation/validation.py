"""Does a training still gain on faces that it does not see? For curves, the plateau and the choice between pilots."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from lrfr.degradation import Size, degrade, round_trip
from lrfr.recognizers import Recognizer


def restoration(
    model: nn.Module, hr: Tensor, lr_size: Size, recognizer: Recognizer | None = None, batch_size: int = 16
) -> Callable[[], dict[str, float]]:
    """What :func:`lrfr.training.fit` calls: how close ``model`` comes to HR faces that it does not learn from.

    Args:
        model: generator, LR to SR.
        hr: ``N x 3 x H x W`` in [0, 1].
        lr_size: side (or height and width) of the LR faces, made by the bicubic kernel.
        recognizer: gives ``validation_identity`` too, the mean of 1 - cosine between SR and HR embeddings.
        batch_size: faces at a time.

    Returns:
        Function without arguments: ``validation_mse`` and ``validation_psnr`` (RGB; dB, mean over faces) of clamped SR.
    """
    with torch.no_grad():
        wanted = recognizer(hr) if recognizer is not None else None

    @torch.no_grad()
    def look() -> dict[str, float]:
        training = model.training
        model.eval()
        sr = torch.cat([model(degrade(part, lr_size)).float() for part in hr.split(batch_size)]).clamp(0, 1)
        model.train(training)
        errors = (sr - hr).square().mean((1, 2, 3))
        found = {
            "validation_mse": float(errors.mean()),
            "validation_psnr": float(-10 * errors.log10().mean()),
        }
        if recognizer is not None and wanted is not None:
            found["validation_identity"] = float(1 - torch.cosine_similarity(recognizer(sr), wanted).mean())
        return found

    return look


def recognition(
    model: nn.Module, hr: Tensor, lr_size: int, recognizer: Recognizer | None = None, batch_size: int = 32
) -> Callable[[], dict[str, float]]:
    """What :func:`lrfr.training.fit` calls while a face network learns: does it still know what the frozen one knew?

    Args:
        model: face network, ``N x 3 x H x W`` in [0, 1] to ``N x D``.
        hr: ``N x 3 x H x W`` in [0, 1], faces that it does not learn from.
        lr_size: side of the LR faces, made by the bicubic kernel.
        recognizer: the frozen network that the training starts from or learns from; None where there is none.
        batch_size: faces at a time.

    Returns:
        Function without arguments: ``validation_alike``, the mean cosine between HR embeddings of different
        photographs, near 1 where everything has fallen onto one point. With a recogniser also the mean cosines to its
        HR embeddings, of this network's HR embedding (``validation_hr_cosine``: 1 at first, near 0 after a collapse)
        and of its LR embedding (``validation_lr_cosine``).
    """
    with torch.no_grad():
        wanted = recognizer(hr) if recognizer is not None else None

    def embed(images: Tensor) -> Tensor:
        return nn.functional.normalize(torch.cat([model(part).float() for part in images.split(batch_size)]))

    @torch.no_grad()
    def look() -> dict[str, float]:
        training = model.training
        model.eval()
        large = embed(hr)
        others = ~torch.eye(len(hr), dtype=torch.bool, device=hr.device)
        found = {"validation_alike": float((large @ large.t())[others].mean())}
        if wanted is not None:
            small = embed(round_trip(hr, lr_size))
            found["validation_hr_cosine"] = float(torch.cosine_similarity(large, wanted).mean())
            found["validation_lr_cosine"] = float(torch.cosine_similarity(small, wanted).mean())
        model.train(training)
        return found

    return look


#: Below this mean cosine to the frozen network's HR embeddings a fine-tuning has lost what it started from.
COLLAPSED = 0.5


def collapse(curve: Sequence[Mapping[str, float]], least: float = COLLAPSED) -> int | None:
    """The first step of a log at which ``validation_hr_cosine`` lies below ``least``; None where it never does."""
    return next((int(row["step"]) for row in curve if row.get("validation_hr_cosine", 1.0) < least), None)


#: A training has reached its plateau where its last fifth gained less than this share.
PLATEAU = 0.01


def late_gain(curve: Sequence[float], share: float = 0.2) -> float:
    """Relative fall of a loss over the last ``share`` of a curve of evenly spaced looks; see :data:`PLATEAU`.

    Negative where it rose. ``curve`` holds at least two positive values.
    """
    back = max(1, round(len(curve) * share))
    return 1 - curve[-1] / curve[-1 - back]
