"""What none of the papers has: multiscale's one U-Net for all sizes, taught by ftlgan's triplet loss.

Each face is reduced to one of ten sizes and enlarged bicubically, as multiscale has it. What the U-Net makes of it is
the anchor: nearer to another photograph of the person than to somebody else's by a margin, as ftlgan has it. The pixel
loss stands where ftlgan has its perceptual one:

    L = alpha * L_pixel + beta * L_triplet        (ftlgan's Eq. 6; alpha .8, beta .2)

Both losses are measured in units of what bicubic enlargement costs at the same sizes, as in our runs of ftlgan.
"""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from lrfr.datasets import FaceDataset
from lrfr.datasets.resident import Faces, onlookers
from lrfr.datasets.triplets import Triplets
from lrfr.errors import LrfrError
from lrfr.evaluation import validation
from lrfr.losses.pixel import mse_loss
from lrfr.losses.triplet import triplet_loss
from lrfr.networks.unet import UNet, UNetSettings
from lrfr.papers import ftlgan, multiscale
from lrfr.recognizers import Recognizer
from lrfr.training import Batches, Progressing, Schedule, descend, finished, fit


@dataclass(frozen=True)
class Settings:
    """One training.

    Attributes:
        generator: shape of the U-Net.
        schedule: steps, batch, learning rate, seed.
        sizes: of the LR faces, height and width, all equally likely.
        alpha: weight of the pixel loss, above 0.
        beta: weight of the triplet loss, above 0.
        margin: of the triplet loss, in squared Euclidean distances.
    """

    generator: UNetSettings = field(default_factory=UNetSettings)
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=3200, batch_size=8, learning_rate=1e-3))
    sizes: tuple[tuple[int, int], ...] = multiscale.SIZES
    alpha: float = 0.8
    beta: float = 0.2
    margin: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what is no training of both losses."""
        if min(self.alpha, self.beta) <= 0:
            raise LrfrError(f"Both losses weigh more than 0, but found {self.alpha} and {self.beta}.")
        if self.generator.output != multiscale.HR:
            raise LrfrError(
                f"The recognisers take faces of {multiscale.HR} px, but this U-Net gives {self.generator.output}: "
                "set its output."
            )


def bicubic(hr: Tensor, settings: Settings) -> Tensor:
    """Faces reduced to the ten sizes and enlarged again: what both losses have their units from."""
    draws = torch.Generator().manual_seed(settings.schedule.seed)
    return multiscale.enlarged(hr, settings.sizes, multiscale.HR, draws)[0]


def pixel_cost(faces: Faces, settings: Settings, most: int = 512) -> float:
    """What bicubic enlargement costs in MSE: our unit of the pixel loss, above 0."""
    hr = faces.sample(most, settings.schedule.seed)
    return max(1e-6, float(mse_loss(bicubic(hr, settings), hr)))


def train(
    settings: Settings,
    dataset: FaceDataset,
    folder: Path,
    recognizer: Recognizer | None = None,
    watched: FaceDataset | None = None,
) -> Path:
    """Train one U-Net, or resume.

    Args:
        settings: what to do.
        dataset: HR faces.
        folder: of the run.
        recognizer: the frozen face network of the triplet loss.
        watched: faces that are not trained on, for the validation curve.

    Returns:
        Path of ``weights.safetensors``.

    Raises:
        LrfrError: the recogniser is missing; whatever :func:`lrfr.training.fit` raises.
    """
    if (done := finished(folder, settings)) is not None:
        return done
    plan = settings.schedule
    fabric = plan.fabric()
    network = UNet(settings.generator).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model, optimizer = fabric.setup(network, torch.optim.Adam(network.parameters(), plan.learning_rate))
    faces, judge, _ = onlookers(dataset, fabric.device, recognizer, None, settings.beta, 0.0)
    assert judge is not None
    triplets, triplet = Triplets(dataset.labels, plan.seed), partial(triplet_loss, margin=settings.margin)
    derived = {
        "pixel_unit": pixel_cost(faces, settings),
        "triplet_unit": ftlgan.triplet_cost(faces, triplets, judge, partial(bicubic, settings=settings), triplet),
    }
    batches = Batches(len(dataset), plan.batch_size, plan.seed, fabric.global_rank, fabric.world_size)

    def step(number: int) -> dict[str, Tensor]:
        anchor, flip = batches(number)
        draws = batches.generator(number)
        positive, negative = triplets(anchor, number)
        hr = faces.hr(anchor, flip)
        seen, _ = multiscale.enlarged(hr, settings.sizes, settings.generator.size, draws)
        torch.manual_seed(draws.initial_seed())  # dropout draws from torch's own generator: by the step, as all else
        sr = model(seen).float()
        apart = triplet(judge(sr), faces.embedded(positive, flip), faces.embedded(negative, flip))
        parts = {"pixel": mse_loss(sr, hr) / derived["pixel_unit"], "triplet": apart / derived["triplet_unit"]}
        loss = settings.alpha * parts["pixel"] + settings.beta * parts["triplet"]
        descend(fabric, optimizer, loss)
        return {"loss": loss, **parts}

    look = None
    if watched is not None:
        look = validation.restoration(model, watched.tensor().to(fabric.device), multiscale.LOOK, judge)
    running = Progressing({"model": model}, {"adam": optimizer})
    return fit(folder, settings, plan, fabric, running, step, validate=look, derived=derived)


def study(seed: int = 0) -> Settings:
    """What this study trains: network, faces, order and steps of multiscale, margin of ftlgan."""
    both = multiscale.study(seed)["both"]
    return Settings(both.generator, both.schedule, both.sizes, margin=ftlgan.study(8, seed)[1].margin)
