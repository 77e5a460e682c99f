"""Text and notebook of a chapter in step.

``[tool.jupytext]`` in pyproject.toml pairs ``book/NAME.py`` with ``book/notebooks/NAME.ipynb``, so JupyterLab opens
either and saves both. The text is the source: where they differ, the notebook takes the text's cells and keeps the
outputs of those that did not change.
"""

from pathlib import Path
from typing import Any

from lrfr.book.chapters import Chapter, book_dir, chapters
from lrfr.errors import LrfrError
from lrfr.files import write_text
from lrfr.optional import require

#: What a committed notebook says of itself; nothing in it depends on the machine.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def read_text(chapter: Chapter) -> Any:
    """The chapter's text as a notebook without outputs, with cell ids that stay the same from reading to reading."""
    notebook = require("jupytext", "book").read(chapter.text, fmt="py:percent")
    return numbered(notebook, chapter.name)


def numbered(notebook: Any, name: str) -> Any:
    """Give the cells the ids ``NAME-00``, ``NAME-01``, ... and the notebook its plain metadata."""
    notebook.metadata = require("nbformat", "book").from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for index, cell in enumerate(notebook.cells):
        cell.id = f"{name}-{index:02d}"
    return notebook


def save(notebook: Any, path: Path) -> None:
    """Write a notebook, whole or not at all."""
    write_text(path, require("nbformat", "book").writes(notebook) + "\n")


def cells(notebook: Any) -> list[tuple[str, str, dict]]:
    """What text and notebook must share: type, source and metadata of each cell."""
    return [(cell.cell_type, cell.source, dict(cell.metadata)) for cell in notebook.cells]


def in_step(chapter: Chapter) -> bool:
    """Whether the paired notebook exists and holds the text's cells."""
    if not chapter.notebook.is_file():
        return False
    return cells(require("nbformat", "book").read(chapter.notebook, as_version=4)) == cells(read_text(chapter))


def strays() -> list[str]:
    """Notebooks without a text."""
    known = {chapter.notebook for chapter in chapters()}
    return sorted(path.name for path in (book_dir() / "notebooks").glob("*.ipynb") if path not in known)


def pair(check: bool = False) -> list[str]:
    """Bring every notebook in step with its text, or only look whether it is.

    Args:
        check: change nothing.

    Returns:
        Names of the chapters that were out of step.

    Raises:
        LrfrError: with ``check``, some chapter is out of step; or a notebook has no text.
    """
    if lost := strays():
        raise LrfrError(f"Notebooks without a text in book/: {', '.join(lost)}: remove them or write their chapter.")
    apart = [chapter for chapter in chapters() if not in_step(chapter)]
    if check and apart:
        names = ", ".join(chapter.name for chapter in apart)
        raise LrfrError(f"Text and notebook differ in {names}: run `lrfr pair`, then `lrfr reference`.")
    for chapter in apart:
        _update(chapter)
    return [chapter.name for chapter in apart]


def _update(chapter: Chapter) -> None:
    combine = require("jupytext.combine", "book").combine_inputs_with_outputs
    notebook = read_text(chapter)
    if chapter.notebook.is_file():
        old = require("nbformat", "book").read(chapter.notebook, as_version=4)
        notebook = numbered(combine(notebook, old, fmt={"extension": ".py", "format_name": "percent"}), chapter.name)
    save(notebook, chapter.notebook)
