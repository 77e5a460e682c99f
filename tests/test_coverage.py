"""The coverage of the papers: nothing left out, every line borne out, and what is wrong with a line is said."""

import ast
import json
import re
from dataclasses import replace

import pytest

from lrfr import coverage, datasets, published
from lrfr.book.chapters import book_dir, pages
from lrfr.coverage import NEEDS, NO, RECOMPUTED, STAND_IN
from lrfr.errors import LrfrError
from lrfr.paths import data_dir

ENTRIES = coverage.everything()
#: Tables, figures and numbered claims of each paper, as the papers and the chapters' claims tables count them.
TABLES = {"frloss": 3, "ipfsrgan": 4, "multiscale": 4, "logexp": 6, "ftlgan": 3}
FIGURES = {"frloss": 7, "ipfsrgan": 7, "multiscale": 2, "logexp": 7, "ftlgan": 8}
CLAIMS = {"frloss": 5, "ipfsrgan": 20, "multiscale": 15, "logexp": 30, "ftlgan": 22}
ROMAN = ("I", "II", "III", "IV")
ARABIC = ("ipfsrgan", "logexp")
by_paper = pytest.mark.parametrize("paper", coverage.PAPERS)
by_entry = pytest.mark.parametrize("entry", ENTRIES, ids=[f"{e.paper}-{e.item}-{i}" for i, e in enumerate(ENTRIES)])


def items(paper):
    return {e.item for e in ENTRIES if e.paper == paper}


def source(page):
    return (book_dir() / f"{page}.py").read_text()


def named(text, paper):
    """What a text calls its figures, tables and claims, as patterns: an f-string stands for all that it can become."""
    patterns = {f"{paper}-claim-{n}" for n in numbers(text)}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and str(node.value).startswith(f"{paper}-"):
            patterns.add(re.escape(node.value))
        if isinstance(node, ast.keyword) and node.arg in ("name", "place") and isinstance(node.value, ast.JoinedStr):
            parts = node.value.values
            patterns.add("".join(re.escape(p.value) if isinstance(p, ast.Constant) else "[a-z0-9-]+" for p in parts))
    return patterns


def numbers(text):
    """Numbers of the claims that a page decides: ``(C4, C16)`` at the end of a claim."""
    return {int(n) for end in re.findall(r"\(([^()]*\bC\d+)\)[\"']", text) for n in re.findall(r"\bC(\d+)\b", end)}


def of_paper(page):
    return page.split("_")[0]


# Nothing is left out


@by_paper
def test_every_table_is_there(paper):
    called = [str(n) if paper in ARABIC else ROMAN[n - 1] for n in range(1, TABLES[paper] + 1)]
    assert {i for i in items(paper) if i.startswith("Table")} == {f"Table {n}" for n in called}
    assert set(published.load(paper)["table"]) <= set(range(1, TABLES[paper] + 1))


@by_paper
def test_every_figure_is_there(paper):
    found = {int(re.findall(r"\d+", i)[0]) for i in items(paper) if i.startswith("Figure")}
    assert found == set(range(1, FIGURES[paper] + 1))


@by_paper
def test_every_numbered_claim_is_there_once_and_leads_to_its_row(paper):
    claims = [e for e in ENTRIES if e.paper == paper and e.is_claim]
    assert [e.item for e in claims] == [f"Claim {n}" for n in range(1, CLAIMS[paper] + 1)]
    (page,) = {e.page for e in claims if e.has_row}
    decided = {int(e.item.removeprefix("Claim ")) for e in claims if e.has_row}
    assert decided == numbers(source(page)), "the claims table of the page and the lines differ"


def test_papers_and_files_agree():
    assert {p.stem for p in (data_dir() / "coverage").glob("*.csv")} == set(coverage.PAPERS) == set(published.papers())


def test_only_seven_sets_may_be_needed_and_a_table_that_needs_one_is_answered_otherwise_too():
    assert {n for e in ENTRIES for n in e.needs} <= set(datasets.ACCESS)
    assert len(datasets.ACCESS) == 7
    for entry in ENTRIES:
        if entry.status == NEEDS and not entry.is_claim:
            beside = [e.status for e in ENTRIES if (e.paper, e.item) == (entry.paper, entry.item)]
            assert STAND_IN in beside, f"{entry} has no stand-in"


