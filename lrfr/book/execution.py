"""Run chapters: papermill in a process per chapter, side by side, skipping what would come out the same."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from lrfr.book.chapters import Chapter
from lrfr.book.pairing import METADATA, read_text, save
from lrfr.errors import LrfrError
from lrfr.files import write_text
from lrfr.optional import require
from lrfr.paths import build_dir, data_dir, repo_root

#: Chapters that report on the committed notebooks of all others: those are inputs of theirs, and written before.
REPORTS = ("coverage", "protocol")


@dataclass(frozen=True)
class Parameters:
    """What papermill hands to a chapter; see :func:`lrfr.chapter.start`."""

    profile: str = "demo"
    seed: int = 0
    device: str = "auto"
    data_root: str | None = None


def executed_dir(profile: str) -> Path:
    """Where a profile's executed notebooks lie."""
    return build_dir() / "executed" / profile


def execute(
    wanted: Sequence[Chapter], parameters: Parameters, out: Path | None = None, fresh: bool = False
) -> dict[str, Path]:
    """Execute chapters whose inputs changed since they were last executed with these parameters.

    Inputs are the chapter's text, the package's code, everything in ``data/`` and the pinned versions. The longest text
    is begun first, as the likeliest to take longest. Progress is shown on a terminal only.

    Args:
        wanted: the chapters.
        parameters: for all of them.
        out: folder of the executed notebooks; default :func:`executed_dir` of the profile.
        fresh: execute even what did not change.

    Returns:
        Chapter name -> executed notebook.

    Raises:
        LrfrError: a cell failed; the sentence names chapter, cell and error. What ran is kept as ``NAME.failed.ipynb``.
    """
    place = out or executed_dir(parameters.profile)
    stamps = {chapter.name: fingerprint(chapter, parameters) for chapter in wanted}
    stale = [c for c in wanted if fresh or not _is_current(place / f"{c.name}.ipynb", stamps[c.name])]
    if stale:
        require("papermill", "book")
        place.mkdir(parents=True, exist_ok=True)
        jobs = min(len(stale), os.cpu_count() or 1)
        with _Bars() as bars, ThreadPoolExecutor(jobs) as pool, tempfile.TemporaryDirectory() as scratch:
            environment = kernel_environment(Path(scratch), jobs)
            stale.sort(key=lambda c: c.text.stat().st_size, reverse=True)
            runs = [
                pool.submit(_run, c, parameters, place, stamps[c.name], environment, bars.add(c.name)) for c in stale
            ]
            for run in runs:
                run.result()
    return {chapter.name: place / f"{chapter.name}.ipynb" for chapter in wanted}


def fingerprint(chapter: Chapter, parameters: Parameters) -> str:
    """A hash of all that decides what a chapter shows."""
    digest = hashlib.sha256(chapter.text.read_bytes())
    digest.update(json.dumps([asdict(parameters), sys.version_info[:3], _shared_inputs()]).encode())
    if chapter.name in REPORTS:
        for notebook in sorted(chapter.notebook.parent.glob("*.ipynb")):
            if notebook != chapter.notebook:
                digest.update(notebook.read_bytes())
    return digest.hexdigest()


def _shared_inputs() -> list[tuple[str, str]]:
    root, package = repo_root(), repo_root() / "lrfr"
    code = [p for p in package.rglob("*.py") if p.parent != package / "book" and p != package / "cli.py"]
    data = [p for p in data_dir().rglob("*") if p.is_file() and not p.name.startswith(".")]
    lock = [p for p in [root / "requirements.lock"] if p.is_file()]
    return [
        (p.relative_to(root).as_posix(), _hash(p, (s := p.stat()).st_mtime_ns, s.st_size))
        for p in sorted(code + data + lock)
    ]


