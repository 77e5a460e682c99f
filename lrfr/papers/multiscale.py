"""multiscale: Khazaie et al., "Multi Scale Identity-Preserving Image-to-Image Translation Network".

One U-Net restores faces of any resolution. In training each face is reduced to one of ten sizes, all equally likely,
and enlarged bicubically to the network's 128 px (Sec. IV); what comes out is compared with the HR face by its pixels
and by a frozen face network:

    L = L_embedding + beta * L_pixel        (Eq. 3; beta 5)

Eqs 1 and 2 print norms and are called mean squared errors: both readings are here. The paper's faces are MTCNN's crops
of 128 px; ours have 112 px in the ArcFace frame, as everywhere in the study. They are reduced from there, and the
network's picture of 128 px is fitted to them before anything is compared.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from lrfr import degradation
from lrfr.datasets import FaceDataset
from lrfr.datasets.resident import onlookers
from lrfr.errors import LrfrError
from lrfr.evaluation import validation
from lrfr.losses.identity import embedding_mse_loss
from lrfr.losses.norm import norm_loss
from lrfr.losses.pixel import mse_loss
from lrfr.networks.unet import UNet, UNetSettings
from lrfr.recognizers import Recognizer
from lrfr.training import Batches, Progressing, Schedule, descend, finished, fit

#: The ten sizes of Sec. IV, height x width in pixels (the paper does not say which is which; a face is the taller way).
SIZES: tuple[tuple[int, int], ...] = (
    (7, 6), (11, 8), (14, 12), (16, 12), (16, 14), (16, 16), (18, 16), (21, 15), (32, 32), (112, 96),
)  # fmt: skip
#: The size of the validation curve, where it is one of those that are trained.
LOOK = (14, 12)
HR = 112


@dataclass(frozen=True)
class Settings:
    """One training.

    Attributes:
        generator: shape of the U-Net.
        schedule: steps, batch, learning rate, seed.
        sizes: of the LR faces, height and width, all equally likely; one alone makes a model for that size.
        beta: weight of the pixel loss.
        identity: weight of the embedding loss; 1 in Eq. 3, 0 is the pixel loss alone.
        reading: of Eqs 1 and 2: ``"mse"`` (mean of squares over everything) or ``"norm"`` (mean of norms, as printed).
    """

    generator: UNetSettings = field(default_factory=UNetSettings)
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=3200, batch_size=8, learning_rate=1e-3))
    sizes: tuple[tuple[int, int], ...] = SIZES
    beta: float = 5.0
    identity: float = 1.0
    reading: str = "mse"

    def __post_init__(self) -> None:
        """Refuse what is no training of this paper."""
        if self.reading not in ("mse", "norm"):
            raise LrfrError(f"Eqs 1 and 2 are read as 'mse' or 'norm', not as '{self.reading}'.")
        if min(self.beta, self.identity) < 0 or max(self.beta, self.identity) <= 0:
            raise LrfrError(
                f"Both losses weigh 0 or more and one of them more than 0, not {self.identity} and {self.beta}."
            )
        if not self.sizes or any(not 1 <= side <= HR for size in self.sizes for side in size):
            raise LrfrError(f"LR faces have one size or more of 1 to {HR} px a side, but found {self.sizes}.")
        if self.generator.output != HR:
            raise LrfrError(
                f"The recognisers take faces of {HR} px, but this U-Net gives {self.generator.output}: set its output."
            )


def paper() -> Settings:
    """The paper's own settings; it gives neither optimiser, rate, batch nor epochs.

    Adam at 2e-4 is that of the image translation networks that it follows [Isola et al.]; once over its 2.7 million
    faces, 32 at a time.
    """
    schedule = Schedule(2_700_000 // 32, 32, 2e-4, decay="constant", checkpoint_every=5000)
    return Settings(UNetSettings.printed(output=HR), schedule)


def enlarged(
    hr: Tensor, sizes: tuple[tuple[int, int], ...], side: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Each face reduced to a size drawn for it alone and enlarged bicubically again (Sec. IV).

    Args:
        hr: ``N x 3 x H x W`` in [0, 1].
        sizes: height and width in pixels, all equally likely.
        side: of the enlarged faces.
        generator: of the draw (CPU).

    Returns:
        ``N x 3 x side x side`` in [0, 1], and which of ``sizes`` each face had (``N``, CPU).
    """
    drawn = torch.randint(len(sizes), (len(hr),), generator=generator)
    faces = hr.new_empty(len(hr), 3, side, side)
    for number in drawn.unique().tolist():
        here = (drawn == number).to(hr.device)
        faces[here] = degradation.upscale(degradation.degrade(hr[here], sizes[number]), side)
    return faces, drawn


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
        recognizer: the frozen face network of the embedding loss (where it weighs anything).
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
    faces, judge, _ = onlookers(dataset, fabric.device, recognizer, None, settings.identity, 0.0)
    batches = Batches(len(dataset), plan.batch_size, plan.seed, fabric.global_rank, fabric.world_size)
    pixel_loss, embedding_loss = (mse_loss, embedding_mse_loss) if settings.reading == "mse" else (norm_loss, norm_loss)

    def step(number: int) -> dict[str, Tensor]:
        index, flip = batches(number)
        draws = batches.generator(number)
        hr = faces.hr(index, flip)
        seen, _ = enlarged(hr, settings.sizes, settings.generator.size, draws)
        torch.manual_seed(draws.initial_seed())  # dropout draws from torch's own generator: by the step, as all else
        sr = model(seen).float()
        parts = {"pixel": pixel_loss(sr, hr)}
        loss = settings.beta * parts["pixel"]
        if judge is not None:
            parts["embedding"] = embedding_loss(judge(sr), faces.embedded(index, flip))
            loss = settings.identity * parts["embedding"] + loss
        descend(fabric, optimizer, loss)
        return {"loss": loss, **parts}

    look = None
    if watched is not None:
        size = LOOK if LOOK in settings.sizes else settings.sizes[0]
        look = validation.restoration(model, watched.tensor().to(fabric.device), size, judge)
    return fit(folder, settings, plan, fabric, Progressing({"model": model}, {"adam": optimizer}), step, validate=look)


def study(seed: int = 0) -> dict[str, Settings]:
    """What this study trains on CelebA-299 and ships, all alike in steps, faces and order.

    The whole method, its control without identity loss, and a model each for two of the sizes.
    """
    plan = Schedule(steps=3200, batch_size=8, learning_rate=1e-3, warmup=100, seed=seed)
    both = Settings(schedule=plan)
    return {
        "both": both,
        "pixel": replace(both, identity=0.0),
        "14x12": replace(both, sizes=((14, 12),)),
        "7x6": replace(both, sizes=((7, 6),)),
    }


def ablations() -> dict[str, Settings]:
    """Trainings that differ from the whole method, all but ``printed`` in one thing; numbers are kept, no weights.

    ``norm``: the other reading. ``sum``: the squares of a difference between embeddings are added up over dlib's 128
    components instead of averaged, which weighs the identity 128 times as much; done by a beta of a 128th, the same
    loss but for a factor. ``printed``: the paper's network, without our four additions, as wide as ours. ``no-paths``:
    nothing is handed across from a block down to a block up.
    """
    both = study()["both"]
    return {
        "norm": replace(both, reading="norm"),
        "sum": replace(both, beta=both.beta / 128),
        "printed": replace(both, generator=UNetSettings.printed(width=32, widest=64, output=HR)),
        "no-paths": replace(both, generator=replace(both.generator, paths=False)),
    }
