"""README.md: its table is the recorded one, and what it names exists."""

import re

import pytest

from lrfr import chapter, readme
from lrfr.errors import LrfrError
from lrfr.papers import frloss, ftlgan, multiscale
from lrfr.paths import repo_root
from lrfr.record import protocol_choice
from lrfr.record.combinations import System

TEXT = (repo_root() / "README.md").read_text(encoding="utf-8")


def test_results_table_is_in_step_with_the_recorded_results() -> None:
    assert readme.updated(TEXT, readme.block()) == TEXT, "run `lrfr readme`"


def test_results_table_is_that_of_the_start_page() -> None:
    some = protocol_choice.Number(0.91234, 0.9, 0.95, ())
    places, system = protocol_choice.LFW, System(("U-Net",), ("sface", "robust"))
    found = protocol_choice.Decision(7, places, "U-Net", "sface + robust", system, some, None, some, some, some)
    lines = readme.block([found, None, None, None]).splitlines()
    assert lines[0] == "| face (px) | upsampler | recogniser | AUC | gain over plain | gave way to it |"
    assert lines[2] == "| 7 | U-Net | SFace + robust | 0.9123 [0.9000, 0.9500] | +0.9123 [0.9000, 0.9500] | – |"
    assert lines[3].startswith("| 14 | not recorded |")
    assert lines[-1].endswith("confirmed on LFW View 2 at 7 px.") and "ms:" not in " ".join(lines)


def test_update_replaces_only_what_lies_between_the_marks() -> None:
    changed = readme.updated(f"a\n{readme.START}\nold\n{readme.END}\nb", "new")
    assert changed == f"a\n{readme.START}\nnew\n{readme.END}\nb"


def test_missing_marks_are_one_sentence() -> None:
    with pytest.raises(LrfrError, match=r"README\.md should hold"):
        readme.updated("no marks", "new")


def test_it_says_how_long_the_profile_paper_trains() -> None:
    """Which chapters do is read off them; all but logexp stop early."""
    steps = chapter.resolve("paper", 0, "cpu", repo_root()).steps
    (line,) = [line for line in TEXT.splitlines() if line.startswith("| `paper` |")]
    assert f"{steps:,} steps" in line
    first, rest = line.split("; ", 2)[1:]
    for name in ("frloss", "ftlgan", "multiscale", "logexp", "ipfsrgan"):
        trains = 'run.profile == "paper"' in (repo_root() / "book" / f"{name}.py").read_text()
        assert name in (first if trains else rest) and name not in (rest if trains else first), name
    full = [frloss.paper(8, 1), ftlgan.paper(4), multiscale.paper()]
    assert all(settings.schedule.steps > steps for settings in full)


def test_files_and_commands_that_it_names_exist() -> None:
    for path in re.findall(r"`((?:lrfr|book|data|tests|benchmarks)/[\w./]*)`", TEXT):
        assert (repo_root() / path).exists(), path
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", TEXT):
        assert (repo_root() / picture).is_file(), picture
    from lrfr.cli import app

    known = {c.name for group in app.registered_groups for c in group.typer_instance.registered_commands}  # type: ignore[union-attr]
    known |= {c.name for c in app.registered_commands}
    for command in re.findall(r"`?(?:\.venv/bin/)?lrfr ([a-z]+) ", TEXT):
        assert command in known, command
