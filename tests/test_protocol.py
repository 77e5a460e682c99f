"""One call for all of the protocol: every part, in an order in which each finds what it needs."""

import pandas as pd
import pytest

from lrfr import plans
from lrfr.record import apart, benchmark, combinations, detection, protocol, transfer, twins


@pytest.fixture
def calls(monkeypatch):
    """What is called, instead of hours of work."""
    made = []

    def fake(name):
        return lambda *arguments: made.append((name, *arguments)) or pd.DataFrame({"method": [name]})

    for module in (benchmark, combinations, detection, transfer):
        monkeypatch.setattr(module, "record", fake(module.RESULTS))
    monkeypatch.setattr(apart, "record", fake("apart"))
    monkeypatch.setattr(twins, "record", fake("twins"))
    monkeypatch.setattr(protocol.runs, "queue", lambda runs, workers: made.append(("train", workers, *runs)))
    monkeypatch.setattr(protocol, "available", lambda name, label: None)
    monkeypatch.setattr(protocol, "load_if_any", lambda name: None)
    return made


def test_every_part_is_recorded_and_the_trainings_come_first(calls):
    names = [name for name, _ in protocol.record(3)]
    assert names == ["benchmark", "combinations", "detection", "transfer"]
    moved = ("benchmark", ("devtest",), (14,), tuple(benchmark.JITTERS), protocol.MOVED)
    assert calls[:6] == [("benchmark",), moved, ("combinations",), ("apart",), ("twins",), ("detection",)]
    (kind, workers, *trained), last = calls[6:]
    assert (kind, workers, last) == ("train", 3, ("transfer",))
    wanted = {name for _, through in plans.TRANSFER.values() for name in through.values()}
    assert {run.name for run in trained} == wanted, "none is planned twice or not at all"
    assert len(trained) == len(wanted)


def test_what_was_trained_elsewhere_is_not_trained_again_for_rows_that_are_there(calls, monkeypatch):
    table = pd.DataFrame({"method": transfer.labels()})
    monkeypatch.setattr(protocol, "load_if_any", lambda name: table)
    assert dict(protocol.record())["transfer"] is table and len(calls) == 6
    monkeypatch.setattr(protocol, "load_if_any", lambda name: table[1:])
    list(protocol.record())
    assert calls[-2][0] == "train" and calls[-1] == ("transfer",)


def test_what_is_here_is_not_trained(calls, monkeypatch):
    monkeypatch.setattr(protocol, "available", lambda name, label: None if name == "transfer-fr-sface" else "here")
    list(protocol.record())
    assert [run.name for run in calls[-2][2:]] == ["transfer-fr-sface"]
