"""nbval in a process of its own, and what it said of each cell."""

import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from lrfr.book.execution import kernel_environment
from lrfr.paths import repo_root

TESTS = Path(__file__).parent


@dataclass(frozen=True)
class Outcome:
    """Numbers of the code cells (from 0) that passed and failed, by notebook, and all that was printed."""

    passed: dict[str, list[int]]
    failed: dict[str, list[int]]
    skipped: dict[str, list[int]]
    text: str


def run_nbval(*notebooks: Path) -> Outcome:
    """Compare notebooks with a fresh execution in the smoke profile on the CPU."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        environment = kernel_environment(Path(scratch)) | {"LRFR_PROFILE": "smoke", "CUDA_VISIBLE_DEVICES": ""}
        command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env"]
        command += ["--nbval-sanitize-with", str(TESTS / "nbval_sanitize.cfg"), "--nbval-cell-timeout", "600"]
        command += ["--override-ini", "addopts=", "--quiet", "--tb=short", "-p", "no:cacheprovider"]
        command += [f"--junitxml={report}", f"--rootdir={notebooks[0].parent}", *map(str, notebooks)]
        done = subprocess.run(
            command,
            cwd=repo_root(),
            env={**environment, "PATH": os.environ.get("PATH", "")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert report.is_file(), done.stdout + done.stderr
        cases = list(ElementTree.parse(report).iter("testcase"))
    found: dict[str, dict[str, list[int]]] = {"passed": {}, "failed": {}, "skipped": {}}
    for case in cases:
        kinds = {child.tag for child in case}
        state = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        notebook = re.search(r"(\w+)\.ipynb$", case.get("classname", ""))
        assert notebook, case.attrib
        number = int(case.get("name", "").rsplit(" ", 1)[-1])
        found[state].setdefault(notebook[1], []).append(number)
    return Outcome(found["passed"], found["failed"], found["skipped"], done.stdout + done.stderr)
