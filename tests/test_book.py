"""The committed notebooks: in step with their text, executed, without pictures, and really compared."""

import ast
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import jupytext
import nbformat
import pytest
from nbval_runner import run_nbval

from lrfr.book import pairing
from lrfr.book.chapters import book_dir, chapters
from lrfr.book.pairing import METADATA
from lrfr.errors import LrfrError
from lrfr.paths import repo_root

CHAPTERS = chapters()
by_name = pytest.mark.parametrize("chapter", CHAPTERS, ids=[c.name for c in CHAPTERS])

#: The line that every set-up cell prints; its numbers are no result.
SETUP = re.compile(r"Profile \w+, seed \d+\.")
DIGIT = re.compile(r"\d(?=\D*$)", re.DOTALL)  # the last digit of a text


def read(chapter):
    return nbformat.read(chapter.notebook, as_version=4)


def code_cells(chapter):
    return [cell for cell in read(chapter).cells if cell.cell_type == "code"]


def ignored(cell):
    """Whether nbval was told to look away."""
    tags = {tag.lower().replace("_", "-") for tag in cell.metadata.get("tags", [])}
    said = cell.source.upper().replace("_", "-")
    return bool(tags & {"nbval-ignore-output", "nbval-skip"}) or "# NBVAL-IGNORE-OUTPUT" in said or "NBVAL-SKIP" in said


def compared_texts(output):
    """The places of an output that nbval compares: (holder, key)."""
    if output.output_type == "stream":
        return [(output, "text")] if output.name == "stdout" else []
    kinds = [kind for kind in output.get("data", {}) if isinstance(output.data[kind], str)]
    return [(output.data, kind) for kind in kinds if not kind.startswith("image/")]


def spoil_last_number(cell):
    """Change one digit among what nbval compares of a cell; False where it holds no number of the study."""
    for output in reversed(cell.outputs):
        for holder, key in compared_texts(output):
            kept = SETUP.sub("", holder[key])
            if found := DIGIT.search(kept):
                spoilt = kept[: found.start()] + str((int(found.group()) + 1) % 10) + kept[found.end() :]
                holder[key] = holder[key].replace(kept, spoilt) if kept == holder[key] else spoilt
                return True
    return False


def numeric_cells(chapter):
    """Numbers (among the code cells, from 0) of the cells that compare a number."""
    cells = code_cells(chapter)
    return [i for i, cell in enumerate(cells) if not ignored(cell) and spoil_last_number(deepcopy(cell))]


def test_every_text_has_its_notebook_and_no_notebook_is_astray():
    assert pairing.strays() == []
    assert pairing.pair(check=True) == []


def test_pairing_notices_a_changed_cell(tmp_path):
    chapter = CHAPTERS[0]
    text, notebook = tmp_path / f"{chapter.name}.py", tmp_path / f"{chapter.name}.ipynb"
    notebook.write_bytes(chapter.notebook.read_bytes())
    text.write_text(chapter.text.read_text())
    copy = type(chapter)(chapter.name, text, notebook)
    assert pairing.in_step(copy)
    text.write_text(chapter.text.read_text() + "\n# %%\nseed + 1\n")
    assert not pairing.in_step(copy)


@by_name
def test_jupyterlab_opens_either_and_saves_both(chapter, tmp_path):
    """Through the contents manager that jupytext puts into JupyterLab, with the project's own pyproject.toml."""
    shutil.copy(repo_root() / "pyproject.toml", tmp_path)
    shutil.copytree(book_dir(), tmp_path / "book")
    manager = jupytext.TextFileContentsManager(root_dir=str(tmp_path))
    text = manager.get(f"book/{chapter.name}.py", type="notebook")
    notebook = manager.get(f"book/notebooks/{chapter.name}.ipynb", type="notebook")
    sources = [[cell.source for cell in model["content"].cells] for model in (text, notebook)]
    assert sources[0] == sources[1]
    notebook["content"].cells[0].source += "\n\nA sentence typed in JupyterLab."
    manager.save(notebook, f"book/notebooks/{chapter.name}.ipynb")
    after = (tmp_path / "book" / f"{chapter.name}.py").read_text()
    assert after.count("#\n# A sentence typed in JupyterLab.\n") == 1
    untouched = after.replace("#\n# A sentence typed in JupyterLab.\n", "")
    assert untouched == chapter.text.read_text(), "saving in JupyterLab changes nothing but what was typed"
    assert not list((tmp_path / "book" / "notebooks").glob("*.py"))


