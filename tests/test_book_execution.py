"""Executing chapters, laying out pages, serving them: on small chapters of the test's own."""

import json
import re
import shutil
import subprocess
import sys
import urllib.request
from dataclasses import replace

import nbformat
import pytest

from lrfr import book, chapter, figures
from lrfr.book import execution, serving, site
from lrfr.book import reference as references
from lrfr.book.chapters import Chapter, book_dir
from lrfr.book.execution import Parameters, execute
from lrfr.book.reference import stripped
from lrfr.errors import LrfrError

HEAD = '# %% tags=["parameters"]\nprofile = None\nseed = 0\ndevice = "auto"\ndata_root = None\n\n'

SHARED = execution._shared_inputs  # as it is, whatever the fixture below puts in its place


def small(tmp_path, name, body):
    text = tmp_path / f"{name}.py"
    text.write_text(f"# %% [markdown]\n# # {name}\n\n{HEAD}{body}")
    return Chapter(name, text, tmp_path / "notebooks" / f"{name}.ipynb")


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """One chapter executed in smoke with seed 3, and where."""
    folder = tmp_path_factory.mktemp("book")
    body = '# %%\nimport os\nprint(profile, seed, os.environ["PYTHONHASHSEED"], os.environ.get("LRFR_PROFILE"))\n'
    one = small(folder, "one", body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execution, "_shared_inputs", lambda: [])  # the package may change while it is tested
        paths = execute([one], Parameters("smoke", seed=3), out=folder / "out")
        yield one, folder / "out", nbformat.read(paths["one"], as_version=4)


@pytest.mark.slow
def test_parameters_reach_the_chapter_and_nothing_of_the_machine_its_notebook(executed):
    _, _, notebook = executed
    assert notebook.cells[-1].outputs[0].text == "smoke 3 0 None\n"
    assert notebook.metadata == execution.METADATA
    assert not [cell for cell in notebook.cells if set(cell.metadata) - {"tags"}], "timings differ from run to run"


@pytest.mark.slow
def test_what_did_not_change_is_not_executed_again(executed, monkeypatch):
    one, out, _ = executed

    def refuse(*_):
        raise AssertionError("executed")

    monkeypatch.setattr(execution, "_run", refuse)
    assert execute([one], Parameters("smoke", seed=3), out=out) == {"one": out / "one.ipynb"}
    for changed in (Parameters("smoke", seed=4), Parameters("demo", seed=3)):
        with pytest.raises(AssertionError, match="executed"):
            execute([one], changed, out=out)
    with pytest.raises(AssertionError, match="executed"):
        execute([one], Parameters("smoke", seed=3), out=out, fresh=True)


