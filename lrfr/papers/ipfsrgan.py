"""ipfsrgan: Li et al., "ID Preserving Face Super-Resolution Generative Adversarial Networks" (IEEE Access, 2020).

A generator G and a relativistic discriminator D are trained against each other; a frozen face network judges who the
restored face shows (Eq. 1):

    G: adversarial * L_adv,G + identity * L_id + perceptual * L_p + pixel * L_1,        D: L_adv,D.

SRCNN, SRGAN and ESRGAN, the paper's rivals, are the same training with other weights and generators: :func:`srcnn`,
:func:`srgan`, :func:`esrgan`. In the paper none is pre-trained (Sec. IV-B).
"""

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
from lrfr.losses import adversarial
from lrfr.losses.identity import cosine_embedding_loss
from lrfr.losses.perceptual import perceptual_cost, perceptual_loss
from lrfr.losses.pixel import l1_loss, mse_loss
from lrfr.networks.discriminator import Discriminator, DiscriminatorSettings
from lrfr.networks.generators import GeneratorSettings, build
from lrfr.networks.rrdb import RRDBSettings
from lrfr.networks.srcnn import SRCNNSettings
from lrfr.networks.srresnet import SRResNetSettings
from lrfr.networks.vgg import VGG19
from lrfr.recognizers import Recognizer
from lrfr.training import Batches, Progressing, Schedule, descend, finished, fit, load_weights

HR = 112


