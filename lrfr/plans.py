"""Which trainings the study makes: their names, their order, what each starts from and what it needs beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lrfr.errors import LrfrError
from lrfr.networks.generators import AnyGenerator
from lrfr.networks.srresnet import SRResNetSettings
from lrfr.papers import combination, frloss, ftlgan, ipfsrgan, logexp, logexp_study, multiscale
from lrfr.paths import repo_root
from lrfr.training import Schedule

#: Brings the MSE (about .004 at 28 px, bicubic) to the perceptual loss's unit, where bicubic enlargement costs 1.
MSE_UNIT = 250.0

#: IP-FSRGAN, trained on from what is shipped.
LONGER = "ipfsrgan-pilot-longer"

#: The MSE training at 28 px that ftlgan's and ipfsrgan's RRDB generators start from.
RRDB_START = "ftlgan-28-s0-base"


def _through(loss: str, **known: str) -> dict[str, str]:
    return known | {name: f"transfer-{loss}-{name}" for name in ("sface", "mobilefacenet")}


#: Size and, by recogniser in the loss ("none": without identity), the run of each identity loss.
TRANSFER: dict[str, tuple[int, dict[str, str]]] = {
    "FR": (14, _through("fr", none="frloss-8x-s0-mse", dlib="frloss-8x-s0-fr")),
    "triplet": (14, _through("triplet", none="transfer-triplet-none", dlib="ftlgan-14-s0")),
    "cosine": (28, _through("cosine", none="transfer-cosine-none", dlib="ipfsrgan-pilot-no-rival")),
}

#: The one of these whose weights are shipped: a candidate among the combinations.
TAUGHT_BY_SFACE = TRANSFER["FR"][1]["sface"]

#: logexp's ablations whose weights are shipped all the same: Figs 1, 5 and 7 are drawn from them.
LOGEXP_SHIPPED = ("maug-logexp1", "maug-l1")

Settings = (
    frloss.Settings | ipfsrgan.Settings | ftlgan.Settings | logexp.Settings | multiscale.Settings | combination.Settings
)


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        name: of its folder below ``runs/`` and of its shipped weights.
        settings: of the paper's file.
        cost: ms an image on one CPU thread with bf16, from ``benchmarks/training.py``; for the ledger.
        after: the run whose weights it starts from.
        recognizer: the face network that its loss sees.
    """

    name: str
    settings: Settings
    cost: float
    after: str | None = None
    recognizer: str | None = None

    @property
    def images(self) -> int:
        """How many images it sees."""
        return self.settings.schedule.steps * self.settings.schedule.batch_size

    @property
    def lineage(self) -> int:
        """How many images its weights have learnt from, those of the runs that it starts from included."""
        return self.images + (find(self.after).lineage if self.after else 0)

    @property
    def phases(self) -> tuple[int, ...]:
        """Steps of the runs that it starts from, the first one first, and its own."""
        return (*(find(self.after).phases if self.after else ()), self.settings.schedule.steps)

    @property
    def minutes(self) -> float:
        """Estimate for one CPU thread."""
        return self.images * self.cost / 60_000

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        return repo_root() / "runs" / self.name

    @property
    def generator(self) -> AnyGenerator | None:
        """Shape of the generator that it trains; None where it trains a face network."""
        if isinstance(self.settings, logexp.Settings):
            return None
        return self.settings.network if isinstance(self.settings, frloss.Settings) else self.settings.generator


def planned() -> list[Run]:
    """Every training whose weights are shipped, in the order in which it is needed."""
    return [*_frloss(0), *_ftlgan(), *_ipfsrgan(), *_multiscale(), *_logexp(), *_combinations()]


def pilots() -> list[Run]:
    """What chose settings, further seeds and ablations: their numbers are kept, their weights are not."""
    return [
        *further_seeds(),
        *_frloss_pilots(),
        *_ipfsrgan_pilots(),
        *_ftlgan_ablations(),
        *_multiscale_ablations(),
        *_logexp_ablations(),
        *(run for run in _transfer() if run.name != TAUGHT_BY_SFACE),
    ]


def find(name: str) -> Run:
    """A planned run by name.

    Raises:
        LrfrError: there is none.
    """
    runs = {run.name: run for run in [*planned(), *pilots()]}
    if name not in runs:
        raise LrfrError(f"Expected one of the planned runs ({', '.join(runs)}), found '{name}'.")
    return runs[name]


def further_seeds() -> list[Run]:
    """frloss at 8x, trained twice more: does its gain depend on the draw?"""
    return [*_frloss(1, (8,)), *_frloss(2, (8,))]


