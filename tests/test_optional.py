"""The package without its optional parts: every module imports, training works, what is missing is named when called.

A second Python runs with these packages hidden, as if they had never been installed.
"""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lrfr
from lrfr.optional import require

ROOT = Path(lrfr.__file__).parent
OPTIONAL = {
    "faces": ["facenet_pytorch", "onnx2torch", "onnx", "pytorch_metric_learning", "torchvision"],
    "book": [
        "jupytext",
        "papermill",
        "nbformat",
        "nbclient",
        "jupyter_book",
        "myst_nb",
        "IPython",
        "sphinx",
        "matplotlib",
        "seaborn",
        "plotly",
    ],
    "test": ["onnxruntime", "dlib", "playwright", "nbval", "pytest"],
}

HIDE = """
import importlib.metadata, json, sys
from importlib.machinery import PathFinder

HIDDEN = set(json.loads(sys.argv[1]))


class Hide(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.split(".")[0] in HIDDEN else super().find_spec(name, path, target)


def from_name(cls, name, found=importlib.metadata.Distribution.from_name.__func__):
    if name.replace("-", "_").lower() in HIDDEN:
        raise importlib.metadata.PackageNotFoundError(name)
    return found(cls, name)


sys.meta_path[:] = [Hide if finder is PathFinder else finder for finder in sys.meta_path]
importlib.metadata.Distribution.from_name = classmethod(from_name)
"""

# One Python does all of it, for its start costs more than the work.
PROGRAM = """
import importlib, pkgutil
from pathlib import Path

import lrfr
from lrfr.errors import LrfrError
from lrfr.optional import require

failed = {}
for module in pkgutil.walk_packages(lrfr.__path__, "lrfr."):
    if module.name != "lrfr.__main__":
        try:
            importlib.import_module(module.name)
        except ImportError as error:
            failed[module.name] = str(error)


def sentence(function, *arguments):
    try:
        function(*arguments)
    except LrfrError as error:
        return str(error)
    return "no error"


from lrfr import alignment, datasets, figures, recognizers
from lrfr.networks.srresnet import SRResNetSettings
from lrfr.papers import frloss
from lrfr.training import Schedule

required = {module: sentence(require, module, "the-extra") for module in json.loads(sys.argv[2])}
calls = [
    ["faces", sentence(alignment.LandmarkFinder)],
    ["faces", sentence(recognizers.load, "sface")],
    ["faces", sentence(recognizers.load, "mobilefacenet")],
    ["book", sentence(figures.use_style)],
    ["book", sentence(figures.palette)],
]

faces, judge = datasets.load("att").subset(range(24)), recognizers.load("dlib")
network = SRResNetSettings(blocks=1, width=8, scale=4)
plan = Schedule(steps=3, batch_size=4, precision="32-true", device="cpu", log_every=1)
first = frloss.train(frloss.Settings(network, plan), faces, Path(sys.argv[3], "phase1"))
second = frloss.train(frloss.Settings(network, plan, arm="fr"), faces, Path(sys.argv[3], "phase2"), judge, first)
log = [json.loads(line) for line in second.with_name("metrics.jsonl").read_text().splitlines()]

print(json.dumps({"failed": failed, "required": required, "calls": calls, "log": log}))
"""


def run_without_optional_parts(program: str, *arguments: str) -> Any:
    """What `program` prints last, as JSON, when it runs with all optional packages hidden."""
    hidden = json.dumps([name for names in OPTIONAL.values() for name in names])
    command = [sys.executable, "-c", HIDE + program, hidden, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def requirements() -> dict[str, str]:
    """Every module that `lrfr` asks `require` for, and the extra it names."""
    found = {}
    for file in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "require":
                module, extra = (ast.literal_eval(argument) for argument in node.args)
                found[module] = extra
    return found


def asked_for() -> list[str]:
    """The hidden ones among the modules that `lrfr` requires."""
    hidden = {name for names in OPTIONAL.values() for name in names}
    return sorted(module for module in requirements() if module.split(".")[0] in hidden)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    return run_without_optional_parts(PROGRAM, json.dumps(asked_for()), str(tmp_path_factory.mktemp("runs")))


def test_hiding_hides():
    program = "import importlib.util\nprint(json.dumps([name for name in HIDDEN if importlib.util.find_spec(name)]))"
    assert run_without_optional_parts(program) == []


@pytest.mark.slow
def test_every_module_imports(outcome):
    assert outcome["failed"] == {}


@pytest.mark.slow
def test_training_works(outcome):
    assert [row["step"] for row in outcome["log"]] == [1, 2, 3]
    assert 0.3 < outcome["log"][0]["fr_share"] < 0.7


@pytest.mark.slow
def test_what_is_missing_is_named_with_its_extra(outcome):
    assert {"facenet_pytorch", "onnx2torch", "jupytext", "papermill", "seaborn"} <= set(asked_for())
    assert set(outcome["required"]) == set(asked_for())
    for module, sentence in outcome["required"].items():
        assert f"package {module.split('.')[0]}," in sentence
        assert "pip install -e '.[the-extra]'" in sentence


@pytest.mark.slow
def test_calls_that_need_it_fail_in_one_sentence(outcome):
    for extra, sentence in outcome["calls"]:
        assert f"pip install -e '.[{extra}]'" in sentence


def test_requirements_name_the_right_extra():
    for module, extra in requirements().items():
        top = module.split(".")[0]
        known = [name for name, modules in OPTIONAL.items() if top in modules]
        assert extra in OPTIONAL, f"require({module!r}, {extra!r}) names no extra"
        assert not known or known == [extra]


def test_installed_part_is_imported():
    assert require("json.decoder", "book") is sys.modules["json.decoder"]