@by_name
def test_notebook_was_executed(chapter):
    """nbval passes a cell without an execution count unread."""
    counts = [cell.execution_count for cell in code_cells(chapter)]
    assert counts == list(range(1, len(counts) + 1))


@by_name
def test_notebook_carries_no_picture_no_error_no_machine(chapter):
    for cell in code_cells(chapter):
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", output.text
            assert not [kind for kind in output.get("data", {}) if kind.startswith("image/")]
    text = chapter.notebook.read_text()
    assert "data:image" not in text
    assert "iVBORw0KGgo" not in text
    assert read(chapter).metadata == METADATA
    assert not re.search(r"(?<![\w.])/(home|work|root|tmp|Users|opt|usr|mnt)/", text), "a path of a machine"
    assert not re.search(r"\blocalhost\b|\b127\.0\.0\.1\b", text)
    assert len(text) < 400_000


@by_name
def test_at_least_five_cells_compare_numbers(chapter):
    assert len(numeric_cells(chapter)) >= 5


@by_name
def test_only_cells_that_assert_may_hide_their_output(chapter):
    for cell in code_cells(chapter):
        if ignored(cell):
            assert "assert " in cell.source, f"nobody checks what this cell shows:\n{cell.source}"


@pytest.fixture(scope="module")
def reproduced(request):
    """What nbval says of each chapter that is asked for: two at a time, since a kernel keeps one core busy."""
    name = test_chapter_reproduces_its_notebook.__name__
    asked = [
        item.callspec.params["chapter"] for item in request.session.items if getattr(item, "originalname", "") == name
    ]
    pool = ThreadPoolExecutor(2)
    yield {chapter.name: pool.submit(run_nbval, chapter.notebook) for chapter in asked}
    pool.shutdown(cancel_futures=True)


@pytest.mark.slow
@by_name
def test_chapter_reproduces_its_notebook(chapter, reproduced):
    outcome = reproduced[chapter.name].result()
    assert not outcome.failed, outcome.text
    assert not outcome.skipped
    assert outcome.passed[chapter.name] == list(range(len(code_cells(chapter)))), outcome.text


def replay(cell):
    """A cell that shows again what another showed, at once and without computing it."""
    lines = ["from IPython.display import display as _show"]
    for output in cell.outputs:
        if output.output_type == "stream":
            lines.append(f"print({output.text!r}, end='')")
        else:
            lines.append(f"_show({dict(output.data)!r}, raw=True)")
    return nbformat.v4.new_code_cell("\n".join(lines), execution_count=1, outputs=cell.outputs)


@pytest.mark.slow
def test_a_changed_number_fails_in_every_numeric_cell(tmp_path):
    """Replays of the notebooks pass; with one digit changed in each numeric cell, exactly those cells fail."""
    wanted = {}
    for chapter in CHAPTERS:
        honest = nbformat.v4.new_notebook(cells=[replay(c) for c in code_cells(chapter)], metadata=METADATA)
        spoilt = deepcopy(honest)
        for index in numeric_cells(chapter):
            assert spoil_last_number(spoilt.cells[index])
        nbformat.write(honest, tmp_path / f"honest_{chapter.name}.ipynb")
        nbformat.write(spoilt, tmp_path / f"spoilt_{chapter.name}.ipynb")
        wanted[f"spoilt_{chapter.name}"] = numeric_cells(chapter)
    outcome = run_nbval(*tmp_path.glob("*.ipynb"))
    assert outcome.failed == wanted, outcome.text
    for chapter in CHAPTERS:
        assert outcome.passed[f"honest_{chapter.name}"] == list(range(len(code_cells(chapter))))


