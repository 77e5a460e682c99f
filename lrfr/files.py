"""Files written whole or not at all."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from lrfr.errors import LrfrError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path``, renamed onto it when the block ends well and removed when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def clear(folder: Path) -> None:
    """Remove the temporary files that processes left in :func:`replacing` when they were killed, and nothing else."""
    for part in folder.glob(".*." + "[0-9a-f]" * 8):
        part.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, busy: str = "") -> Iterator[None]:
    """Hold a lock file alone; the system lets go of it when the process ends, however it ends.

    Args:
        path: of the file, which is left behind.
        busy: what to say where another process holds it; without it this one waits.

    Raises:
        LrfrError: another process holds it, and ``busy`` is said.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (fcntl.LOCK_NB if busy else 0))
        except BlockingIOError:
            raise LrfrError(busy) from None
        yield


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Write as JSON with sorted keys."""
    write_text(path, json.dumps(content, indent=1, sort_keys=True) + "\n")


def read_json(path: Path, mend: str) -> Any:
    """What :func:`write_json` wrote.

    Args:
        path: of the file.
        mend: end of the error: how to get a whole one.

    Raises:
        LrfrError: it is not there, or is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LrfrError(f"Expected {path}, found none: {mend}.") from None
    except ValueError as error:  # no JSON, or not even text
        raise LrfrError(f"{path} is damaged ({error}): {mend}.") from None
