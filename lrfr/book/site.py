"""From executed notebooks to pages: what Sphinx reads is laid out in a folder of its own, then rendered offline."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any
from uuid import uuid4

from lrfr.book import FIGURE_MARK, INTERACTIVE
from lrfr.book.chapters import book_dir, pages
from lrfr.book.pairing import save
from lrfr.errors import LrfrError
from lrfr.files import write_text
from lrfr.optional import require
from lrfr.paths import build_dir, repo_root


def site_dir() -> Path:
    """The rendered pages."""
    return build_dir() / "site"


def site(executed: Mapping[str, Path], out: Path | None = None) -> Path:
    """Render the book; a warning of Sphinx is an error. Pages that would come out the same are left as they are.

    Args:
        executed: chapter name -> executed notebook, for every chapter.
        out: folder of the pages, default ``build/site``; what Sphinx reads lies beside it as ``build/site-src``.

    Returns:
        The folder with ``index.html``.

    Raises:
        LrfrError: Sphinx refused; the sentence holds its first complaint and names the log.
    """
    place = out or site_dir()
    stamp, noted = _fingerprint(executed), place.with_name(f"{place.name}.stamp")
    if (place / "index.html").is_file() and noted.is_file() and noted.read_text() == stamp:
        return place
    require("jupyter_book", "book")
    noted.unlink(missing_ok=True)
    source = place.with_name(f"{place.name}-src")
    assemble(executed, source)
    with tempfile.TemporaryDirectory(prefix=f".{place.name}-", dir=place.parent) as folder:
        rendered = _render(source, Path(folder), place.with_name(f"{place.name}.log"))
        _swap(rendered, place)
    write_text(noted, stamp)
    return place


def assemble(executed: Mapping[str, Path], source: Path) -> None:
    """Lay out what Sphinx reads: notebooks, Markdown pages, contents, bibliography, static files; no text twins."""
    source.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{source.name}-", dir=source.parent) as folder:
        new = Path(folder) / "src"
        new.mkdir()
        for name in pages():
            if name in executed:
                save(dressed(require("nbformat", "book").read(executed[name], as_version=4)), new / f"{name}.ipynb")
            elif (book_dir() / f"{name}.md").is_file():
                shutil.copy(book_dir() / f"{name}.md", new)
            else:
                raise LrfrError(f"Chapter {name} was not executed: run `lrfr book --chapter {name}` first.")
        for file in ("_toc.yml", "references.bib"):
            shutil.copy(book_dir() / file, new)
        shutil.copytree(book_dir() / "_static", new / "_static")
        shutil.copy(repo_root() / "_config.yml", new)
        _swap(new, source)


def dressed(notebook: Any) -> Any:
    """A notebook as the page shows it: parameters hidden, each marked caption joined to its picture.

    papermill's own cell goes altogether, since a page can be downloaded as a notebook and the cell may name a folder.
    """
    cells = []
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type != "code":
            cells.append(cell)
        elif "injected-parameters" not in tags:
            if "parameters" in tags:
                cell.metadata["tags"] = sorted(tags | {"remove-cell"})
            cells += _split(cell)
    notebook.cells = cells
    for index, cell in enumerate(notebook.cells):
        cell.id = f"cell-{index:03d}"
    return notebook


def _split(cell: Any) -> list[Any]:
    """One cell per captioned figure: MyST-NB takes a figure's caption from the metadata of its cell."""
    parts: list[Any] = []
    outputs: list[Any] = []
    for output in cell.outputs:
        mark = output.get("metadata", {}).get(FIGURE_MARK)
        if mark is None:
            outputs.append(output)
            continue
        parts.append(_part(cell, outputs, bool(parts), mark))
        outputs = []
    if outputs or not parts:
        parts.append(_part(cell, outputs, bool(parts), None))
    return parts


def _part(cell: Any, outputs: list[Any], later: bool, mark: dict[str, Any] | None) -> Any:
    part = deepcopy(cell)
    part.outputs = outputs
    if later:
        part.metadata["tags"] = sorted({*part.metadata.get("tags", []), "remove-input"})
    if mark is not None:
        figure = {"caption": mark["caption"], "align": "center"}
        if mark["name"]:
            figure["name"] = mark["name"]
        part.metadata["mystnb"] = {"figure": figure, "image": {"alt": mark["alt"], "width": f"{mark['width']}px"}}
    return part


def _swap(new: Path, place: Path) -> None:
    """Put a finished folder where another may lie; for a moment there is none, but never half a one."""
    old = place.with_name(f".{place.name}.old-{uuid4().hex[:8]}")
    if place.exists():
        os.replace(place, old)
    os.replace(new, place)
    shutil.rmtree(old, ignore_errors=True)


def _fingerprint(executed: Mapping[str, Path]) -> str:
    """A hash of all that decides what the pages look like."""
    root, book = repo_root(), book_dir()
    files = [p for pattern in ("*.md", "*.bib", "*.yml", "_static/**/*") for p in book.glob(pattern) if p.is_file()]
    files += [root / "_config.yml", root / "requirements.lock", *Path(__file__).parent.glob("*.py"), *executed.values()]
    digest = hashlib.sha256()
    for path in sorted(files):
        content = path.read_bytes() if path.is_file() else b""
        digest.update(f"{path.relative_to(root) if path.is_relative_to(root) else path}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _render(source: Path, folder: Path, log: Path) -> Path:
    start = "from jupyter_book.cli.main import main; main()"  # has no -m entry, and the script may be off the PATH
    command = [sys.executable, "-c", start, "build", str(source), "--path-output", str(folder)]
    command += ["--config", str(source / "_config.yml"), "--toc", str(source / "_toc.yml"), "-W", "--keep-going", "-q"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stderr + done.stdout)
    write_text(log, said)
    rendered = folder / "_build" / "html"
    if done.returncode != 0 or not (rendered / "index.html").is_file():
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        complaint = next((line for line in lines if "WARNING" in line or "ERROR" in line), lines[-1] if lines else "")
        raise LrfrError(f"Jupyter Book could not render the pages: {complaint} (the whole log: {log})")
    _bring_plotly(rendered)
    return rendered


def _bring_plotly(rendered: Path) -> None:
    """plotly.js beside the pages where one draws with it; Jupyter Book would have put it into the head of each."""
    if any(f'class="{INTERACTIVE}"' in page.read_text(encoding="utf-8") for page in rendered.glob("*.html")):
        package = Path(require("plotly", "book").__file__).parent
        shutil.copy(package / "package_data" / "plotly.min.js", rendered / "_static")
