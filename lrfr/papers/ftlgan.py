"""ftlgan: Pulgar & Mery, "Use of triplet loss for facial restoration in low-resolution images" (FTLGAN, 2024).

One generator a size (14, 28, 56 to 112 px) is trained through a frozen face network by two branches (Sec. III):

* an LR *anchor* is enlarged and embedded; it shall be nearer to an HR *positive* (same person) than to an HR *negative*
  (somebody else) by a margin: the triplet loss;
* the positive is reduced bicubically, enlarged and compared with itself: the perceptual loss.

    L = alpha * L_percep + beta * L_triplet        (Eq. 6; alpha .8, beta .2)

There is no discriminator and no adversarial term, whatever the name says.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lrfr import degradation
from lrfr.datasets import FaceDataset
from lrfr.datasets.resident import Faces, onlookers
from lrfr.datasets.triplets import Triplets
from lrfr.errors import LrfrError
from lrfr.evaluation import validation
from lrfr.losses.perceptual import perceptual_cost, perceptual_loss
from lrfr.losses.pixel import mse_loss
from lrfr.losses.triplet import batch_hard, semi_hard, triplet_loss
from lrfr.networks.rrdb import RRDBNet, RRDBSettings
from lrfr.networks.vgg import VGG19
from lrfr.recognizers import Recognizer, embed
from lrfr.training import Batches, Progressing, Schedule, finished, fit, load_weights

HR = 112


@dataclass(frozen=True)
class Settings:
    """One training.

    Attributes:
        generator: shape of the RRDBNet.
        schedule: steps, batch, learning rate, seed.
        alpha: weight of the perceptual loss, which is measured in units of what bicubic enlargement costs.
        beta: weight of the triplet loss, in units of what bicubic enlargement costs where ``units``.
        units: the triplet loss too is measured so; else as it is. The paper says nothing of either scale, and with
            dlib's distances most triplets lie beyond the margin, so that .2 of the bare loss is next to nothing.
        mse: weight of the MSE in the second branch (ablation 3 has it in place of the perceptual loss); alone, with
            alpha and beta 0, it is the common start of all our runs, which the paper does not have.
        margin: of the triplet loss, in its distance's units; not given in the paper.
        squared: squared Euclidean distance, else plain; not given either.
        cosine: 1 - cosine instead of either.
        mining: ``"offline"`` (a positive and a negative drawn beforehand), or online from the batch: ``"semi-hard"`` or
            ``"batch-hard"`` (ablation 4).
        camera: the anchor is made small by the camera mixture, our stand-in for the paper's real LR photographs,
            instead of the bicubic kernel ("synthetic", ablation 1). Its draws depend on the step and the photograph,
            not on the schedule's seed.
        optimizer: ``"adam"``, or ``"sgd"`` with momentum as the paper (which does not give it).
        momentum: of SGD.
        clip: largest norm of the gradient; 0 leaves it.
    """

    generator: RRDBSettings = field(default_factory=RRDBSettings)
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=800, batch_size=8, learning_rate=2e-4))
    alpha: float = 0.8
    beta: float = 0.2
    units: bool = True
    mse: float = 0.0
    margin: float = 0.2
    squared: bool = True
    cosine: bool = False
    mining: str = "offline"
    camera: bool = False
    optimizer: str = "adam"
    momentum: float = 0.9
    clip: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no training of this paper."""
        weights = (self.alpha, self.beta, self.mse)
        if min(weights) < 0 or max(weights) <= 0:
            raise LrfrError(f"The losses weigh 0 or more and one of them more than 0, but found {weights}.")
        if self.mining not in ("offline", "semi-hard", "batch-hard"):
            raise LrfrError(f"Triplets are drawn offline, or mined semi-hard or batch-hard, not '{self.mining}'.")
        if self.optimizer not in ("adam", "sgd"):
            raise LrfrError(f"The optimiser is 'adam' or 'sgd', but '{self.optimizer}' was asked for.")
        if self.mining != "offline" and self.schedule.batch_size % 4:
            raise LrfrError(
                f"Mining draws four photographs a person, so the batch is a multiple of 4, not "
                f"{self.schedule.batch_size}."
            )

    @property
    def metric(self) -> dict[str, bool]:
        """The distance of the triplet loss, as :func:`lrfr.losses.triplet.triplet_loss` takes it."""
        return {"squared": self.squared, "cosine": self.cosine}

    @property
    def lr_size(self) -> int:
        """Side of an LR face in pixels."""
        return HR // self.generator.scale


