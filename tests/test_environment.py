"""Lock, ranges, conda file, bootstrap and imports say the same thing."""

import ast
import hashlib
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, version
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import lrfr
from lrfr.paths import repo_root

ROOT = repo_root()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CORE = [Requirement(text) for text in PROJECT["dependencies"]]
EXTRAS = {name: [Requirement(t) for t in texts] for name, texts in PROJECT["optional-dependencies"].items()}


def read_lock(name: str) -> dict[str, tuple[str, list[str]]]:
    """Version and sorted hashes of each package of a lock."""
    locked = {}
    for block in re.split(r"\n(?=\S)", (ROOT / name).read_text().strip()):
        match = re.match(r"([A-Za-z0-9._-]+)==(\S+)", block)
        assert match, f"{name} holds something other than an exact pin: {block[:80]!r}"
        locked[canonicalize_name(match[1])] = (match[2], sorted(re.findall(r"--hash=sha256:([0-9a-f]{64})\b", block)))
    return locked


LOCK = read_lock("requirements.lock")
DISTRIBUTIONS = packages_distributions()


def test_every_pin_of_the_lock_has_hashes():
    assert len(LOCK) > 100
    assert [name for name, (_, hashes) in LOCK.items() if not hashes] == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements.bootstrap.lock", "requirements.in"])
def test_no_address_in_a_lock(name):
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash=)", text, re.MULTILINE), "an option such as --index-url"


def test_what_is_asked_for_is_locked():
    lines = [line for line in (ROOT / "requirements.in").read_text().splitlines() if line and line[0] != "#"]
    for requirement in map(Requirement, lines):
        locked, _ = LOCK[canonicalize_name(requirement.name)]
        assert locked in requirement.specifier, f"{requirement} is locked at {locked}: run `make lock`"


@pytest.mark.parametrize("requirement", [*CORE, *chain(*EXTRAS.values())], ids=str)
def test_range_holds_the_locked_version(requirement):
    locked, _ = LOCK[canonicalize_name(requirement.name)]
    assert locked in requirement.specifier


@pytest.mark.parametrize("requirement", [*CORE, *chain(*EXTRAS.values())], ids=str)
def test_a_range_has_two_ends(requirement):
    assert {part.operator for part in requirement.specifier} == {">=", "<"}


def test_bootstrap_is_the_locked_uv():
    assert read_lock("requirements.bootstrap.lock") == {"uv": LOCK["uv"]}


def test_conda_file_takes_the_lock():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    *others, from_pip = conda["dependencies"]
    assert from_pip == {"pip": ["-r requirements.lock"]}
    assert set(others) == {"python=3.11", "pip"}
    assert "3.11" in SpecifierSet(PROJECT["requires-python"])


def test_running_environment_is_the_lock():
    """With `make env`; another environment only has to fit the ranges, and says so in a skip."""
    if Path(sys.prefix).resolve() != (ROOT / ".venv").resolve():
        pytest.skip("this Python is not the .venv that `make env` makes")
    names = {requirement.name for requirement in CORE} | {"uv", "ruff", "mypy", "pytest"}
    assert {n: version(n) for n in names} == {n: LOCK[canonicalize_name(n)][0] for n in names}


def imports(file: Path) -> list[tuple[str, str | None]]:
    """Top-level names that a file imports, with the extra they need (None: imported together with the file)."""
    found: list[tuple[str, str | None]] = []
    tree = ast.parse(file.read_text())
    lazy = {id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f)}
    lazy |= {
        id(n)
        for i in ast.walk(tree)
        if isinstance(i, ast.If) and "TYPE_CHECKING" in ast.dump(i.test)
        for n in ast.walk(i)
    }
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        found += [(name.split(".")[0], "any" if id(node) in lazy else None) for name in names]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "require":
            module, extra = (ast.literal_eval(argument) for argument in node.args)
            found.append((module.split(".")[0], extra))
    return found


