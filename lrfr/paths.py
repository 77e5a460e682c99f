"""Where things lie: the project's own data, the shared cache, and the reader's data sets."""

import os
from pathlib import Path

from lrfr.errors import LrfrError


def repo_root() -> Path:
    """The checkout that holds this package (the folder with ``data/`` and ``book/``).

    Raises:
        LrfrError: the package was installed without its checkout.
    """
    root = Path(__file__).resolve().parents[1]
    if not (root / "data" / "assets.toml").is_file():
        raise LrfrError(
            f"lrfr needs the checkout it comes from, with data/assets.toml in it, but {root} has none: "
            "clone the project and install it with `make env`."
        )
    return root


def data_dir() -> Path:
    """The project's ``data/``: asset list, published tables, recorded results, checkpoints."""
    return repo_root() / "data"


def build_dir() -> Path:
    """Everything generated goes here; git ignores it."""
    return repo_root() / "build"


def cache_dir() -> Path:
    """Downloaded networks and faces, prepared crops. ``LRFR_CACHE`` overrides ``~/.cache/lrfr``."""
    chosen = os.environ.get("LRFR_CACHE")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "lrfr"


def dataset_root() -> Path | None:
    """The reader's own data sets (``LRFR_DATA``), or None where it is not set.

    Expected below it: ``lfw/``, ``celeba/`` (or ``celeba-299/``) and what else ``data/README.md`` lists, in their
    official layouts.
    """
    chosen = os.environ.get("LRFR_DATA")
    return Path(chosen).expanduser() if chosen else None