@pytest.mark.slow
def test_a_changed_number_fails_when_really_executed(tmp_path):
    """No replay: the shortest chapter, executed, against a reference with one digit changed."""
    chapter = min(CHAPTERS, key=lambda c: len(code_cells(c)))
    notebook = read(chapter)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    target = numeric_cells(chapter)[-1]
    assert spoil_last_number(cells[target])
    nbformat.write(notebook, tmp_path / f"{chapter.name}.ipynb")
    outcome = run_nbval(tmp_path / f"{chapter.name}.ipynb")
    assert outcome.failed == {chapter.name: [target]}, outcome.text


TYPED = re.compile(r"(?<![\w/])\d*\.\d+|\d+(\.\d+)?\s?%|\d+\.\d+e[+-]?\d+")


#: Numbers that are names: licences, the level of every interval in the book, a paper's sections.
NAMES = re.compile(r"Apache-2\.0|CC BY 4\.0|95 % interval|Secs?\.? \d\.\d((,| and) \d\.\d)*")


def typed_numbers(prose):
    """Decimals and percentages in a text, apart from names, code, link targets and roles."""
    prose = NAMES.sub(" ", prose)
    prose = re.sub(r"```.*?```|`[^`]*`", " ", prose, flags=re.DOTALL)
    prose = re.sub(r"\]\([^)]*\)|<https?://[^>]*>|https?://\S+", "]", prose)
    return [match.group() for match in TYPED.finditer(prose)]


def prose_of(chapter):
    """All that a chapter says: its text cells, and the sentences among its strings (captions, alt texts)."""
    for cell in jupytext.read(chapter.text).cells:
        if cell.cell_type != "code":
            yield cell.source
            continue
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.count(" ") >= 3:
                yield node.value


@by_name
def test_no_number_is_typed_into_prose(chapter):
    """A result in a sentence comes from a variable: {glue:text}, or an f-string in a caption."""
    assert [found for text in prose_of(chapter) for found in typed_numbers(text)] == []


@pytest.mark.parametrize("page", sorted(book_dir().glob("*.md")), ids=lambda p: p.stem)
def test_no_number_is_typed_into_a_page(page):
    assert typed_numbers(page.read_text()) == []


def test_typed_numbers_are_found():
    assert typed_numbers("An AUC of 0.95, up 3 % from .92.") == ["0.95", "3 %", ".92"]
    assert typed_numbers("At 14 px, see [it](https://a.org/1.2) and `x = 0.5`, {glue:text}`auc`, FAR 1e-3.") == []


def test_a_long_chapter_has_pages_below_it(monkeypatch, tmp_path):
    more = "  sections:\n  - file: more\n    sections:\n    - file: most\n"
    toc = f"format: jb-book\nroot: index\nchapters:\n- file: first\n{more}- file: last\n"
    (tmp_path / "_toc.yml").write_text(toc)
    order = ["index", "first", "more", "most", "last"]
    for name in order:
        (tmp_path / f"{name}.py").write_text("")
    monkeypatch.setattr("lrfr.book.chapters.book_dir", lambda: tmp_path)
    assert [c.name for c in chapters()] == order
    (tmp_path / "more.py").unlink()
    with pytest.raises(LrfrError, match="without a file: more"):
        chapters()


def test_contents_and_files_agree(monkeypatch, tmp_path):
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: index\nchapters:\n- file: lost\n  sections:\n  - file: below\n"
    )
    (tmp_path / "index.py").write_text("")
    (tmp_path / "stray.md").write_text("")
    monkeypatch.setattr("lrfr.book.chapters.book_dir", lambda: tmp_path)
    with pytest.raises(LrfrError, match=r"without a file: below, lost;.*without an entry: stray"):
        chapters()
