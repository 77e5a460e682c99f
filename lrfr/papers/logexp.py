"""logexp: Ling et al., "Dive into the Resolution Augmentations and Metrics in Low Resolution Face Recognition" (2023).

There is no super-resolution: the face network itself learns to see small faces. Each HR face of a batch is reduced to
a size drawn at random and enlarged again; both pass the same network (Eq. 7):

    lambda * L_dist(f_HR / |f_HR|, f_LR / |f_LR|) + 1/2 CosFace(f_HR) + 1/2 CosFace(f_LR).

:func:`paper` is the paper's recipe, from scratch. :mod:`lrfr.papers.logexp_study` fine-tunes a pretrained network, with
the paper's loss and with two of our own that keep to that network as it was: anchoring, and distillation without
identities.
"""

import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lrfr import assets
from lrfr.augmentation import Jitter
from lrfr.datasets import FaceDataset
from lrfr.datasets.resident import Faces
from lrfr.degradation import MultiResolution
from lrfr.errors import LrfrError
from lrfr.evaluation import validation
from lrfr.losses.angular import CosineHead, cosface_loss
from lrfr.losses.distillation import centroids, cosine_distance, relation_loss
from lrfr.losses.logexp import Distance
from lrfr.networks import backbones, mobilefacenet
from lrfr.recognizers import Recognizer
from lrfr.training import Batches, Progressing, Schedule, descend, finished, fit, load_weights

Target = Literal["both", "stopped", "frozen"]
#: Size in pixels at which the validation curve looks at LR faces.
WATCHED = 7


@dataclass(frozen=True)
class Settings:
    """One training.

    Attributes:
        network: ``"mobilefacenet"`` starts from the packaged weights, ``"resnet34"`` and ``"resnet50"`` from nothing.
        schedule: steps, batch (of faces: each is seen at HR and at LR), learning rate, seed.
        sizes: sides in pixels that LR faces are reduced to; none: the network sees HR alone.
        ratio: how often each size is drawn.
        distance: L_dist.
        weight: lambda.
        unit: what lambda counts in: ``"printed"`` as the paper has it, or ``"pull"``, such that the distance at weight
            1 pulls at an LR embedding with a gradient of length 1 when the training starts. Distances differ in that by
            a factor of 20, and lambda 1 as printed is next to nothing (some 1/460 of a pull with 7, 14 and 20 px).
        target: whose embedding the LR one is compared with: the network's own HR embedding with gradient through
            ``"both"`` sides (the paper) or ``"stopped"`` on the HR side, or the ``"frozen"`` pretrained network's.
        classification: weight of the two halves of CosFace together; 0 needs no identities.
        scale, margin: s and m of CosFace.
        anchor: weight of 1 - cosine of HR and LR embeddings to the frozen network's HR embedding (ours).
        relation: weight of :func:`lrfr.losses.distillation.relation_loss` on LR embeddings (ours).
        jitter: how faces are moved and lit before they are made small; the frozen network saw them as they are.
        flip_apart: HR and LR faces are mirrored independently, as the released code does.
        dropout: before the linear layer of a ResNet; the released code has .4.
        optimizer: ``"sgd"`` (the paper) or ``"adam"``.
        momentum, decay: of SGD; ``decay`` is its weight decay.
        average: what is kept is an exponential mean of the weights with this decay; 0 keeps the last weights.
        share: of what was learnt that is kept: start + share (end - start) of all weights [Wortsman et al., Robust
            fine-tuning of zero-shot models]. The curve is that of the whole.
    """

    network: backbones.Backbone = "mobilefacenet"
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=80, batch_size=32, learning_rate=2e-3))
    sizes: tuple[int, ...] = (7, 14, 20)
    ratio: tuple[float, ...] = (1, 1, 2)
    distance: Distance = field(default_factory=Distance)
    weight: float = 1.0
    unit: Literal["printed", "pull"] = "printed"
    target: Target = "both"
    classification: float = 1.0
    scale: float = 48.0
    margin: float = 0.4
    anchor: float = 0.0
    relation: float = 0.0
    jitter: Jitter = field(default_factory=Jitter)
    flip_apart: bool = False
    dropout: float = 0.0
    optimizer: Literal["sgd", "adam"] = "sgd"
    momentum: float = 0.9
    decay: float = 5e-4
    average: float = 0.0
    share: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no training of this paper."""
        weights = (self.weight, self.classification, self.anchor, self.relation)
        if min(weights) < 0 or max(weights) <= 0:
            raise LrfrError(f"The losses weigh 0 or more and one of them more than 0, but found {weights}.")
        if self.sizes:
            MultiResolution(self.sizes, self.ratio)
        elif self.weight or self.relation or not self.classification:
            raise LrfrError("Without LR faces (no sizes) there is only CosFace to learn by: give it weight, no other.")
        if self.target not in get_args(Target) or self.unit not in ("printed", "pull"):
            raise LrfrError(
                f"The target is both, stopped or frozen and lambda counts in printed or pull, but found "
                f"'{self.target}' and '{self.unit}'."
            )
        if self.optimizer not in ("sgd", "adam") or not 0 <= self.average < 1 or not 0 < self.share <= 1:
            raise LrfrError(
                f"The optimiser is sgd or adam, the mean of weights decays by less than 1 and the share that is kept "
                f"is above 0 and at most 1, but found '{self.optimizer}', {self.average} and {self.share}."
            )

    @property
    def sees_hr(self) -> bool:
        """Whether HR faces pass the network; a distillation needs their frozen embeddings alone."""
        return bool(self.classification or self.anchor or (self.weight and self.target != "frozen"))

    @property
    def needs_frozen(self) -> bool:
        """Whether the frozen network is looked at; a fine-tuning always starts from it."""
        compared = self.weight and (self.target == "frozen" or self.unit == "pull")
        return bool(compared or self.anchor or self.relation) or self.network == "mobilefacenet"


def paper(layers: int = 34, images: int | None = None) -> Settings:
    """The paper's recipe (Sec. 4.1), from scratch on its own data.

    Args:
        layers: 34, for CASIA-WebFace (28 epochs), or 50, for MS1M (16 epochs).
        images: how many the set has, for the length of an epoch; by default those two sets' 494,414 and 5,822,653,
            which the paper does not give.
    """
    epochs, falls, rate, count = {34: (28, (16, 24), 0.1, 494_414), 50: (16, (8, 12), 0.01, 5_822_653)}[layers]
    per_epoch = max(1, (images or count) // 256)
    schedule = Schedule(
        epochs * per_epoch,
        256,
        rate,
        decay="steps",
        milestones=tuple(e * per_epoch for e in falls),
        checkpoint_every=1000,
    )
    return Settings(f"resnet{layers}", schedule)  # type: ignore[arg-type]


def released_code(images: int | None = None) -> Settings:
    """What the authors' code does instead of :func:`paper` with 34 layers.

    One logarithm over the batch; HR and LR mirrored independently; dropout .4; 29 epochs; its script's thresholds .5,
    .5 and 1.1 draw 7 and 20 px alike and 14 px never. Two things that it does are not followed by :func:`train`: HR and
    LR pass the network one after the other, so that batch normalisation sees each alone (here both are one batch), and
    LR faces are enlarged by Pillow's bicubic, a = -1/2 (here -3/4, see :mod:`lrfr.degradation`).
    """
    printed = paper(34, images)
    longer = replace(printed.schedule, steps=printed.schedule.steps // 28 * 29)
    return replace(
        printed,
        schedule=longer,
        ratio=(1, 0, 1),
        distance=Distance("logexp-released"),
        flip_apart=True,
        dropout=0.4,
    )


def start(settings: Settings) -> nn.Module:
    """The network that a training begins with: packaged weights, or random ones from torch's generator."""
    if settings.network == "mobilefacenet":
        return mobilefacenet.from_onnx(assets.path("mobilefacenet"))
    return backbones.build(settings.network, settings.dropout)