def _frloss(seed: int, scales: Sequence[int] = (8, 4)) -> list[Run]:
    runs = []
    for scale in scales:
        costs = {8: (14, 23), 4: (16, 26)}[scale]
        name = f"frloss-{scale}x-s{seed}"
        base, fr, mse = frloss.study(scale, seed)
        runs += [
            Run(f"{name}-base", base, costs[0]),
            Run(f"{name}-fr", fr, costs[1], f"{name}-base", "dlib"),
            Run(f"{name}-mse", mse, costs[0], f"{name}-base"),
        ]
    return runs


def _frloss_pilots() -> list[Run]:
    """At 8x, judged on LFW View 1; each differs from the first in one thing. In ``data/results/frloss_pilots.csv``."""
    base = "pilot-base"
    network = SRResNetSettings(8)
    plan = Schedule(steps=800, batch_size=8, learning_rate=2e-4, seed=1000)
    first = frloss.Settings(network, plan, arm="fr")
    eighty = replace(first, share=0.8)
    start = Schedule(steps=2400, batch_size=8, learning_rate=5e-4, warmup=100)
    shuffled = SRResNetSettings(8, upsampling="shuffle")
    seen = {
        "share50": first,
        "shift4": replace(first, shift=4),
        "share80": eighty,
        "long": replace(eighty, schedule=replace(plan, steps=2400)),
        "share95": replace(first, share=0.95),
        "rate5": replace(eighty, schedule=replace(plan, learning_rate=5e-5)),
        "rate50": replace(eighty, schedule=replace(plan, learning_rate=5e-4)),
        "mirror": replace(eighty, mirror=True),
        "tv": replace(eighty, total_variation=0.02),
        "centroid": replace(eighty, target="centroid"),
        "other": replace(eighty, target="other"),
    }
    mse = replace(first, arm="mse")
    return [
        Run(base, frloss.Settings(network, start), 14),
        *(Run(f"pilot-{key}", settings, 23, base, "dlib") for key, settings in seen.items()),
        Run("pilot-mse", mse, 14, base),
        Run("pilot-mse-rate5", replace(mse, schedule=replace(plan, learning_rate=5e-5)), 14, base),
        Run("pilot-mse-rate50", replace(mse, schedule=replace(plan, learning_rate=5e-4)), 14, base),
        Run("pilot-longbase-base", frloss.Settings(network, replace(start, steps=9600)), 14),
        Run("pilot-longbase", eighty, 23, "pilot-longbase-base", "dlib"),
        Run("pilot-shuffle-base", frloss.Settings(shuffled, start), 14),
        Run("pilot-shuffle", replace(eighty, network=shuffled), 23, "pilot-shuffle-base", "dlib"),
    ]


def _ipfsrgan() -> list[Run]:
    costs = {"ip": 90, "esrgan": 85, "srgan": 90, "srcnn": 10, "ip-photo": 90, "ip-swapped": 90, "srcnn-l1": 10}
    starts = {"srcnn": None, "srcnn-l1": None, "srgan": "frloss-4x-s0-mse"}
    found = ipfsrgan.study(0)
    return [Run(f"ipfsrgan-s0-{k}", found[k], c, starts.get(k, RRDB_START), _judge(found[k])) for k, c in costs.items()]


def _ipfsrgan_pilots() -> list[Run]:
    """What chose the discriminator, the paper's start from nothing, and IP-FSRGAN trained on."""
    return [
        *(Run(f"ipfsrgan-pilot-{key}", s, 90, RRDB_START, "dlib") for key, s in ipfsrgan.pilots().items()),
        Run("ipfsrgan-pilot-scratch", ipfsrgan.study(0)["scratch"], 90, recognizer="dlib"),
        Run(LONGER, ipfsrgan.longer(0), 90, "ipfsrgan-s0-ip", "dlib"),
    ]