@dataclass(frozen=True)
class Settings:
    """One training: its networks, and what each part of Eq. 1 weighs.

    Attributes:
        generator: shape of G.
        schedule: steps, batch, learning rate, seed.
        adversarial, identity, perceptual, pixel: lambda, gamma, eta and xi of Eq. 1; a part that weighs 0 is not
            computed. The perceptual loss is measured in units of what plain bicubic enlargement costs on the training
            faces, for the packaged VGG19 has features of another magnitude than the papers'.
        relativistic: the relativistic average GAN (Eqs 2-4), else SRGAN's.
        halved: each adversarial sum halved, as the released code has it.
        pairs: what the identity loss compares an SR face with: ``"both"`` another photograph of the same person and one
            of somebody else (Eq. 5), ``"positives"`` the first alone, ``"photo"`` the very photograph (released code).
        margin: m of Eq. 5, which the paper does not give; None is the median cosine of two training faces of different
            people.
        squared_pixels: the pixel loss is the MSE (SRCNN) instead of L1 (Eq. 7).
        perceptual_kind: ``"squared"`` as in Eq. 6, or ``"absolute"`` as in ESRGAN and the released code.
        discriminator: shape of D.
        rival_rate: D's learning rate as a share of G's; 1 in the paper.
    """

    generator: GeneratorSettings = field(default_factory=RRDBSettings)
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=5000, batch_size=4, learning_rate=2e-4))
    adversarial: float = 0.005
    identity: float = 10.0
    perceptual: float = 0.01
    pixel: float = 1.0
    relativistic: bool = True
    halved: bool = False
    pairs: str = "both"
    margin: float | None = None
    squared_pixels: bool = False
    perceptual_kind: str = "squared"
    discriminator: DiscriminatorSettings = field(default_factory=lambda: DiscriminatorSettings(width=24))
    rival_rate: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no training of this paper."""
        weights = (self.adversarial, self.identity, self.perceptual, self.pixel)
        if min(weights) < 0 or max(weights) <= 0:
            raise LrfrError(f"The parts of Eq. 1 weigh 0 or more and one of them more than 0, but found {weights}.")
        if self.pairs not in ("both", "positives", "photo"):
            raise LrfrError(f"The identity loss knows the pairs both, positives and photo, not '{self.pairs}'.")

    @property
    def lr_size(self) -> int:
        """Side of an LR face in pixels: 28 at 4x."""
        return HR // self.generator.scale


def paper() -> Settings:
    """The paper's own settings (Sec. IV-B; blocks and batch from its code): 500,000 mini-batches of whole faces.

    Its faces are 128 x 128, enlarged from 32 x 32, and not aligned; here as everywhere they are 112 x 112 from 28 x 28.
    Eq. 6 sums over several layers of VGG19, which the paper does not name: they are those of the network that
    :func:`train` is given, in this study conv5_4 alone, before its ReLU, as in the released code.
    """
    schedule = Schedule(
        500_000, 16, 2e-4, decay="steps", milestones=(200_000, 400_000), factor=0.7, checkpoint_every=5000
    )
    return Settings(RRDBSettings.printed(4), schedule, discriminator=DiscriminatorSettings(HR))


def released_code() -> Settings:
    """What the authors' code does instead, by the training settings that it comes with.

    Pixel and feature weights are exchanged; L1 features, halved sums, the same photograph, two million mini-batches.
    """
    falls = (50_000, 100_000, 200_000, 500_000)
    schedule = Schedule(2_000_000, 16, 1e-4, decay="steps", milestones=falls, factor=0.5, checkpoint_every=5000)
    return replace(
        paper(),
        schedule=schedule,
        perceptual=1.0,
        pixel=0.01,
        halved=True,
        pairs="photo",
        perceptual_kind="absolute",
    )


def srcnn(schedule: Schedule, generator: SRCNNSettings) -> Settings:
    """SRCNN [Dong et al.]: the MSE alone."""
    return Settings(generator, schedule, 0.0, 0.0, 0.0, 1.0, squared_pixels=True)


def srgan(schedule: Schedule, generator: SRResNetSettings) -> Settings:
    """SRGAN [Ledig et al.]: VGG features plus 1e-3 of the plain adversarial loss; no loss on pixels."""
    return Settings(generator, schedule, 1e-3, 0.0, 1.0, 0.0, relativistic=False)


def esrgan(schedule: Schedule, generator: RRDBSettings) -> Settings:
    """ESRGAN [Wang et al., Eq. 3]: L1 of VGG features, 5e-3 of the relativistic loss, 1e-2 of L1 on pixels."""
    return Settings(generator, schedule, 5e-3, 0.0, 1.0, 1e-2, perceptual_kind="absolute")


def impostor_median(faces: Faces, seed: int = 0, most: int = 4096) -> float:
    """Median cosine of two HR faces of different people: our margin m, where the paper gives none."""
    labels = faces.labels.cpu().numpy()
    anchors = np.random.default_rng(seed).integers(len(labels), size=most)
    _, others = Triplets(labels, seed)(anchors, 0)
    plain = np.zeros(most, bool)
    return float(torch.cosine_similarity(faces.embedded(anchors, plain), faces.embedded(others, plain)).median())


def train(
    settings: Settings,
    dataset: FaceDataset,
    folder: Path,
    recognizer: Recognizer | None = None,
    vgg: VGG19 | None = None,
    start: Path | None = None,
    watched: FaceDataset | None = None,
) -> Path:
    """Train G and D, or resume.

    Args:
        settings: what to do.
        dataset: HR faces.
        folder: of the run.
        recognizer: the frozen face network of the identity loss (where it weighs anything).
        vgg: the frozen network of the perceptual loss (likewise).
        start: weights of G to go on from; None starts at the bicubic enlargement.
        watched: faces that are not trained on, for the validation curve.

    Returns:
        Path of the generator's ``weights.safetensors``.

    Raises:
        LrfrError: a network is missing; whatever :func:`lrfr.training.fit` raises.
    """
    if (done := finished(folder, settings)) is not None:
        return done
    fabric = settings.schedule.fabric()
    plan = settings.schedule
    rival = bool(settings.adversarial)
    generator = build(settings.generator)
    if start is not None:
        load_weights(generator, start)
    generator = generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model, optimizer = fabric.setup(generator, torch.optim.Adam(generator.parameters(), plan.learning_rate))
    modules, optimizers = {"model": model}, {"adam": optimizer}
    if rival:
        discriminator = Discriminator(settings.discriminator).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        critic, critic_optimizer = fabric.setup(
            discriminator, torch.optim.Adam(discriminator.parameters(), settings.rival_rate * plan.learning_rate)
        )
        modules["critic"], optimizers["critic"] = critic, critic_optimizer
    faces, judge, eye = onlookers(dataset, fabric.device, recognizer, vgg, settings.identity, settings.perceptual)
    triplets = Triplets(dataset.labels, plan.seed) if judge is not None else None
    derived: dict[str, float] = {}
    margin = settings.margin
    if judge is not None and margin is None:
        margin = derived["margin"] = impostor_median(faces, plan.seed)
    unit = 1.0
    if eye is not None:
        some = faces.sample(64, plan.seed)
        small = degradation.round_trip(some, settings.lr_size)
        unit = derived["perceptual_unit"] = perceptual_cost(eye, small, some, settings.perceptual_kind)
    batches = Batches(len(dataset), plan.batch_size, plan.seed, fabric.global_rank, fabric.world_size)

    def identity(sr: Tensor, index: np.ndarray, flip: np.ndarray, number: int) -> Tensor:
        """Eq. 5 over the pairs that the settings name."""
        assert judge is not None and triplets is not None and margin is not None
        seen = judge(sr)
        if settings.pairs == "photo":
            others, same = faces.embedded(index, flip), seen.new_ones(len(seen), dtype=torch.bool)
            return cosine_embedding_loss(seen, others, same, margin)
        positive, negative = triplets(index, number)
        if settings.pairs == "positives":
            others, same = faces.embedded(positive, flip), seen.new_ones(len(seen), dtype=torch.bool)
            return cosine_embedding_loss(seen, others, same, margin)
        others = torch.cat([faces.embedded(positive, flip), faces.embedded(negative, flip)])
        same = torch.arange(len(others), device=seen.device) < len(seen)
        return cosine_embedding_loss(torch.cat([seen, seen]), others, same, margin)

    def step(number: int) -> dict[str, Tensor]:
        index, flip = batches(number)
        hr = faces.hr(index, flip).contiguous(memory_format=torch.channels_last)
        lr = degradation.degrade(hr, settings.lr_size).contiguous(memory_format=torch.channels_last)
        sr = model(lr).float()
        parts: dict[str, Tensor] = {}
        loss = sr.new_zeros(())
        if settings.pixel:
            parts["pixel"] = mse_loss(sr, hr) if settings.squared_pixels else l1_loss(sr, hr)
            loss = loss + settings.pixel * parts["pixel"]
        if eye is not None:
            with torch.no_grad():
                wanted = eye(hr)
            parts["perceptual"] = perceptual_loss(eye(sr), wanted, settings.perceptual_kind) / unit
            loss = loss + settings.perceptual * parts["perceptual"]
        if judge is not None:
            parts["identity"] = identity(sr, index, flip, number)
            loss = loss + settings.identity * parts["identity"]
        if not rival:
            descend(fabric, optimizer, loss)
            return {"loss": loss, **parts}
        # The bare discriminator, still: its weights only judge here, so no gradient of theirs is computed.
        discriminator.requires_grad_(False)
        with fabric.autocast():
            fake = discriminator(sr).float()
            if settings.relativistic:
                with torch.no_grad():
                    real = discriminator(hr).float()
                parts["adversarial"] = adversarial.relativistic_generator_loss(real, fake, settings.halved)
            else:
                parts["adversarial"] = adversarial.generator_loss(fake)
        loss = loss + settings.adversarial * parts["adversarial"]
        descend(fabric, optimizer, loss)
        discriminator.requires_grad_(True)
        real, fake = critic(hr).float(), critic(sr.detach()).float()
        if settings.relativistic:
            parts["discriminator"] = adversarial.relativistic_discriminator_loss(real, fake, settings.halved)
        else:
            parts["discriminator"] = adversarial.discriminator_loss(real, fake)
        descend(fabric, critic_optimizer, parts["discriminator"])
        parts["told_apart"] = (real.detach().mean() > fake.detach()).float().mean()
        return {"loss": loss, **parts}

    look = None
    if watched is not None:
        look = validation.restoration(model, watched.tensor().to(fabric.device), settings.lr_size, judge)
    return fit(folder, settings, plan, fabric, Progressing(modules, optimizers), step, validate=look, derived=derived)


def study(seed: int = 0) -> dict[str, Settings]:
    """What this study trains on CelebA-299, all alike: 28 to 112 px, the same faces in the same order.

    IP-FSRGAN as printed, with the released code's pairs, with its weights, and its three rivals. Unlike the paper's,
    the generators start where an MSE training left them (SRCNN, which is that training, has as many faces in all): the
    paper's half a million steps from nothing are out of reach, and of them ``scratch`` shows the first. The
    discriminator has no batch normalisation and learns at a tenth of the rate (:func:`pilots`): over four HR faces,
    then four SR faces, means alone tell the two apart. ``srcnn-l1`` is SRCNN with L1 in the place of the MSE, to see
    which of the two blurs less (Sec. III-B).
    """
    plan = Schedule(steps=2500, batch_size=4, learning_rate=1e-4, seed=seed, checkpoint_every=250)
    compact = RRDBSettings(4)
    rival = DiscriminatorSettings(width=24, norm=False)
    ours = Settings(compact, plan, discriminator=rival, rival_rate=0.1)
    long = replace(plan, steps=5000, learning_rate=2e-4)
    plain = srcnn(replace(plan, steps=8500, learning_rate=5e-4), SRCNNSettings(4))
    return {
        "ip": ours,
        "esrgan": replace(esrgan(plan, compact), discriminator=rival, rival_rate=0.1),
        "srgan": replace(srgan(plan, SRResNetSettings(4)), discriminator=rival, rival_rate=0.1),
        "srcnn": plain,
        "srcnn-l1": replace(plain, squared_pixels=False),
        "ip-photo": replace(ours, pairs="photo"),
        "ip-swapped": replace(ours, perceptual=1.0, pixel=0.01),
        "scratch": Settings(compact, long),
    }


def longer(seed: int = 0) -> Settings:
    """IP-FSRGAN of :func:`study` trained on for half as many steps again: does it then stand still?

    At the rate that the first training had after two thirds of its steps, and on another order of the faces. The
    discriminator, which is not shipped, learns anew, at the pace that it had.
    """
    once = study(seed)["ip"]
    plan = replace(once.schedule, steps=once.schedule.steps // 2, learning_rate=3e-5, seed=seed + 1)
    return replace(once, schedule=plan, rival_rate=once.rival_rate * once.schedule.learning_rate / plan.learning_rate)


def pilots() -> dict[str, Settings]:
    """Short runs of IP-FSRGAN that chose the discriminator of :func:`study`, by photographs of held-out people."""
    plan = Schedule(steps=600, batch_size=4, learning_rate=1e-4, decay="constant")
    ours = Settings(RRDBSettings(4), plan)
    bare = replace(ours, discriminator=replace(ours.discriminator, norm=False))
    return {
        "norm": ours,
        "norm-tenth": replace(ours, rival_rate=0.1),
        "bare": bare,
        "bare-tenth": replace(bare, rival_rate=0.1),
        "no-rival": replace(ours, adversarial=0.0),
    }
