"""Which pages the book has, in which order, and where their files lie."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lrfr.errors import LrfrError
from lrfr.optional import require
from lrfr.paths import repo_root


@dataclass(frozen=True)
class Chapter:
    """A page with code: its text and its paired notebook."""

    name: str
    text: Path
    notebook: Path


def book_dir() -> Path:
    """``book/``: the chapters' texts."""
    return repo_root() / "book"


def pages() -> list[str]:
    """Names of all pages in the order of ``book/_toc.yml``; a page's ``sections`` follow it.

    Raises:
        LrfrError: the list names a page without a file, or a file is in no list.
    """
    toc = require("yaml", "book").safe_load((book_dir() / "_toc.yml").read_text())
    names = [toc["root"], *_listed(toc.get("chapters", ()))]
    files = {path.stem for pattern in ("*.py", "*.md") for path in book_dir().glob(pattern)}
    if set(names) != files:
        lost, extra = sorted(set(names) - files), sorted(files - set(names))
        raise LrfrError(
            f"book/_toc.yml and the files of book/ differ: listed without a file: {', '.join(lost) or 'none'}; "
            f"file without an entry: {', '.join(extra) or 'none'}: mend book/_toc.yml."
        )
    return names


def _listed(entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        yield entry["file"]
        yield from _listed(entry.get("sections", ()))


def chapters(only: str | None = None) -> list[Chapter]:
    """The pages with code, in order, or the one called ``only``.

    Raises:
        LrfrError: there is no such chapter.
    """
    root = book_dir()
    texts = [(name, root / f"{name}.py") for name in pages()]
    found = [Chapter(name, text, root / "notebooks" / f"{name}.ipynb") for name, text in texts if text.is_file()]
    chosen = [chapter for chapter in found if only in (None, chapter.name)]
    if not chosen:
        names = ", ".join(chapter.name for chapter in found)
        raise LrfrError(f"Expected a chapter out of {names}, found {only!r}: name one of these with --chapter.")
    return chosen
