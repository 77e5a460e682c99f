"""Files and folders written whole or not at all."""

import os
import shutil
from pathlib import Path
from uuid import uuid4


def write_text(path: Path, text: str) -> None:
    """Write beside the target, then rename onto it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def swap_folder(new: Path, place: Path) -> None:
    """Put a finished folder where another may lie; for a moment there is none, but never half a one."""
    place.parent.mkdir(parents=True, exist_ok=True)
    old = place.with_name(f".{place.name}.old-{uuid4().hex[:8]}")
    if place.exists():
        os.replace(place, old)
    os.replace(new, place)
    shutil.rmtree(old, ignore_errors=True)
