"""frloss: Abello & Hirata, "Optimizing Super Resolution for Face Recognition" (SIBGRAPI 2019).

SRResNet learns in two phases (Sec. III-D). Phase 1 minimises the MSE alone. Phase 2 goes on from there in two arms that
share start weights, data order and number of steps: "fr" minimises FR + MSE, weighted so that each is about half of the
loss at the start; "mse", the paper's VanillaSRResNet, goes on with the MSE alone.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from lrfr import degradation
from lrfr.datasets import FaceDataset
from lrfr.datasets.resident import Faces
from lrfr.errors import LrfrError
from lrfr.losses.identity import fr_loss
from lrfr.losses.pixel import mse_loss, total_variation
from lrfr.networks.srresnet import SRResNet, SRResNetSettings
from lrfr.recognizers import Recognizer
from lrfr.training import Batches, Progressing, Schedule, descend, finished, fit, load_weights

HR = 112


@dataclass(frozen=True)
class Settings:
    """One run of one phase.

    Attributes:
        network: shape of the SRResNet.
        schedule: steps, batch, learning rate, seed.
        arm: ``"mse"`` or ``"fr"``.
        share: share of the FR loss in the whole at the start of phase 2 (paper: about .5).
        target: what an SR face shall resemble: ``"same"`` photograph (Eq. 5), ``"other"`` photograph of the same
            person, or the identity's ``"centroid"`` (the paper's Sec. V-C).
        shift: the recogniser sees both faces moved by up to this many pixels, at random: with its grid no longer tied
            to the picture's, it teaches no grid.
        mirror: the recogniser also judges the mirror image, and both count half.
        total_variation: weight of the SR face's total variation beside MSE weight 1; it smoothes.
        batch_norm: what moves in the recogniser while it judges: nothing (``"frozen"``), the running ``"statistics"``,
            or the affine ``"parameters"``. The paper lets "the Batch Normalization parameters update" (Sec. III-D) and
            does not say which of the two it means.
    """

    network: SRResNetSettings = field(default_factory=SRResNetSettings)
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=1000))
    arm: str = "mse"
    share: float = 0.5
    target: str = "same"
    shift: int = 0
    mirror: bool = False
    total_variation: float = 0.0
    batch_norm: str = "frozen"

    def __post_init__(self) -> None:
        """Refuse what the paper does not know."""
        if self.arm not in ("mse", "fr"):
            raise LrfrError(f"frloss has the arms 'mse' and 'fr', but '{self.arm}' was asked for.")
        if self.target not in ("same", "other", "centroid"):
            raise LrfrError(f"The FR loss knows the targets same, other and centroid, not '{self.target}'.")
        if self.batch_norm not in ("frozen", "statistics", "parameters"):
            raise LrfrError(f"Batch norm is frozen, or its statistics or parameters move; not '{self.batch_norm}'.")
        if not 0 < self.share < 1:
            raise LrfrError(f"The FR loss's share of the whole lies between 0 and 1, but {self.share} was asked for.")
        if self.shift < 0:
            raise LrfrError(f"The recogniser's view moves by 0 pixels or more, but {self.shift} was asked for.")
        if self.total_variation < 0:
            raise LrfrError(f"The total variation weighs 0 or more, but {self.total_variation} was asked for.")

    @property
    def lr_size(self) -> int:
        """Side of an LR face in pixels: 28 at 4x, 14 at 8x."""
        return HR // self.network.scale


def paper(scale: int, phase: int, arm: str = "mse", steps: int = 100_000) -> Settings:
    """The paper's own settings, but for one; it gives neither batch size nor number of steps.

    The recogniser stays frozen, where the paper finds it "necessary to let the Batch Normalization parameters update"
    (Sec. III-D): it does not say which of two things it means (see ``Settings.batch_norm``), and dlib's network, which
    judges where FaceNet's weights are missing, has no batch norm.
    """
    schedule = Schedule(steps, learning_rate=1e-4 if phase == 1 else 1e-5, decay="constant")
    return Settings(SRResNetSettings.printed(scale), schedule, arm)


def moved(
    sr: torch.Tensor, hr: torch.Tensor, most: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Both batches moved by the same random whole pixels, up to ``most`` each way, edges repeated."""
    if not most:
        return sr, hr
    size = sr.shape[-1]
    dy, dx = (int(v) for v in torch.randint(0, 2 * most + 1, (2,), generator=generator))
    both = F.pad(torch.cat([sr, hr]), (most, most, most, most), mode="replicate")
    a, b = both[:, :, dy : dy + size, dx : dx + size].chunk(2)
    return a, b