# Every line is borne out


@by_entry
def test_a_cell_is_named_in_its_page(entry):
    patterns = named(source(entry.page), of_paper(entry.page))
    assert any(re.fullmatch(pattern, entry.cell) for pattern in patterns)


@by_entry
def test_a_line_is_borne_out(entry):
    """Its cell was executed, its row is recorded, its status is what the verdict allows."""
    coverage.check(entry)
    assert (coverage.row(entry) is None) == (not entry.key)
    assert entry.link == f"{entry.page}.html#{entry.cell}" and coverage.measured(entry)
    assert entry.page in pages()


def test_names_are_unique_in_the_book():
    for page in pages():
        if (book_dir() / "notebooks" / f"{page}.ipynb").is_file():
            names = coverage.outputs(page).names
            assert len(names) == len(set(names)), page
            assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names), "Sphinx would change others"


def test_verdicts_are_those_of_the_executed_claims_table():
    notebook = json.loads((book_dir() / "notebooks" / "ipfsrgan_claims.ipynb").read_text())
    plain = next(
        "".join(output["data"]["text/plain"])
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
        if "".join(output.get("data", {}).get("text/plain", "")).startswith("The claims of ipfsrgan")
    )
    found = coverage.outputs("ipfsrgan_claims").verdicts
    for number, said in re.findall(r"\(C(\d+)\).*?\s(yes|in part|no|not decided|not tested)$", plain, re.MULTILINE):
        assert found[f"ipfsrgan-claim-{number}"] == said
    assert found["ipfsrgan-claim-16"] == found["ipfsrgan-claim-4"], "one row for both"


def test_a_name_that_no_page_has_is_not_found():
    text = 'figures.show(f, name="frloss-a")\nfigures.show_table(t, name=f"frloss-t-{x}")\nglue(f"frloss-{y}")\n'
    found = named(text + 'Claim("It is so (Table I, C7)")', "frloss")
    hits = [n for n in ("frloss-a", "frloss-t-3", "frloss-claim-7", "frloss-b", "frloss-claim-8") if
            any(re.fullmatch(p, n) for p in found)]  # fmt: skip
    assert hits == ["frloss-a", "frloss-t-3", "frloss-claim-7"]


# What is wrong is said


@pytest.fixture
def one():
    return next(e for e in ENTRIES if e.page == "frloss" and e.source == "frloss")


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """Writes a coverage file with one line and reads it."""

    def read(entry):
        (tmp_path / "coverage").mkdir()
        line = ",".join(f'"{getattr(entry, column)}"' for column in coverage.COLUMNS)
        (tmp_path / "coverage" / "frloss.csv").write_text(f"{','.join(coverage.COLUMNS)}\n{line}\n")
        monkeypatch.setattr(coverage, "data_dir", lambda: tmp_path)
        return coverage.load("frloss")

    return read


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": "done"}, "a status out of recomputed, stand-in, .*found 'done'"),
        ({"status": NEEDS, "note": "lfw"}, "only the sets scface, .* found lfw: give the closest stand-in"),
        ({"status": NEEDS, "note": ""}, "found none"),
        ({"status": NO, "note": ""}, "why it cannot be judged"),
        ({"cell": ""}, "one of them empty"),
        ({"source": "live"}, "has no key"),
        ({"key": "lfw"}, "a key such as"),
    ],
)
def test_a_faulty_line_is_refused(planted, one, changed, said):
    with pytest.raises(LrfrError, match=rf"Line 2 of data/coverage/frloss\.csv, frloss, Table I.*{said}"):
        planted(replace(one, **changed))


def test_a_line_that_is_right_is_read_as_written(planted, one):
    assert planted(one) == [one]


