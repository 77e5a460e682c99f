"""What every chapter of the book starts with: its four parameters, resolved once, and numbers for its prose.

A chapter's first two cells are

    # %% tags=["parameters"]
    profile = None  # smoke, demo (the default), study or paper
    seed = 0
    device = "auto"
    data_root = None  # the folder with lfw/ and celeba/

    # %% tags=["hide-input"]
    from lrfr import chapter, figures

    run = chapter.start(profile, seed, device, data_root)

papermill (``lrfr book``) writes its own values below the first cell. Opened by hand, None means LRFR_PROFILE or demo.
"""

import logging
import os
import random
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from lrfr.errors import LrfrError
from lrfr.optional import require
from lrfr.paths import dataset_root

Profile = Literal["smoke", "demo", "study", "paper"]
PROFILES: tuple[Profile, ...] = get_args(Profile)
OWN_DATA: tuple[Profile, ...] = ("study", "paper")


@dataclass(frozen=True)
class Settings:
    """How much a chapter does and where.

    Attributes:
        profile: smoke (seconds, for tests), demo (shipped weights, packaged faces), study (LFW and CelebA), paper (the
            same, and where a chapter has it a training by the paper's settings on its faces, of ``steps`` steps or of
            as many as the paper says).
        seed: of every draw; already given to torch, numpy and random.
        device: ``"cpu"`` or ``"cuda"``.
        data_root: the reader's data sets, or None.
        n_images: at most so many faces of a set are used; None is all of them.
        replicates: draws of a bootstrap interval.
        steps: of a live training.
    """

    profile: Profile
    seed: int
    device: str
    data_root: Path | None
    n_images: int | None
    replicates: int
    steps: int

    @property
    def own_data(self) -> bool:
        """Whether the profile reads the reader's own LFW and CelebA."""
        return self.profile in OWN_DATA


_BUDGET: dict[Profile, tuple[int | None, int, int]] = {
    "smoke": (80, 100, 6),
    "demo": (None, 1000, 60),
    "study": (None, 2000, 400),
    "paper": (None, 2000, 20000),
}


def start(
    profile: str | None = None, seed: int = 0, device: str = "auto", data_root: str | Path | None = None
) -> Settings:
    """Resolve a chapter's parameters, seed every generator, set the figures' style, and say in one line what runs.

    Args:
        profile: one of ``PROFILES``; None takes ``LRFR_PROFILE``, or demo.
        seed: of every draw.
        device: ``"auto"`` (the accelerator where there is one), ``"cpu"`` or ``"cuda"``.
        data_root: sets ``LRFR_DATA`` for this chapter.

    Raises:
        LrfrError: unknown profile or device, no such folder, or a profile that needs data where there are none.
    """
    settings = resolve(profile, seed, device, data_root)
    if settings.data_root is not None:
        os.environ["LRFR_DATA"] = str(settings.data_root)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (libraries that still draw from the global generator)
    import torch

    torch.manual_seed(seed)
    torch.backends.cudnn.benchmark = False
    for name in ("lightning", "matplotlib", "torch"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    warnings.filterwarnings("ignore", message="IProgress not found")  # tqdm, inside facenet-pytorch
    from lrfr import figures

    figures.use_style()
    print(f"Profile {settings.profile}, seed {settings.seed}.")
    return settings


def resolve(profile: str | None, seed: int, device: str, data_root: str | Path | None) -> Settings:
    """The settings of :func:`start`, without touching anything."""
    import torch

    chosen, where = checked(profile, device, data_root)
    if device == "cuda" and not torch.cuda.is_available():
        raise LrfrError("The device cuda was asked for, but this machine offers none to torch: use `--device auto`.")
    resolved = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    n_images, replicates, steps = _BUDGET[chosen]
    return Settings(chosen, int(seed), resolved, where, n_images, replicates, steps)


def checked(profile: str | None, device: str, data_root: str | Path | None) -> tuple[Profile, Path | None]:
    """The profile and the folder of the reader's data sets, or the sentence that says what is wrong with them.

    Needs no torch: the command line asks it before anything is loaded.
    """
    chosen = profile or os.environ.get("LRFR_PROFILE") or "demo"
    known = next((name for name in PROFILES if name == chosen), None)
    if known is None:
        raise LrfrError(f"Expected a profile out of {', '.join(PROFILES)}, found {chosen!r}: try `--profile demo`.")
    if device not in ("auto", "cpu", "cuda"):
        raise LrfrError(f"Expected the device auto, cpu or cuda, found {device!r}: try `--device auto`.")
    where = Path(data_root).expanduser() if data_root else dataset_root()
    if where is not None and not where.is_dir():
        raise LrfrError(f"Expected data sets below {where}, but there is no such folder: set LRFR_DATA or --data-root.")
    if known in OWN_DATA and where is None:
        raise LrfrError(
            f"The profile {known} reads LFW and CelebA from your disk, but neither LRFR_DATA nor --data-root says "
            "where they lie: give the folder that holds lfw/ and celeba/, or use `--profile demo`."
        )
    return known, where


def glue_number(name: str, value: float, fmt: str = ".3f") -> None:
    """Hand a number to the prose: write ``{glue:text}`NAME``` in a text cell. Shown nowhere else.

    Args:
        name: unique within the chapter.
        value: the number.
        fmt: a format specification (``".3f"``, ``"d"``, ``".1%"``), coarse enough that every processor prints the same.
    """
    text = format(value, fmt)
    if text.startswith("-") and not any(c in "123456789" for c in text):
        text = text[1:]  # no minus sign before a rounded zero
    glue_text(name, text)


def glue_text(name: str, text: str) -> None:
    """Hand a computed word or an interval to the prose, as :func:`glue_number` does a number."""
    require("myst_nb", "book").glue(name, text, display=False)
