"""Does a training still gain on faces that it does not see? For curves, the plateau and the choice between pilots."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from lrfr.degradation import degrade
from lrfr.recognizers import Recognizer


def restoration(
    model: nn.Module, hr: Tensor, lr_size: int, recognizer: Recognizer | None = None, batch_size: int = 16
) -> Callable[[], dict[str, float]]:
    """What :func:`lrfr.training.fit` calls: how close ``model`` comes to HR faces that it does not learn from.

    Args:
        model: generator, LR to SR.
        hr: ``N x 3 x H x W`` in [0, 1].
        lr_size: side of the LR faces, made by the bicubic kernel.
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


def late_gain(curve: Sequence[float], share: float = 0.2) -> float:
    """Relative fall of a loss over the last ``share`` of a curve of evenly spaced looks: the plateau is below .01.

    Negative where it rose. ``curve`` holds at least two positive values.
    """
    back = max(1, round(len(curve) * share))
    return 1 - curve[-1] / curve[-1 - back]