@pytest.mark.parametrize("file", sorted((ROOT / "lrfr").rglob("*.py")), ids=lambda f: f.relative_to(ROOT).as_posix())
def test_every_import_is_declared(file):
    core = {canonicalize_name(requirement.name) for requirement in CORE}
    declared = {extra: core | {canonicalize_name(r.name) for r in names} for extra, names in EXTRAS.items()}
    declared["any"] = set().union(*declared.values())
    for module, extra in imports(file):
        if module in sys.stdlib_module_names or module in ("lrfr", "__future__"):
            continue
        owners = {canonicalize_name(name) for name in DISTRIBUTIONS.get(module, [module])}
        allowed = core if extra is None else declared[extra]
        place = "dependencies" if extra is None else f"an extra ({extra})"
        assert owners & allowed, f"{file.name} imports {module}, which pyproject.toml does not declare in {place}"


def test_workflow_runs_the_same_commands():
    workflow = yaml.safe_load((ROOT / ".github/workflows/book.yml").read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run", "make book"]
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"]) for step in steps if "uses" in step)
    (upload,) = [step for step in steps if "upload-pages-artifact" in step.get("uses", "")]
    assert upload["with"]["path"] == "build/site"
    assert workflow["jobs"]["publish"]["needs"] == "build"


def test_ci_runs_the_tests_with_pages_then_the_book():
    commands = [line for line in (ROOT / ".ci/run").read_text().splitlines() if "make " in line]
    assert commands == ["LRFR_REQUIRE_PAGES=1 make test", "make book PROFILE=smoke"]
    for script in (".ci/run", "setup-env"):
        assert (ROOT / script).stat().st_mode & 0o111
        subprocess.run(["bash", "-n", ROOT / script], check=True)


def test_unfit_python_is_one_sentence(tmp_path):
    done = subprocess.run(
        ["bash", ROOT / "setup-env", tmp_path / "venv"],
        env={"PATH": "/usr/bin:/bin", "PYTHON": "/bin/false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("setup-env: Python 3.11 or 3.12 is needed; /bin/false")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "venv").exists()


def test_licences_and_citation():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["version"] == lrfr.__version__
    assert citation["license"] == PROJECT["license"] == "Apache-2.0"
    assert "CC-BY-4.0" in citation["abstract"]
    canonical = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == canonical
    assert "creativecommons.org/licenses/by/4.0" in (ROOT / "LICENSE-book.md").read_text()


def test_citation_is_the_same_everywhere():
    """CITATION.cff, pyproject.toml, the site's settings and both entries to copy on the glossary's page."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    title, version = citation["title"], citation["version"]
    (author,) = (entry["name"] for entry in citation["authors"])
    assert title.casefold() == f"{PROJECT['name']}: {PROJECT['description']}".casefold()
    assert config["author"] == author
    assert PROJECT["dynamic"] == ["version"] and version == lrfr.__version__
    page = (ROOT / "book/glossary.md").read_text().split("## How to cite")[1]
    (plain,) = re.findall(r"```text\n(.+?)\n```", page, re.DOTALL)
    assert plain == f"{author} ({config['copyright']}). {title}. Version {version}."
    (entry,) = re.findall(r"```bibtex\n(.+?)\n```", page, re.DOTALL)
    fields = dict(re.findall(r"^  (\w+)\s*= \{+(.+?)\}+,?$", entry, re.MULTILINE))
    assert fields == {"author": author, "title": title, "version": version, "year": config["copyright"]}


def test_the_five_papers_are_cited_as_in_the_references():
    bibliography = (ROOT / "book/references.bib").read_text().split("% Faces")[0]
    expected = []
    for entry in re.split(r"\n(?=@)", bibliography)[1:]:
        found = dict(re.findall(r"^  (\w+)\s*= \{(.+)\},?$", entry, re.MULTILINE))
        plain = {k: re.sub(r"[{}]", "", v.replace(r"{\'a}", "á")) for k, v in found.items()}
        surnames = [name.split(",")[0].removesuffix(" Jr.") for name in plain["author"].split(" and ")]
        expected.append((plain["title"], surnames, int(plain["year"]), plain.get("doi")))
    papers = yaml.safe_load((ROOT / "CITATION.cff").read_text())["references"]
    assert [p["scope"] for p in papers] == ["frloss", "ipfsrgan", "multiscale", "logexp", "ftlgan"]
    cited = [(p["title"], [a["family-names"] for a in p["authors"]], p["year"], p.get("doi")) for p in papers]
    assert cited == expected