def starting_pull(settings: Settings, model: nn.Module, faces: Faces, most: int = 128) -> float:
    """How hard L_dist pulls at LR embeddings of training faces before the first step; see :class:`Settings`."""
    assert faces.embeddings is not None
    seed = settings.schedule.seed
    index = np.random.default_rng(seed).permutation(len(faces.labels))[:most]
    plain = np.zeros(len(index), bool)
    lr, _ = MultiResolution(settings.sizes, settings.ratio)(faces.hr(index, plain), torch.Generator().manual_seed(seed))
    training = model.training
    model.eval()
    with torch.no_grad():
        seen = torch.cat([model(part).float() for part in lr.split(32)])
    model.train(training)
    return settings.distance.pull(F.normalize(seen), F.normalize(faces.embedded(index, plain)))


def train(
    settings: Settings,
    dataset: FaceDataset,
    folder: Path,
    recognizer: Recognizer | None = None,
    watched: FaceDataset | None = None,
    after: Path | None = None,
) -> Path:
    """Train a face network, or resume.

    Args:
        settings: what to do.
        dataset: HR faces.
        folder: of the run.
        recognizer: the frozen network: what a fine-tuning starts from and what distillation and anchor compare with.
        watched: faces that are not trained on, for the validation curve (:func:`lrfr.evaluation.validation.collapse`).
        after: weights to go on from, of the same network, instead of :func:`start`'s.

    Returns:
        Path of the network's ``weights.safetensors``.

    Raises:
        LrfrError: the frozen network is missing; whatever :func:`lrfr.training.fit` raises.
    """
    if settings.needs_frozen and recognizer is None:
        raise LrfrError("This training looks at the frozen network that it starts from: give `recognizer`.")
    if (done := finished(folder, settings)) is not None:
        return done
    plan = settings.schedule
    fabric = plan.fabric()
    frozen = recognizer.to(fabric.device) if settings.needs_frozen and recognizer is not None else None
    faces = Faces(dataset, fabric.device, frozen, on_disk=frozen is None)
    network = start(settings)
    if after is not None:
        load_weights(network, after)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    modules: dict[str, nn.Module] = {"model": network}
    if settings.classification:
        people = len(dataset.identities)
        head = CosineHead(people, recognizer.dim if recognizer is not None else mobilefacenet.DIM)
        if faces.embeddings is not None:  # a pretrained network's people begin where it sees them
            with torch.no_grad():
                head.weight.copy_(centroids(faces.embeddings.flatten(0, 1), faces.labels.repeat(2)))
        modules["head"] = head
    learning = [p for module in modules.values() for p in module.parameters() if p.requires_grad]
    optimizer: torch.optim.Optimizer = (
        torch.optim.Adam(learning, plan.learning_rate)
        if settings.optimizer == "adam"
        else torch.optim.SGD(learning, plan.learning_rate, momentum=settings.momentum, weight_decay=settings.decay)
    )
    modules = {name: fabric.setup_module(module) for name, module in modules.items()}
    optimizer = fabric.setup_optimizers(optimizer)  # type: ignore[assignment]
    model = modules["model"].train()
    mean = copy.deepcopy(network) if settings.average else None
    shared = copy.deepcopy(network) if settings.share < 1 else None
    learnt = network if mean is None else mean
    factor, derived = settings.weight, {}
    if settings.unit == "pull" and settings.weight:
        factor = settings.weight / starting_pull(settings, model, faces)
        derived = {"printed_lambda": factor}
    batches = Batches(len(dataset), plan.batch_size, plan.seed, fabric.global_rank, fabric.world_size)
    shrink = MultiResolution(settings.sizes, settings.ratio) if settings.sizes else None

    def classified(seen: Tensor, labels: Tensor, number: int) -> Tensor:
        """CosFace on HR embeddings, or half of it on HR and half on LR ones."""
        cosine = modules["head"](seen)
        loss = [cosface_loss(part, labels, settings.scale, settings.margin) for part in cosine.split(number)]
        return torch.stack(loss).mean()

    def step(number: int) -> dict[str, Tensor]:
        index, flip = batches(number)
        draws = batches.generator(number)
        hr = settings.jitter(faces.hr(index, flip), draws)
        pictures, mirrored = ([hr], [flip]) if settings.sees_hr else ([], [])
        if shrink is not None:
            if settings.flip_apart:
                turned = torch.rand(len(index), generator=draws) < 0.5
                flip = flip ^ turned.numpy()
                hr = torch.where(turned.to(hr.device)[:, None, None, None], hr.flip(3), hr)
            pictures.append(shrink(hr, draws)[0])
            mirrored.append(flip)
        torch.manual_seed(draws.initial_seed())  # dropout draws from torch's own generator: by the step, as all else
        seen = F.normalize(model(torch.cat(pictures)).float())
        large, small = seen[: len(index)], seen[-len(index) :]
        wanted = None
        if frozen is not None:
            wanted = F.normalize(torch.cat([faces.embedded(index, f) for f in mirrored]))
        parts: dict[str, Tensor] = {}
        loss = seen.new_zeros(())
        if settings.classification:
            labels = faces.labels[torch.from_numpy(index).to(seen.device)]
            parts["classification"] = classified(seen, labels, len(index))
            loss = loss + settings.classification * parts["classification"]
        if shrink is not None:
            if settings.target == "frozen":
                assert wanted is not None
                target = wanted[-len(index) :]
            else:
                target = large.detach() if settings.target == "stopped" else large
            parts["distance"] = settings.distance(target, small)
            loss = loss + factor * parts["distance"]
            with torch.no_grad():
                parts["lr_cosine"] = (target * small).sum(1).mean()
        if settings.anchor:
            assert wanted is not None
            parts["anchor"] = cosine_distance(seen, wanted)
            loss = loss + settings.anchor * parts["anchor"]
        if settings.relation:
            assert wanted is not None and faces.embeddings is not None
            parts["relation"] = relation_loss(small, wanted[-len(index) :], faces.embeddings[0])
            loss = loss + settings.relation * parts["relation"]
        descend(fabric, optimizer, loss)
        if mean is not None:
            follow(mean, network, settings.average)
        if shared is not None and number + 1 == plan.steps:
            follow(shared, learnt, 1 - settings.share)
        return {"loss": loss, **parts}

    copies = {key: module for key, module in {"mean": mean, "shared": shared}.items() if module is not None}
    look = None
    if watched is not None:
        judged = mean if mean is not None else model
        look = validation.recognition(judged, watched.tensor().to(fabric.device), WATCHED, frozen)
    running = Progressing(modules | copies, {"optimizer": optimizer})
    return fit(folder, settings, plan, fabric, running, step, ["model", *copies][-1], look, derived)


@torch.no_grad()
def follow(mean: nn.Module, network: nn.Module, decay: float) -> None:
    """Move an exponential mean of weights towards a network; what is no parameter is taken over."""
    for old, new in zip(mean.parameters(), network.parameters(), strict=True):
        old.lerp_(new, 1 - decay)
    for kept, current in zip(mean.buffers(), network.buffers(), strict=True):
        kept.copy_(current)
