"""The command line: quick help, one sentence for an error, and the list of assets."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from lrfr import assets, cli, commands
from lrfr.book import commands as book_commands
from lrfr.errors import LrfrError
from lrfr.paths import repo_root


def lrfr(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "lrfr.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


def test_help_imports_nothing_heavy():
    heavy = {"torch", "numpy", "pandas", "sklearn", "scipy", "lightning", "PIL", "matplotlib", "jupytext", "papermill"}
    program = "import sys, lrfr.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert heavy.isdisjoint(done.stdout.split())


def test_help_lists_every_command():
    done = lrfr("--help")
    assert done.returncode == 0
    for command in cli.app.registered_commands:
        assert str(command.name) in done.stdout


def test_every_command_stands_in_a_group_of_the_help():
    for command in typer.main.get_command(cli.app).commands.values():
        assert command.rich_help_panel in (commands.READERS, commands.TRAINING, commands.RESULTS, book_commands.BOOK)


def test_what_is_measured_by_default_is_said_in_words_that_stand_alone():
    for name, command in typer.main.get_command(cli.app).commands.items():
        for parameter in command.params:
            assert not re.search(r"without[.)]", parameter.help or ""), (name, parameter.name)


def test_no_worker_is_refused():
    for name in ("queue", "protocol"):
        done = CliRunner().invoke(cli.app, [name, "--workers", "0"])
        assert done.exit_code == 2 and "--workers" in done.output


@pytest.mark.parametrize(
    "words",
    [
        ["serve", "--port", "65536"],
        ["serve", "--port", "-1"],
        ["book", "--seed", "-1"],
        ["book", "--seed", "4294967296"],
        ["fine-tune", "scface", "--seed", "-1"],
        ["fine-tune", "scface", "--seed", "4294967296"],
        ["evaluate", "scface", "--seed", "-1"],
    ],
)
def test_a_number_out_of_range_is_refused_by_the_option(words):
    done = CliRunner().invoke(cli.app, words)
    assert done.exit_code == 2 and words[-2] in done.output


def test_only_lfw_can_be_downloaded_by_prepare():
    done = CliRunner().invoke(cli.app, ["prepare", "scface", "--fetch"])
    assert isinstance(done.exception, LrfrError) and "--fetch downloads LFW alone, not scface" in str(done.exception)


def test_error_is_one_sentence_and_status_1():
    done = lrfr("assets", "nosuchthing")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("lrfr: There is no asset 'nosuchthing'")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device", "/runs/x"), "No space left on device: /runs/x"),
        (PermissionError(30, "Read-only file system", "/x"), "Read-only file system: /x"),
        (OSError(28, "No space left on device"), "[Errno 28] No space left on device"),
    ],
)
def test_what_the_system_refuses_is_one_sentence_too(monkeypatch, capsys, error, said):
    def full() -> None:
        raise error

    monkeypatch.setattr(cli, "app", full)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"lrfr: A file could not be read or written ({said}): mend that and call again.\n"


def test_other_errors_keep_their_traceback(monkeypatch):
    def broken() -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(cli, "app", broken)
    with pytest.raises(RuntimeError):
        cli.main()


def test_list_says_what_is_there_and_why(tmp_path):
    empty = dict.fromkeys(("LRFR_CACHE", "TORCH_HOME", "LRFR_DATA", "SCIKIT_LEARN_DATA", "HOME"), str(tmp_path))
    done = lrfr("assets", **empty)
    assert done.returncode == 0
    lines = done.stdout.splitlines()[1:]
    for asset in assets.load().values():
        (line,) = [line for line in lines if line.split()[:1] == [asset.name]]
        assert line.split()[1] == "missing"
        assert asset.needed_for.split()[0] in line
    assert "$TORCH_HOME/checkpoints" in done.stdout


def test_fetching_what_is_there_is_quiet():
    assets.path("att")
    done = lrfr("assets", "--fetch", "att")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert lrfr("assets", "att").stdout.splitlines()[1].split()[:2] == ["att", "present"]


def test_check_takes_a_damaged_asset_out(tmp_path, monkeypatch):
    monkeypatch.setenv("LRFR_CACHE", str(tmp_path))
    file = assets.location(assets.get("lpips-alexnet"))
    file.parent.mkdir(parents=True)
    with file.open("wb") as handle:
        handle.truncate(assets.get("lpips-alexnet").size)  # the right size, all zeros
    assert assets.status("lpips-alexnet") == "present"
    result = CliRunner().invoke(cli.app, ["assets", "--check"])
    assert isinstance(result.exception, LrfrError)
    assert "lrfr assets --fetch lpips-alexnet" in str(result.exception)
    assert assets.status("lpips-alexnet") == "missing"


def texts(file: Path) -> Iterator[str]:
    """Every text of a module, what an f-string computes as ``{}``."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def named() -> list[str]:
    """Every command in backticks that the package's sentences and docstrings name."""
    found = {m for file in (repo_root() / "lrfr").rglob("*.py") for text in texts(file) for m in NAMED.findall(text)}
    return sorted(found)


NAMED = re.compile(r"`lrfr (\w[^`]*)`")


@pytest.mark.parametrize("words", named())
def test_a_command_that_is_named_is_one(words):
    """Its options exist, it takes so many arguments, and an asset that is to be fetched is known."""
    name, *rest = words.split()
    command = typer.main.get_command(cli.app).commands[name]
    parser = command.make_parser(command.context_class(command, info_name=name))
    given, over, _ = parser.parse_args(rest)
    assert not over
    if name == "assets":
        assets.select([n for n in given["names"] or () if n != "{}" and n[-2:] != "{}"])


def test_many_commands_are_named():
    assert len(named()) > 20 and "assets --fetch {}" in named()
