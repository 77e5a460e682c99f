"""`.ci/run` sets LRFR_REQUIRE_PAGES: then a page test that is skipped, or missing, fails the run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lrfr.paths import repo_root

SKIPPED = "import pytest\n\n@pytest.mark.page\ndef test_page():\n    pytest.skip('no Chromium here')\n"
IN_FIXTURE = """
import pytest

@pytest.fixture
def browser():
    pytest.skip('no Chromium here')

@pytest.mark.page
def test_page(browser):
    pass
"""
OTHER_SKIP = "import pytest\n\n@pytest.mark.page\ndef test_page():\n    pass\n\ndef test_x():\n    pytest.skip('x')\n"
NONE = "def test_x():\n    pass\n"


def run_tests(folder: Path, test: str, required: str) -> subprocess.CompletedProcess:
    (folder / "tests").mkdir()
    (folder / "tests/test_page.py").write_text(test)
    shutil.copy(Path(__file__).with_name("conftest.py"), folder / "tests")
    (folder / "pytest.ini").write_text("[pytest]\ntestpaths = tests\nmarkers =\n    page: opens pages\n")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env=os.environ | {"LRFR_REQUIRE_PAGES": required, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("test", [SKIPPED, IN_FIXTURE])
def test_skipped_page_test_fails_where_pages_are_required(tmp_path, test):
    done = run_tests(tmp_path, test, "1")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "LRFR_REQUIRE_PAGES is set" in done.stdout
    assert "no Chromium here" in done.stdout


def test_skipped_page_test_passes_elsewhere(tmp_path):
    assert run_tests(tmp_path, SKIPPED, "").returncode == pytest.ExitCode.OK


def test_other_skips_pass(tmp_path):
    assert run_tests(tmp_path, OTHER_SKIP, "1").returncode == pytest.ExitCode.OK


def test_missing_page_tests_fail(tmp_path):
    done = run_tests(tmp_path, NONE, "1")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "no page test was found" in done.stderr


def test_where_chromium_is_absent_the_debian_package_is_named(tmp_path):
    """As `make test` runs it: with the project's own settings, and no Chromium to be found."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/test_pages.py", "-k", "mathematics"]
    environment = {k: v for k, v in os.environ.items() if k != "LRFR_REQUIRE_PAGES"} | {"PATH": str(tmp_path)}
    done = subprocess.run(command, cwd=repo_root(), env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == pytest.ExitCode.OK
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
    assert "Chromium, which is not installed: apt-get install chromium." in line