def starting_weight(
    settings: Settings, model: nn.Module, faces: Faces, recognizer: Recognizer, most: int = 256
) -> float:
    """The FR loss's weight beside MSE weight 1 that makes it ``settings.share`` of the whole at first (Sec. III-D)."""
    index = np.random.default_rng(settings.schedule.seed).permutation(len(faces.labels))[:most]
    mse, fr = [], []
    with torch.no_grad():
        for part in np.array_split(index, max(1, len(index) // 32)):
            flip = np.zeros(len(part), bool)
            hr = faces.hr(part, flip)
            sr = model(degradation.degrade(hr, settings.lr_size)).float()
            wanted = faces.target(settings.target, part, flip, torch.Generator().manual_seed(settings.schedule.seed))
            mse.append(mse_loss(sr, hr) * len(part))
            fr.append(fr_loss(recognizer(sr), wanted) * len(part))
    ratio = float(torch.stack(mse).sum() / torch.stack(fr).sum())
    return ratio * settings.share / (1 - settings.share)


def release_batch_norm(recognizer: nn.Module, reading: str) -> list[nn.Parameter]:
    """Let batch norm move in a frozen recogniser, in one of the two readings of Sec. III-D.

    Args:
        recognizer: frozen network.
        reading: ``"statistics"`` (layers normalise by the batch and update their running mean and variance) or
            ``"parameters"`` (scale and shift learn with the generator).

    Returns:
        Parameters for the optimiser: empty for ``"statistics"``.

    Raises:
        LrfrError: the network has no batch norm, as dlib's has none.
    """
    layers = [m for m in recognizer.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    if not layers:
        raise LrfrError(
            "The batch-norm question needs a recogniser with batch norm, but this one has none: use facenet or sface."
        )
    if reading == "statistics":
        for layer in layers:
            layer.train()
        return []
    affine = [p for layer in layers for p in (layer.weight, layer.bias) if isinstance(p, nn.Parameter)]
    for parameter in affine:
        parameter.requires_grad_()
    return affine


def train(
    settings: Settings,
    dataset: FaceDataset,
    folder: Path,
    recognizer: Recognizer | None = None,
    start: Path | None = None,
) -> Path:
    """Run one phase, or resume it.

    Args:
        settings: what to do.
        dataset: HR faces.
        folder: of the run.
        recognizer: the frozen network of the FR loss (arm ``"fr"``).
        start: phase 1's ``weights.safetensors`` (phase 2).

    Returns:
        Path of the final ``weights.safetensors``.

    Raises:
        LrfrError: arm ``"fr"`` without recogniser or start weights, batch norm that moves in several processes;
            whatever :func:`lrfr.training.fit` raises.
    """
    if settings.arm == "fr" and (recognizer is None or start is None):
        raise LrfrError("The FR arm goes on from phase 1 with a recogniser: give both `recognizer` and `start`.")
    if (done := finished(folder, settings)) is not None:
        return done
    fabric = settings.schedule.fabric()
    model: nn.Module = SRResNet(settings.network)
    if start is not None:
        load_weights(model, start)
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    judge = recognizer.to(fabric.device) if settings.arm == "fr" and recognizer is not None else None
    faces = Faces(dataset, fabric.device, judge)  # embedded, and kept, by the frozen network: before batch norm moves
    moving = settings.batch_norm != "frozen" and judge is not None
    if moving and fabric.world_size > 1:  # nobody averages the recogniser's gradients or statistics
        raise LrfrError(f"Batch norm that moves is trained by one process, not by {fabric.world_size}.")
    also = release_batch_norm(judge, settings.batch_norm) if moving and judge is not None else []
    optimizer = torch.optim.Adam([*model.parameters(), *also], settings.schedule.learning_rate)
    model, optimizer = fabric.setup(model, optimizer)
    plan = settings.schedule
    batches = Batches(len(dataset), plan.batch_size, plan.seed, fabric.global_rank, fabric.world_size)
    weight = 0.0 if judge is None else starting_weight(settings, model, faces, judge)

    def step(number: int) -> dict[str, torch.Tensor]:
        index, flip = batches(number)
        hr = faces.hr(index, flip)
        lr = degradation.degrade(hr, settings.lr_size)
        sr = model(lr.contiguous(memory_format=torch.channels_last)).float()
        mse = mse_loss(sr, hr)
        if judge is None:
            descend(fabric, optimizer, mse)
            return {"loss": mse, "mse": mse}
        draws = batches.generator(number)
        seen = sr
        wanted = faces.target(settings.target, index, flip, draws)
        if settings.shift or moving:
            seen, there = moved(sr, hr, settings.shift, draws)
            if settings.target == "same":
                with torch.no_grad():
                    wanted = judge(there)
        fr = fr_loss(judge(seen), wanted)
        if settings.mirror:
            fr = (fr + fr_loss(judge(sr.flip(3)), faces.target(settings.target, index, ~flip, draws))) / 2
        loss = mse + weight * fr
        if settings.total_variation:
            loss = loss + settings.total_variation * total_variation(sr)
        descend(fabric, optimizer, loss)
        return {"loss": loss, "mse": mse, "fr": fr, "fr_share": (weight * fr / loss).detach()}

    modules = {"model": model, "judge": judge} if moving and judge is not None else {"model": model}
    running = Progressing(modules, {"adam": optimizer})
    derived = {} if judge is None else {"fr_weight": weight}
    return fit(folder, settings, settings.schedule, fabric, running, step, derived=derived)


def study(scale: int, seed: int) -> tuple[Settings, Settings, Settings]:
    """What this study trains on CelebA-299: (phase 1, phase 2 "fr", phase 2 "mse").

    Both arms of phase 2 share start weights, data order and steps. The scales do not: 4x has a shorter phase 1 and a
    longer phase 2, and nothing was chosen there. Everything was chosen on LFW View 1 at 8x
    (``data/results/frloss_pilots.csv``). The FR loss starts at .8 of the whole, where the paper has about .5. A phase 1
    four times as long as the other pilots' has the highest AUC of an LR probe with the network of the loss, but every
    paired interval to the shorter one includes 0. Phase 2 stops after 800 steps: three times as many (``pilot-long``,
    recorded without intervals) have no higher AUC with any network.
    """
    network = SRResNetSettings(scale)
    first, second = (9600, 800) if scale == 8 else (2400, 1600)
    base = Schedule(steps=first, batch_size=8, learning_rate=5e-4, warmup=100, seed=seed)
    after = replace(base, steps=second, learning_rate=2e-4, warmup=0, seed=seed + 1000)
    return (
        Settings(network, base),
        Settings(network, after, arm="fr", share=0.8),
        Settings(network, after, arm="mse"),
    )
