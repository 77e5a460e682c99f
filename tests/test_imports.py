"""Imports run one way only, from the command line down to the errors; a chapter calls the package, defines nothing."""

import ast
import graphlib
from pathlib import Path

import pytest

from lrfr.paths import repo_root

#: From the ground up. A module imports what lies below its room or in it, never what lies above, nor in a function.
ROOMS = [
    ["errors", "hardware", "optional", "paths", "files", "progress", "packages"],
    ["assets", "alignment", "augmentation", "degradation", "published"],
    ["networks", "losses"],
    ["recognizers", "evaluation", "training"],
    ["embeddings"],
    ["datasets"],
    ["methods", "papers"],
    ["measure", "plans"],
    ["differences", "catalogue"],
    ["runs"],
    ["record", "tables", "errata"],
    ["readme", "needs", "upscale", "figures", "shown", "interactive", "diagrams", "chapter", "book"],
    ["coverage"],
    ["commands", "cli"],
]
ROOT = repo_root() / "lrfr"
RANK = {room: rank for rank, rooms in enumerate(ROOMS) for room in rooms}


def modules(root: Path = ROOT) -> dict[str, ast.Module]:
    """Dotted name below ``lrfr`` ("" for the package itself) and syntax tree of every module."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text())
    return found


def imported(tree: ast.AST, known: set[str], everywhere: bool = True) -> set[str]:
    """Names below ``lrfr`` that a module imports: anywhere in it, or only when it is itself imported."""
    names = set()
    nodes = list(ast.walk(tree)) if everywhere else list(_outside_functions(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide who calls what"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                names.add(full if full.removeprefix("lrfr.") in known else str(node.module))
    return {name.removeprefix("lrfr").lstrip(".") for name in names if name.split(".")[0] == "lrfr"} - {""}


def _outside_functions(tree: ast.AST):
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield node
            yield from _outside_functions(node)


def upward(found: dict[str, ast.Module]) -> list[str]:
    """Imports that go up."""
    wrong = []
    for name, tree in found.items():
        room = name.split(".")[0]
        for target in imported(tree, set(found)) if room not in ("", "__main__") else ():
            if RANK[target.split(".")[0]] > RANK[room]:
                wrong.append(f"{name} imports {target}")
    return wrong


def test_every_module_has_its_room():
    rooms = {name.split(".")[0] for name in modules()} - {"", "__main__"}
    assert rooms == set(RANK), "put a new module into its room above"


def test_imports_run_one_way():
    assert upward(modules()) == []


def test_importing_goes_round_in_no_circle():
    found = modules()
    graph = {name: imported(tree, set(found), everywhere=False) - {name} for name, tree in found.items()}
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert len(order) == len(found)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("losses.identity", "from lrfr.papers import frloss"),
        ("networks.srresnet", "from lrfr import training"),
        ("degradation", "import lrfr.evaluation.quality"),
        ("training", "def f():\n    from lrfr.papers.frloss import train"),
        ("papers.frloss", "from lrfr.book.site import site"),
        ("papers.frloss", "from lrfr import cli"),
    ],
)
def test_an_import_that_goes_up_is_found(name, line):
    found = modules()
    found[name] = ast.parse(line)
    assert len(upward(found)) == 1


# Chapters


def chapters() -> list[Path]:
    return sorted((repo_root() / "book").glob("*.py"))


def defined(source: str) -> list[str]:
    """What a chapter may not do itself: classes, networks, gradients, optimisers, metrics."""
    wrong = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ClassDef():
                wrong.append(f"class {node.name}")
            case ast.Attribute(attr="Module" | "backward" | "autograd" | "optim" | "functional"):
                wrong.append(f".{node.attr}")
            case ast.Import():
                wrong += [a.name for a in node.names if a.name.startswith(("torch.", "sklearn", "torchmetrics"))]
            case ast.ImportFrom() if str(node.module).startswith(("torch", "sklearn", "torchmetrics")):
                wrong.append(str(node.module))
    return wrong


def test_there_are_chapters():
    assert len(chapters()) >= 2


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_a_chapter_defines_no_network_no_loss_and_no_metric(path):
    assert defined(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "class Net:\n    pass",
        "import torch\nnet = torch.nn.Module()",
        "from torch import nn",
        "import torch.nn.functional as F",
        "loss.backward()",
        "from sklearn.metrics import roc_auc_score",
    ],
)
def test_what_a_chapter_may_not_define_is_found(source):
    assert defined(source)