def paper(scale: int) -> Settings:
    """The paper's own settings (Sec. IV-B): SGD at 1e-5, ten epochs of 163,564 triplets.

    It is not the printed training to the letter. The paper gives neither batch, momentum nor margin. The triplet loss
    is as it is, in no unit; the perceptual loss stays in its own (bicubic = 1), since the packaged VGG19 has features
    of another magnitude than the paper's, in which alpha would mean something else.
    """
    batch = 16
    schedule = Schedule(10 * 163_564 // batch, batch, 1e-5, decay="constant", checkpoint_every=5000)
    return Settings(RRDBSettings.printed(scale, blocks=16), schedule, units=False, camera=True, optimizer="sgd")


def triplet_cost(
    faces: Faces,
    triplets: Triplets,
    judge: Recognizer,
    bicubic: Callable[[Tensor], Tensor],
    loss: Callable[[Tensor, Tensor, Tensor], Tensor],
    most: int = 512,
) -> float:
    """What a triplet loss is when bicubic enlargement makes the anchors: our unit of it, above 0.

    Args:
        faces: of the training.
        triplets: of these faces.
        judge: the face network of the loss.
        bicubic: makes HR faces small and enlarges them again.
        loss: of the embeddings of anchors, positives and negatives.
        most: anchors, at most.
    """
    count = len(faces.labels)
    anchor = np.random.default_rng(triplets.seed).choice(count, min(most, count), replace=False)
    positive, negative = triplets(anchor, 0)
    plain = np.zeros(len(anchor), bool)
    seen = torch.from_numpy(embed(judge, bicubic(faces.hr(anchor, plain))))
    near, far = faces.embedded(positive, plain), faces.embedded(negative, plain)
    return max(1e-6, float(loss(seen.to(near.device), near, far)))


def train(
    settings: Settings,
    dataset: FaceDataset,
    folder: Path,
    recognizer: Recognizer | None = None,
    vgg: VGG19 | None = None,
    start: Path | None = None,
    watched: FaceDataset | None = None,
) -> Path:
    """Train one generator, or resume.

    Args:
        settings: what to do.
        dataset: HR faces.
        folder: of the run.
        recognizer: the frozen face network of the triplet loss (where it weighs anything).
        vgg: the frozen network of the perceptual loss (likewise).
        start: weights to go on from; None starts at the bicubic enlargement.
        watched: faces that are not trained on, for the validation curve.

    Returns:
        Path of ``weights.safetensors``.

    Raises:
        LrfrError: a network is missing; whatever :func:`lrfr.training.fit` raises.
    """
    if (done := finished(folder, settings)) is not None:
        return done
    plan = settings.schedule
    fabric = plan.fabric()
    network = RRDBNet(settings.generator)
    if start is not None:
        load_weights(network, start)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer: torch.optim.Optimizer = (
        torch.optim.Adam(network.parameters(), plan.learning_rate)
        if settings.optimizer == "adam"
        else torch.optim.SGD(network.parameters(), plan.learning_rate, momentum=settings.momentum)
    )
    model, optimizer = fabric.setup(network, optimizer)
    faces, judge, eye = onlookers(dataset, fabric.device, recognizer, vgg, settings.beta, settings.alpha)
    triplets = Triplets(dataset.labels, plan.seed)
    derived: dict[str, float] = {}
    unit = triplet_unit = 1.0
    if eye is not None:
        some = faces.sample(64, plan.seed)
        unit = derived["perceptual_unit"] = perceptual_cost(eye, degradation.round_trip(some, settings.lr_size), some)
    if judge is not None and settings.units:
        triplet_unit = derived["triplet_unit"] = triplet_cost(
            faces,
            triplets,
            judge,
            lambda hr: degradation.round_trip(hr, settings.lr_size),
            lambda anchor, near, far: triplet_loss(anchor, near, far, settings.margin, **settings.metric),
        )
    batches = Batches(len(dataset), plan.batch_size, plan.seed, fabric.global_rank, fabric.world_size)
    camera = degradation.Camera()

    def small(hr: Tensor, index: np.ndarray, number: int, by_camera: bool) -> Tensor:
        lr = (
            camera(hr, settings.lr_size, index.tolist(), number)
            if by_camera
            else degradation.degrade(hr, settings.lr_size)
        )
        return lr.contiguous(memory_format=torch.channels_last)

    def triplet(sr: Tensor, anchor: np.ndarray, positive: np.ndarray, negative: np.ndarray, flip: np.ndarray) -> Tensor:
        """Eq. 2 as a hinge; the HR faces are mirrored as the anchor is."""
        assert judge is not None
        seen = judge(sr)
        if settings.mining == "offline":
            return triplet_loss(
                seen, faces.embedded(positive, flip), faces.embedded(negative, flip), settings.margin, **settings.metric
            )
        references, labels = faces.embedded(anchor, flip), faces.labels[torch.from_numpy(anchor).to(seen.device)]
        mined = (
            semi_hard(seen, references, labels, settings.margin, **settings.metric)
            if settings.mining == "semi-hard"
            else batch_hard(seen, references, labels, cosine=settings.cosine)
        )
        a, p, n = mined
        return triplet_loss(seen[a], references[p], references[n], settings.margin, **settings.metric)

    def step(number: int) -> dict[str, Tensor]:
        anchor, flip = batches(number)
        if settings.mining != "offline":
            people = plan.batch_size // 4
            anchor = triplets.balanced_batch(number, people, 4, fabric.global_rank, fabric.world_size)
        positive, negative = triplets(anchor, number)
        second = positive if judge is not None else anchor  # without triplets there are no positives either
        branch = bool(settings.alpha or settings.mse)
        lrs, hr = [], None
        if judge is not None:
            lrs.append(small(faces.hr(anchor, flip), anchor, number, settings.camera))
        if branch:
            hr = faces.hr(second, flip)
            lrs.append(small(hr, second, number, False))
        enlarged = model(torch.cat(lrs).contiguous(memory_format=torch.channels_last)).float()
        parts: dict[str, Tensor] = {}
        loss = enlarged.new_zeros(())
        if judge is not None:
            parts["triplet"] = triplet(enlarged[: len(anchor)], anchor, positive, negative, flip) / triplet_unit
            loss = loss + settings.beta * parts["triplet"]
        if hr is not None:
            sr = enlarged[-len(second) :]
            parts["mse"] = mse_loss(sr, hr)
            loss = loss + settings.mse * parts["mse"]
            if eye is not None:
                with torch.no_grad():
                    wanted = eye(hr)
                parts["perceptual"] = perceptual_loss(eye(sr), wanted) / unit
                loss = loss + settings.alpha * parts["perceptual"]
        optimizer.zero_grad(set_to_none=True)
        fabric.backward(loss)
        if settings.clip:
            parts["gradient"] = fabric.clip_gradients(model, optimizer, max_norm=settings.clip)  # type: ignore[assignment]
        optimizer.step()
        return {"loss": loss, **parts}

    look = None
    if watched is not None:
        look = validation.restoration(model, watched.tensor().to(fabric.device), settings.lr_size, judge)
    running = Progressing({"model": model}, {"optimizer": optimizer})
    return fit(folder, settings, plan, fabric, running, step, validate=look, derived=derived)


def study(scale: int, seed: int) -> tuple[Settings, Settings]:
    """What this study trains on CelebA-299: (a start by MSE alone, then both branches as printed).

    The paper starts from nothing and has 100,000 steps; ours starts from a generator that already restores pixels. The
    anchors are made small by the kernel that the test has; the camera mixture has its own runs (ablations). Of the
    margins .2, .5 and 1, .5 was best in runs of 200 steps at 28 px, by photographs of held-out people.
    """
    steps = {2: 1600, 4: 3000, 8: 3000}[scale]
    base = Schedule(steps=steps, batch_size=8, learning_rate=5e-4, warmup=100, seed=seed)
    second = replace(base, steps=800, learning_rate=2e-4, warmup=0, seed=seed + 1000)
    network = RRDBSettings(scale)
    return Settings(network, base, alpha=0.0, beta=0.0, mse=1.0), Settings(network, second, margin=0.5)
