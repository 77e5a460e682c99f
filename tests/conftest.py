"""What all tests share. With LRFR_REQUIRE_PAGES set (as `.ci/run` does) no page test may be skipped or missing."""

import os

import pytest

PAGES_REQUIRED = bool(os.environ.get("LRFR_REQUIRE_PAGES"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if PAGES_REQUIRED and report.skipped and item.get_closest_marker("page"):
        report.outcome = "failed"
        report.longrepr = f"LRFR_REQUIRE_PAGES is set, but the page test {item.nodeid} was skipped: {report.longrepr}"
    return report


def pytest_collection_modifyitems(session, config, items):
    if not PAGES_REQUIRED or config.args_source != pytest.Config.ArgsSource.TESTPATHS:
        return
    if not any(item.get_closest_marker("page") for item in items):
        raise pytest.UsageError("LRFR_REQUIRE_PAGES is set, but no page test was found.")