def test_fingerprint_follows_text_data_code_and_weights(tmp_path, monkeypatch):
    for folder in ("lrfr", "data/checkpoints", "lrfr/book"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    code, weights, data, other = (
        tmp_path / p
        for p in ("lrfr/a.py", "data/checkpoints/w.safetensors", "data/results.csv", "lrfr/book/serving.py")
    )
    for file in (code, weights, data, other):
        file.write_text("1")
    monkeypatch.setattr(execution, "_shared_inputs", SHARED)
    monkeypatch.setattr(execution, "repo_root", lambda: tmp_path)
    monkeypatch.setattr(execution, "data_dir", lambda: tmp_path / "data")
    one = small(tmp_path, "one", "")
    seen = {execution.fingerprint(one, Parameters())}
    for file in (code, weights, data, one.text):
        file.write_text(file.read_text() + "\n# 22\n")
        seen.add(execution.fingerprint(one, Parameters()))
    assert len(seen) == 5
    other.write_text("2")
    assert execution.fingerprint(one, Parameters()) in seen, "the book's own machinery changes no result"


def test_a_chapter_that_reports_on_others_follows_their_notebooks(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "_shared_inputs", list)
    monkeypatch.setattr(execution, "REPORTS", ("two",))
    one, two = (small(tmp_path, name, "") for name in ("one", "two"))
    before = [execution.fingerprint(c, Parameters()) for c in (one, two)]
    two.notebook.parent.mkdir()
    two.notebook.write_text("its own")
    assert [execution.fingerprint(c, Parameters()) for c in (one, two)] == before
    one.notebook.write_text("another's")
    after = [execution.fingerprint(c, Parameters()) for c in (one, two)]
    assert after[0] == before[0] and after[1] != before[1]


def test_it_is_executed_when_the_others_are_written(tmp_path, monkeypatch):
    found = [small(tmp_path, name, "") for name in ("coverage", "one", "two")]
    said = []
    monkeypatch.setattr(references, "chapters", lambda only: found)
    monkeypatch.setattr(
        references, "execute", lambda part, *_, **__: said.append([c.name for c in part]) or {c.name: c for c in part}
    )
    monkeypatch.setattr(references, "stripped", lambda executed, chapter: chapter.name)
    monkeypatch.setattr(references, "save", lambda notebook, path: said.append(notebook))
    assert references.reference() == [c.notebook for c in found]
    assert said == [["one", "two"], "one", "two", ["coverage"], "coverage"]


@pytest.mark.slow
def test_a_failing_cell_is_one_sentence_and_what_ran_is_kept(tmp_path):
    body = '# %%\nprint("before")\n\n# %%\nwanted = [1]\nwanted[5]\n\n# %%\nprint("after")\n'
    one = small(tmp_path, "one", body)
    with pytest.raises(LrfrError) as raised:
        execute([one], Parameters("smoke"), out=tmp_path / "out")
    sentence = str(raised.value)
    assert sentence.startswith(
        "Chapter one failed in the cell at line 14 of book/one.py (`wanted = [1]`): IndexError: "
    )
    assert "\n" not in sentence
    kept = nbformat.read(tmp_path / "out" / "one.failed.ipynb", as_version=4)
    outputs = [output for cell in kept.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [o.output_type for o in outputs] == ["stream", "error"]
    assert not (tmp_path / "out" / "one.ipynb").exists()
    assert not (tmp_path / "out" / "one.stamp").exists()


@pytest.mark.slow
def test_a_dying_process_is_told(tmp_path):
    one = small(tmp_path, "one", "# %%\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    with pytest.raises(LrfrError, match="Chapter one failed in a cell: DeadKernelError"):
        execute([one], Parameters("smoke"), out=tmp_path / "out")


def figure_output(name, caption="What to see."):
    mark = {"caption": caption, "alt": "a line", "name": name, "width": 300}
    return [
        nbformat.v4.new_output("display_data", {"image/png": "iVBORw0KGgo=", "text/plain": "[figure: a line]"}),
        nbformat.v4.new_output(
            "display_data", {"text/markdown": caption, "text/plain": caption}, metadata={book.FIGURE_MARK: mark}
        ),
    ]


def notebook_with(*cells):
    return nbformat.v4.new_notebook(cells=list(cells), metadata=execution.METADATA)


def test_captions_join_their_pictures():
    table = nbformat.v4.new_output("display_data", {"text/html": "<table></table>", "text/plain": "t"})
    cell = nbformat.v4.new_code_cell("draw()", outputs=[*figure_output("a"), *figure_output("b"), table])
    parts = site.dressed(notebook_with(cell)).cells
    assert [p.metadata.get("mystnb", {}).get("figure", {}).get("name") for p in parts] == ["a", "b", None]
    assert [len(p.outputs) for p in parts] == [1, 1, 1]
    assert [p.metadata.get("tags", []) for p in parts] == [[], ["remove-input"], ["remove-input"]]
    assert parts[0].metadata["mystnb"]["image"] == {"alt": "a line", "width": "300px"}


def test_parameters_are_no_part_of_a_page():
    cells = [
        nbformat.v4.new_code_cell("seed = 0", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("data_root = '/somewhere'", metadata={"tags": ["injected-parameters"]}),
        nbformat.v4.new_code_cell("1 + 1"),
    ]
    dressed = site.dressed(notebook_with(*cells))
    assert [c.source for c in dressed.cells] == ["seed = 0", "1 + 1"]
    assert dressed.cells[0].metadata["tags"] == ["parameters", "remove-cell"]


def test_a_reference_has_no_picture_and_its_own_counts(tmp_path):
    cells = [
        nbformat.v4.new_code_cell("seed = 0", metadata={"tags": ["parameters"]}, execution_count=1),
        nbformat.v4.new_code_cell("seed = 1", metadata={"tags": ["injected-parameters"]}, execution_count=2),
        nbformat.v4.new_code_cell("draw()", outputs=figure_output("a", "AUC 0.9"), execution_count=3),
    ]
    nbformat.write(notebook_with(*cells), tmp_path / "executed.ipynb")
    one = Chapter("one", tmp_path / "one.py", tmp_path / "one.ipynb")
    reference = stripped(tmp_path / "executed.ipynb", one)
    assert [c.execution_count for c in reference.cells] == [1, 2]
    assert [c.id for c in reference.cells] == ["one-00", "one-01"]
    assert [set(o.data) for o in reference.cells[1].outputs] == [{"text/plain"}, {"text/markdown", "text/plain"}]
    assert json.loads(nbformat.writes(reference))["metadata"] == execution.METADATA


@pytest.mark.slow
def test_sphinx_complaints_end_the_build(tmp_path, monkeypatch):
    """A page with a broken cross-reference is refused, with the sentence that Sphinx said."""
    shutil.copytree(book_dir() / "_static", tmp_path / "_static")
    (tmp_path / "index.md").write_text("# A page\n\nSee {numref}`nowhere`.\n")
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    (tmp_path / "references.bib").write_text("")
    for module in ("chapters", "site"):
        monkeypatch.setattr(f"lrfr.book.{module}.book_dir", lambda: tmp_path)
    with pytest.raises(LrfrError, match=r"could not render.*nowhere.*site.log"):
        site.site({}, out=tmp_path / "build" / "site")
    assert not (tmp_path / "build" / "site").exists()


def test_serving_says_what_to_build(tmp_path):
    with pytest.raises(LrfrError, match=r"found none: run `make book`"):
        serving.server(tmp_path)


def test_serving_shows_the_pages_and_names_a_taken_port(tmp_path):
    (tmp_path / "index.html").write_text("<h1>Faces</h1>")
    with serving.served(tmp_path) as address:
        with urllib.request.urlopen(f"{address}/index.html", timeout=10) as answer:
            assert answer.read() == b"<h1>Faces</h1>"
        port = int(address.rsplit(":", 1)[1])
        with pytest.raises(LrfrError, match=f"Port {port} of localhost is not free"):
            serving.server(tmp_path, port)


def test_settings_of_a_chapter(monkeypatch, tmp_path):
    monkeypatch.delenv("LRFR_PROFILE", raising=False)
    monkeypatch.delenv("LRFR_DATA", raising=False)
    assert chapter.resolve(None, 0, "cpu", None).profile == "demo"
    monkeypatch.setenv("LRFR_PROFILE", "smoke")
    smoke = chapter.resolve(None, 7, "cpu", None)
    assert (smoke.profile, smoke.seed, smoke.own_data) == ("smoke", 7, False)
    assert chapter.resolve("demo", 7, "cpu", None) != replace(smoke, profile="demo"), "profiles differ in their budget"
    assert chapter.resolve("study", 0, "cpu", tmp_path).data_root == tmp_path


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("lavish", "cpu", None), "Expected a profile out of smoke, demo, study, paper, found 'lavish'"),
        (("demo", "tpu", None), "Expected the device auto, cpu or cuda, found 'tpu'"),
        (("demo", "cpu", "/no/such/folder"), "there is no such folder"),
        (("study", "cpu", None), "neither LRFR_DATA nor --data-root"),
    ],
)
def test_wrong_settings_are_one_sentence(arguments, sentence, monkeypatch):
    monkeypatch.delenv("LRFR_DATA", raising=False)
    profile, device, root = arguments
    with pytest.raises(LrfrError, match=re.escape(sentence)):
        chapter.resolve(profile, 0, device, root)


def displayed(monkeypatch):
    """Collects what would be displayed: (data, metadata)."""
    import IPython.display

    shown = []
    monkeypatch.setattr(
        IPython.display, "display", lambda data, raw=False, metadata=None: shown.append((data, metadata))
    )
    return shown


@pytest.mark.parametrize(
    ("value", "fmt", "text"), [(0.94649, ".3f", "0.946"), (-0.0001, ".3f", "0.000"), (1234, ",d", "1,234")]
)
def test_glued_numbers_are_plain_text(value, fmt, text, monkeypatch):
    import myst_nb

    glued = {}
    monkeypatch.setattr(myst_nb, "glue", lambda name, thing, display: glued.update({name: (thing, display)}))
    chapter.glue_number("auc", value, fmt)
    assert glued == {"auc": (text, False)}


def test_glued_text_arrives_as_written():
    """MyST-NB evaluates what it pastes: an unquoted 2,800 would become (2, 800), and 0.50 would become 0.5."""
    from IPython.core.formatters import format_display_data
    from myst_nb.core.variables import format_plain_text

    for text in ("2,800", "0.50", "lie apart", "12%"):
        assert format_plain_text(format_display_data(text)[0]["text/plain"], "s") == text


def test_a_figure_is_shown_with_caption_and_alt_text(monkeypatch):
    from matplotlib import pyplot

    shown = displayed(monkeypatch)
    figures.use_style()
    figure, axis = pyplot.subplots()
    axis.plot([0, 1])
    figures.show(figure, caption="AUC is 0.9.", alt="a rising line", name="one-line")
    (picture, _), (caption, metadata) = shown
    assert picture["image/png"].startswith(b"\x89PNG")
    assert picture["text/plain"] == "[figure: a rising line]"
    assert caption["text/markdown"] == "AUC is 0.9."
    assert metadata[book.FIGURE_MARK]["name"] == "one-line"
    assert not pyplot.get_fignums(), "a shown figure is closed"


def test_the_book_reads_its_commands_without_heavy_packages():
    """`lrfr --help`, and a book that is up to date, answer at once."""
    code = "import sys, lrfr.cli, lrfr.book.execution, lrfr.book.site; print({'torch', 'pandas'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"