def _ftlgan() -> list[Run]:
    runs = []
    for px, cost in ((28, 20), (14, 10), (56, 70)):
        base, whole = ftlgan.study(112 // px, 0)
        runs.append(Run(f"ftlgan-{px}-s0-base", base, cost))
        runs.append(Run(f"ftlgan-{px}-s0", whole, 2 * cost + 50, f"ftlgan-{px}-s0-base", "dlib"))
    return runs


def _ftlgan_ablations() -> list[Run]:
    """Tables II and III at 28 px, the angular extractor in four trainings, and alpha against beta."""
    first = ftlgan.study(4, 0)[1]
    real = replace(first, camera=True, schedule=replace(first.schedule, steps=300))
    clean = replace(real, camera=False)
    sgd = replace(real, optimizer="sgd", schedule=replace(real.schedule, learning_rate=1e-2))
    ablations = {
        "base": real,
        "1": replace(clean, alpha=0.0),
        "2": replace(real, alpha=0.0),
        "3": replace(real, alpha=0.0, mse=0.8 * MSE_UNIT),
        "4": replace(real, mining="batch-hard"),
        "4-semi": replace(real, mining="semi-hard"),
        "base-sgd": sgd,
        "base-sgd-low": replace(sgd, schedule=replace(sgd.schedule, learning_rate=1e-3)),
        "alpha2": replace(clean, alpha=0.2, beta=0.8),
        "alpha8": clean,
        "alpha10": replace(clean, alpha=1.0, beta=0.0),
    }
    five = {
        "5-sgd": sgd,
        "5-sgd-low": ablations["base-sgd-low"],
        "5-adam": real,
        "5-clip": replace(real, clip=0.1),
        "5-cosine": replace(real, cosine=True),
    }
    return [
        *(Run(f"ftlgan-28-abl-{k}", s, 90, RRDB_START, "dlib" if s.beta else None) for k, s in ablations.items()),
        *(Run(f"ftlgan-28-abl-{k}", s, 120, RRDB_START, "mobilefacenet") for k, s in five.items()),
    ]


def _transfer() -> list[Run]:
    """Each identity loss through each packaged recogniser, and through none: the matrix of loss and evaluation.

    Where dlib is in the loss, or no identity, the papers' own runs stand in the matrix (:data:`TRANSFER`). Networks
    with an angular similarity have a triplet loss on cosines, as in ftlgan's ablation 5.
    """
    fr, triplet = frloss.study(8, 0)[1], ftlgan.study(8, 0)[1]
    cosine = ipfsrgan.pilots()["no-rival"]
    runs = [
        Run("transfer-triplet-none", replace(triplet, alpha=1.0, beta=0.0), 60, "ftlgan-14-s0-base"),
        Run("transfer-cosine-none", replace(cosine, identity=0.0), 60, RRDB_START),
    ]
    for name in ("sface", "mobilefacenet"):
        runs += [
            Run(f"transfer-fr-{name}", fr, 45, "frloss-8x-s0-base", name),
            Run(f"transfer-triplet-{name}", replace(triplet, cosine=True), 100, "ftlgan-14-s0-base", name),
            Run(f"transfer-cosine-{name}", cosine, 120, RRDB_START, name),
        ]
    return runs


def _multiscale() -> list[Run]:
    """Both losses or the pixels alone at all ten sizes, and a model each for 14 x 12 and 7 x 6."""
    return [
        Run(f"multiscale-s0-{key}", settings, 23 if settings.identity else 13, recognizer=_judge(settings))
        for key, settings in multiscale.study(0).items()
    ]


def _multiscale_ablations() -> list[Run]:
    """The other reading, the identity weighed more, the paper's own network, and ours without contracting paths."""
    return [
        Run(f"multiscale-abl-{key}", settings, 28 if key == "printed" else 23, recognizer=_judge(settings))
        for key, settings in multiscale.ablations().items()
    ]


def _combinations() -> list[Run]:
    """What none of the papers has: multiscale's U-Net with ftlgan's loss, and frloss's loss through SFace."""
    taught = [run for run in _transfer() if run.name == TAUGHT_BY_SFACE]
    return [Run("combine-unet-triplet", combination.study(0), 23, recognizer="dlib"), *taught]


def _judge(settings: ipfsrgan.Settings | multiscale.Settings) -> str | None:
    return "dlib" if settings.identity else None


def _logexp() -> list[Run]:
    """The recogniser that the book uses, and two of the paper's models for its figures."""
    short = logexp_study.ablations()
    found = {"robust": logexp_study.robust(), **{k: short[k] for k in LOGEXP_SHIPPED}}
    return [_fine_tuned(key, settings) for key, settings in found.items()]


def _logexp_ablations() -> list[Run]:
    return [_fine_tuned(k, s) for k, s in logexp_study.ablations().items() if k not in LOGEXP_SHIPPED]


def _fine_tuned(key: str, settings: logexp.Settings) -> Run:
    """Each face costs a forward and backward pass at HR and at LR, or at one of the two."""
    cost = 60 if settings.sees_hr and settings.sizes else 32
    return Run(f"logexp-{key}", settings, cost, recognizer="mobilefacenet")
