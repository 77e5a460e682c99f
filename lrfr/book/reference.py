"""The committed notebooks: what the smoke profile shows, without pictures, for nbval to compare with.

nbval never compares a cell whose ``execution_count`` is null, so a notebook made from text alone passes unread. The
reference is therefore an executed notebook. Its cells are those of the text (papermill's cell with the parameters is
left out: nbval takes the profile from ``LRFR_PROFILE``), and nothing in it depends on the machine.
"""

import tempfile
from pathlib import Path
from typing import Any

from lrfr.book.chapters import Chapter, chapters
from lrfr.book.execution import REPORTS, Parameters, execute
from lrfr.book.pairing import numbered, save
from lrfr.optional import require


def reference(only: str | None = None) -> list[Path]:
    """Write ``book/notebooks/NAME.ipynb`` anew for all chapters, or for one.

    A chapter that reports on the others is executed when they are written.

    Returns:
        The notebooks written.

    Raises:
        LrfrError: a chapter failed; see :func:`lrfr.book.execution.execute`.
    """
    wanted = chapters(only)
    with tempfile.TemporaryDirectory() as folder:
        for reports in (False, True):
            part = [chapter for chapter in wanted if (chapter.name in REPORTS) == reports]
            executed = execute(part, Parameters(profile="smoke", device="cpu"), out=Path(folder))
            for chapter in part:
                save(stripped(executed[chapter.name], chapter), chapter.notebook)
    return [chapter.notebook for chapter in wanted]


def stripped(executed: Path, chapter: Chapter) -> Any:
    """An executed notebook without pictures, without papermill's cell, its cells counted as nbval will run them."""
    notebook = require("nbformat", "book").read(executed, as_version=4)
    notebook.cells = [c for c in notebook.cells if "injected-parameters" not in c.metadata.get("tags", [])]
    count = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = count
            if "data" in output:
                output.data = {kind: data for kind, data in output.data.items() if not kind.startswith("image/")}
    return numbered(notebook, chapter.name)