def test_a_line_twice_other_columns_and_no_paper_are_refused(tmp_path, monkeypatch):
    with pytest.raises(LrfrError, match=r"one of the papers frloss, .* found 'srgan'"):
        coverage.load("srgan")
    text = (data_dir() / "coverage" / "frloss.csv").read_text().splitlines(keepends=True)
    (tmp_path / "coverage").mkdir()
    monkeypatch.setattr(coverage, "data_dir", lambda: tmp_path)
    (tmp_path / "coverage" / "frloss.csv").write_text("".join([*text[:2], text[1]]))
    with pytest.raises(LrfrError, match="stands there twice"):
        coverage.load("frloss")
    (tmp_path / "coverage" / "frloss.csv").write_text("a,b\n1,2\n")
    with pytest.raises(LrfrError, match="but has a, b"):
        coverage.load("frloss")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"cell": "frloss-table-9"}, "shows nothing called frloss-table-9"),
        ({"key": "set=lfw;px=3"}, r"frloss\.csv has no row with set=lfw;px=3"),
        ({"key": "size=3"}, "names size, which no column"),
        ({"source": "lost"}, "found none: `lrfr record` makes it"),
    ],
)
def test_a_line_that_nothing_bears_out_is_refused(one, changed, said):
    coverage.check(one)
    with pytest.raises(LrfrError, match=said):
        coverage.check(replace(one, **changed))


def test_a_status_against_the_verdict_is_refused():
    untested = next(e for e in ENTRIES if coverage.verdicts(e) == [coverage.UNTESTED])
    tested = next(e for e in ENTRIES if coverage.verdicts(e) == ["yes"])
    for entry, status in ((untested, RECOMPUTED), (tested, NO)):
        coverage.check(entry)
        with pytest.raises(LrfrError, match=f"its status is '{status}', but the claims table says"):
            coverage.check(replace(entry, status=status, source="live", key=""))


def test_a_page_without_a_notebook_is_one_sentence():
    with pytest.raises(LrfrError, match=r"notebook nowhere\.ipynb in book/notebooks, found none: run `lrfr reference`"):
        coverage.outputs("nowhere")


# The page


def test_counts_and_verdicts_count_every_line_once():
    assert coverage.counts(ENTRIES).to_numpy().sum() == len(ENTRIES)
    held = coverage.held(ENTRIES).set_index("paper")
    assert held["claims"].to_dict() == CLAIMS
    assert (held.drop(columns="claims").sum(axis=1) == held["claims"]).all()
    assert held.loc["frloss", ["yes", "no", "neither"]].sum() > 0


def test_a_claim_is_measured_or_read_or_neither():
    by_name = {(e.paper, e.item): coverage.outcome(e) for e in ENTRIES if e.is_claim}
    assert by_name["logexp", "Claim 16"] == by_name["ipfsrgan", "Claim 5"] == coverage.PRINTED
    assert by_name["ipfsrgan", "Claim 6"] == by_name["ipfsrgan", "Claim 7"] == coverage.UNTESTED
    assert by_name["multiscale", "Claim 11"] == coverage.UNTESTED, "its verdict says so, though a number is quoted"
    for entry in ENTRIES:
        if entry.is_claim and coverage.outcome(entry) in ("yes", "no"):
            assert entry.source not in (coverage.PUBLISHED, coverage.READING)
            assert coverage.row(entry) is not None or entry.source == coverage.LIVE


def test_the_table_leads_to_the_cells_and_shows_one_number_of_each():
    own = coverage.load("ipfsrgan")
    table, links = coverage.shown(own)
    assert links["item"] == [e.link for e in own if not e.is_claim]
    casia = table[(table["item"] == "Table 1") & table["status"].str.startswith(NEEDS)].iloc[0]
    assert casia["status"] == "needs data: CASIA-WebFace"
    assert casia["one row behind it"].startswith("published, Table 1: CASIA, IP-FSRGAN: ")
    lfw = table[table["what"] == "PSNR and SSIM: LFW"].iloc[0]
    value = float(coverage.row(next(e for e in own if e.what == "PSNR and SSIM: LFW"))["value"])
    assert f"psnr {value:.3f} [" in lfw["one row behind it"]
    assert lfw["status"] == "recomputed: LFW, photographs of View 2"
    claims, _ = coverage.shown(own, claims=True)
    assert len(claims) == CLAIMS["ipfsrgan"] and "no" in set(claims["holds here?"])
