"""Every shipped file of weights has its terms in data/checkpoints/LICENSES.md, and the right ones; all are small."""

import json
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from lrfr import plans
from lrfr.papers import logexp
from lrfr.paths import data_dir

FOLDER = data_dir() / "checkpoints"


def terms() -> dict[str, list[str]]:
    """The cells behind each pattern of file names."""
    rows = [
        line.strip("|").split("|") for line in (FOLDER / "LICENSES.md").read_text().splitlines() if line[:3] == "| `"
    ]
    return {re.fullmatch(r"`(.+)`", cells[0].strip())[1]: [c.strip() for c in cells[1:]] for cells in rows}


def row_of(name: str) -> list[str]:
    """The one row that names a file."""
    found = [cells for pattern, cells in terms().items() if fnmatch(name, pattern)]
    assert len(found) == 1, f"{name} is named by {len(found)} rows of LICENSES.md"
    return found[0]


def test_a_checkout_stays_small():
    """Sixty megabytes of weights and their logs: ablations keep their logs alone, in data/runs."""
    assert 0 < sum(path.stat().st_size for path in FOLDER.iterdir()) < 60e6


def test_rows_are_whole():
    assert len(terms()) >= 5 and all(len(cells) == 4 and all(cells) for cells in terms().values())


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.safetensors")), ids=lambda path: path.stem)
def test_every_shipped_file_is_named_with_the_terms_of_its_start(path: Path):
    *_, terms_of_it = row_of(path.stem)
    settings = json.loads(path.with_suffix(".json").read_text())["settings"]
    assert "non-commercial research" in terms_of_it
    assert ("weights that they start from" in terms_of_it) == (settings.get("network") == "mobilefacenet")


def test_every_planned_file_is_named():
    for run in plans.planned():
        what, start, _, terms_of_it = row_of(run.name)
        assert ("face recognisers" in what) == isinstance(run.settings, logexp.Settings)
        assert ("w600k_mbf" in start) == ("weights that they start from" in terms_of_it)
        assert "generator of this folder" in start or run.after is None