@cache
def _hash(path: Path, changed: int, size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_current(notebook: Path, stamp: str) -> bool:
    noted = notebook.with_suffix(".stamp")
    return notebook.is_file() and noted.is_file() and noted.read_text() == stamp


def kernel_environment(scratch: Path, jobs: int = 1) -> dict[str, str]:
    """The environment of a chapter's kernel: nothing of the reader's own Jupyter set-up, and steady numbers.

    Args:
        scratch: an empty folder that takes the place of the reader's Jupyter and IPython settings.
        jobs: chapters that run side by side share the processors; two threads are the least, so that the last chapter
            left has both of a small machine.
    """
    environment = dict(os.environ)
    environment.setdefault("OMP_NUM_THREADS", str(max(2, min(8, (os.cpu_count() or 1) // jobs))))
    environment.update(
        OMP_WAIT_POLICY="PASSIVE",
        GOMP_SPINCOUNT="0",
        PYTHONHASHSEED="0",
        CUBLAS_WORKSPACE_CONFIG=":4096:8",
        PYDEVD_DISABLE_FILE_VALIDATION="1",
        JUPYTER_PREFER_ENV_PATH="1",
        JUPYTER_PLATFORM_DIRS="1",
        JUPYTER_CONFIG_DIR=str(scratch / "jupyter"),
        JUPYTER_DATA_DIR=str(scratch / "jupyter-data"),
        IPYTHONDIR=str(scratch / "ipython"),
        TQDM_DISABLE="1",
        NO_COLOR="1",
        COLUMNS="120",
    )
    for name in ("LRFR_PROFILE", "MPLBACKEND", "MATPLOTLIBRC", "PYTHONSTARTUP"):
        environment.pop(name, None)
    return environment


def _run(
    chapter: Chapter,
    parameters: Parameters,
    place: Path,
    stamp: str,
    environment: dict[str, str],
    advance: Callable[..., None],
) -> None:
    with tempfile.TemporaryDirectory(prefix=f".{chapter.name}-", dir=place) as folder:
        source, target = Path(folder) / "source.ipynb", Path(folder) / "executed.ipynb"
        save(read_text(chapter), source)
        command = [sys.executable, "-m", "lrfr.book.worker", str(source), str(target), json.dumps(asdict(parameters))]
        error: dict[str, Any] | None = None
        with ExitStack() as stack:
            log = stack.enter_context((Path(folder) / "log").open("w+"))
            process = stack.enter_context(
                subprocess.Popen(
                    command, cwd=repo_root(), env=environment, stdout=subprocess.PIPE, stderr=log, text=True
                )
            )
            for line in process.stdout or ():
                record = json.loads(line)
                error = record.get("error", error)
                advance(total=record.get("cells"), completed=record.get("cell"))
            status = process.wait()
            log.seek(0)
            tail = log.read().strip().splitlines()[-1:]
        kept = place / f"{chapter.name}.failed.ipynb"
        if status != 0:
            if target.is_file():
                shutil.move(target, kept)
            raise LrfrError(_sentence(chapter, error, status, tail, kept))
        kept.unlink(missing_ok=True)
        (place / f"{chapter.name}.stamp").unlink(missing_ok=True)  # never a new notebook under an old stamp
        save(_cleaned(target), place / f"{chapter.name}.ipynb")
        write_text(place / f"{chapter.name}.stamp", stamp)


def _sentence(chapter: Chapter, error: dict[str, Any] | None, status: int, tail: list[str], kept: Path) -> str:
    if error is None:
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        return f"The process that runs chapter {chapter.name} {how}; it said last: {' '.join(tail) or 'nothing'}"
    first = next((line for line in (error.get("source") or "").splitlines() if line.strip()), "")
    line = _line_of(chapter, error.get("source") or "")
    where = f"the cell at line {line} of book/{chapter.text.name} (`{first}`)" if line else "a cell"
    saying = error["text"] if error["kind"] == "LrfrError" else f"{error['kind']}: {error['text']}"
    return (
        f"Chapter {chapter.name} failed in {where}: {' '.join(saying.split()).rstrip('.')}. "
        f"What ran until then is kept in {kept}."
    )


def _line_of(chapter: Chapter, source: str) -> int | None:
    """Line of the text at which a cell begins, 1-based."""
    text = chapter.text.read_text()
    at = text.find(source) if source.strip() else -1
    return text.count("\n", 0, at) + 1 if at >= 0 else None


def _cleaned(path: Path) -> Any:
    """The executed notebook without timings and paths, which differ from run to run."""
    notebook = require("nbformat", "book").read(path, as_version=4)
    notebook.metadata = require("nbformat", "book").from_dict(METADATA)
    for cell in notebook.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags", True):  # papermill gives every cell an empty list
            del cell.metadata["tags"]
    return notebook


class _Bars:
    """A progress bar per chapter, silent where stderr is no terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"))
        self._progress = Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal)
        self._lock = Lock()

    def __enter__(self) -> "_Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def add(self, name: str) -> Callable[..., None]:
        """A function that advances the chapter's bar."""
        task = self._progress.add_task(name, total=None)

        def advance(total: int | None = None, completed: int | None = None) -> None:
            with self._lock:
                self._progress.update(task, total=total, completed=completed)

        return advance
