"""Recorded results: kept with where they come from, computed once, and compared with what is computed anew."""

import numpy as np
import pandas as pd
import pytest

from lrfr import datasets, measure, methods, recognizers, record
from lrfr.datasets import lfw
from lrfr.errors import LrfrError
from lrfr.record import Entry
from lrfr.record import frloss as record_frloss

HERE = {"set": "att", "protocol": "all pairs", "px": 14, "seed": 0, "recognizer": "dlib", "setting": "both"}


@pytest.fixture(autouse=True)
def own_results(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "path", lambda paper: tmp_path / f"{paper}.csv")
    monkeypatch.setattr(record, "commit", lambda: "0123456789")


def entry(name: str = "bicubic", weights: str = "", seed: int = 0, px: int = 14) -> Entry:
    return Entry(methods.Method(name, px, lambda lr: lr), seed, weights)


def rows(
    method: str = "bicubic", metrics: tuple[str, ...] = ("auc", "eer"), value: float = 0.5, **keys
) -> pd.DataFrame:
    made = [{**HERE, **keys, "method": method, "metric": m, "value": value, "low": None, "high": 0.6} for m in metrics]
    return pd.DataFrame(made).assign(n=10)[measure.COLUMNS].astype({"low": float})


# Writing and reading


def test_rows_come_back_as_they_were_written_with_their_provenance():
    written = record.save("toy", rows(), entry(weights="12e4567890123456"))
    table = record.load("toy")
    pd.testing.assert_frame_equal(table, written.reset_index(drop=True), check_dtype=False)
    assert set(table["weights"]) == {"12e4567890123456"}  # no number, though it looks like one
    assert set(table["commit"]) == {"0123456789"} and table["date"].str.fullmatch(r"\d{4}-\d\d-\d\d").all()
    assert table["low"].isna().all() and (table["high"] == 0.6).all()
    quality = record.save("toy", rows(protocol="quality", recognizer="", setting=""), entry())
    assert record.load("toy")["recognizer"].tolist() == quality["recognizer"].tolist() == ["dlib", "dlib", "", ""]


def test_nothing_recorded_is_said():
    with pytest.raises(
        LrfrError, match=r"recorded results at data/results/toy\.csv, found none: run `lrfr record toy`"
    ):
        record.load("toy")


def test_other_weights_take_the_place_of_all_rows_of_the_method():
    """Also of a row that the new weights no longer give, such as a share of a gap that is no gap."""
    old = record.save("toy", rows("A", ("auc", "auc_share_of_gap")), entry("A", "old"))
    old = record.save("toy", rows("B"), entry("B", "b"))
    old = record.save("toy", rows("A", px=28), entry("A", "old", px=28))
    old = record.save("toy", rows("A", seed=1), entry("A", "old", seed=1))
    old = record.save("toy", rows("A", set="caltech"), entry("A", "old"))
    new = record.save("toy", rows("A", ("auc",), value=0.7), entry("A", "new"))
    assert len(new) == len(old) - 1
    mine = new[new["weights"] == "new"]
    assert mine[["method", "px", "seed", "set", "metric"]].to_numpy().tolist() == [["A", 14, 0, "att", "auc"]]
    assert (new["weights"] == "old").sum() == 6 and (new["weights"] == "b").sum() == 2
    assert not new.duplicated(measure.KEYS).any()


def test_rows_that_compare_with_an_older_state_go():
    """The FR arm's difference to the MSE arm is measured anew where the MSE arm is trained anew; other seeds stay."""
    metrics = ("auc", "auc_minus_SRResNet (MSE)")
    table = None
    for seed in (0, 1):
        table = record.save("toy", rows("SRResNet (MSE)", seed=seed), entry("SRResNet (MSE)", f"m{seed}", seed))
        table = record.save("toy", rows("SRResNet (FR)", metrics, seed=seed), entry("SRResNet (FR)", "f", seed))
    assert record.recorded(table, "att", "all pairs", entry("SRResNet (FR)", "f", 0))
    table = record.save("toy", rows("SRResNet (MSE)"), entry("SRResNet (MSE)", "new"))
    assert not record.recorded(table, "att", "all pairs", entry("SRResNet (FR)", "f", 0))
    assert record.recorded(table, "att", "all pairs", entry("SRResNet (FR)", "f", 1))
    assert record.recorded(table, "att", "all pairs", entry("SRResNet (MSE)", "m1", 1))


def test_a_method_is_recorded_by_what_and_by_which_weights():
    table = record.save("toy", rows("A"), entry("A", "w"))
    for where in (table, record.load("toy")):
        assert record.recorded(where, "att", "all pairs", entry("A", "w"))
        assert not record.recorded(where, "caltech", "all pairs", entry("A", "w"))
        assert not record.recorded(where, "att", "view2", entry("A", "w"))
        for other in (entry("A", "v"), entry("A", "w", seed=1), entry("A", "w", px=28), entry("B", "w"), entry("A")):
            assert not record.recorded(where, "att", "all pairs", other)
    assert not record.recorded(None, "att", "all pairs", entry())


# Comparing


def test_equal_values_pass_and_the_difference_is_shown():
    shifted = rows().assign(value=[0.5005, 0.4999])
    both = record.compare(rows(), shifted.iloc[::-1])
    assert both["difference"].max() == pytest.approx(5e-4) and len(both) == 2


@pytest.mark.parametrize("wrong", [0.502, 0.498, float("nan")])
def test_a_changed_value_is_named(wrong):
    changed = rows().assign(value=[0.5, wrong])
    with pytest.raises(
        LrfrError, match=r"att, bicubic at 14 px, dlib eer: recorded 0\.5, computed (0\.502|0\.498|nan);"
    ):
        record.compare(rows(), changed)


def test_a_row_on_one_side_only_is_named():
    with pytest.raises(LrfrError, match=r"1 rows are on one side only, such as att/bicubic/eer \(left_only\)"):
        record.compare(rows(), rows(metrics=("auc",)))
    with pytest.raises(LrfrError, match=r"1 rows are on one side only, such as att/bicubic/eer \(right_only\)"):
        record.compare(rows(metrics=("auc",)), rows())


def test_the_committed_table_is_whole():
    """What the book reads: one row a key, no empty value, and provenance that names commit, date and hardware."""
    from lrfr.paths import data_dir

    path = data_dir() / "results" / "frloss.csv"
    text = {k: str for k in (*record.PROVENANCE, "recognizer", "setting")}
    table = pd.read_csv(path, dtype=text, keep_default_na=False, na_values={c: [""] for c in ("value", "low", "high")})
    assert not table.duplicated(measure.KEYS).any() and table["value"].notna().all()
    assert table["commit"].str.fullmatch(r"[0-9a-f]{10}\+?").all() and (table["hardware"] != "").all()
    trained = table["method"].str.startswith("SRResNet")
    assert (table["weights"].str.fullmatch(r"[0-9a-f]{16}") == trained).all()


# From faces to the table


@pytest.fixture
def small(monkeypatch) -> datasets.FaceDataset:
    """Six people of AT&T, four pictures each, as "att"; HR and bicubic at 14 px; dlib's network alone looks."""
    whole = datasets.load("att")
    faces = whole.subset(np.concatenate([np.arange(4) * 2 + 60 * p for p in range(6)]))
    load = recognizers.load
    monkeypatch.setattr(datasets, "load", lambda name: faces)
    monkeypatch.setattr(record_frloss, "JUDGES", ("dlib",))
    entries = [Entry(methods.hr()), Entry(methods.interpolation(14)), Entry(methods.interpolation(28))]
    monkeypatch.setattr(record_frloss, "entries", lambda **keys: entries)
    judge = load("dlib")
    monkeypatch.setattr(recognizers, "load", lambda name: judge)
    return faces


def test_recording_computes_each_method_once_and_the_book_finds_the_same(small, monkeypatch):
    table = record_frloss.record(["att"], replicates=40)
    assert set(table["method"]) == {"HR", "bicubic"} and set(table["px"]) == {112, 14, 28}
    assert not table.duplicated(measure.KEYS).any()
    on_disk = record.load("frloss")
    assert len(on_disk) == len(table)

    again = record_frloss.recompute(["att"], ["dlib"], replicates=20)
    both = record.compare(record.covered(on_disk, ["att"], ["dlib"], (28, 14)), again)
    assert len(both) == len(table) and both["difference"].max() < 1e-4
    only = record_frloss.recompute(["att"], ["dlib"], px=[14], replicates=20)
    record.compare(record.covered(on_disk, ["att"], ["dlib"], [14]), only)

    # One recorded number changed in its third digit, one row lost: both are found.
    broken = on_disk.copy()
    broken.loc[7, "value"] += 0.0021
    with pytest.raises(LrfrError, match="the shipped weights do not give these numbers"):
        record.compare(broken, again)
    with pytest.raises(LrfrError, match="on one side only"):
        record.compare(on_disk.drop(index=7), again)

    def never(*arguments, **keys):
        raise AssertionError("measured twice")

    monkeypatch.setattr(record, "faces_rows", never)
    pd.testing.assert_frame_equal(record_frloss.record(["att"]), on_disk)
    record.save("frloss", rows(px=28), entry(px=28, weights="other"))
    with pytest.raises(AssertionError, match="measured twice"):
        record_frloss.record(["att"])


def test_a_view_is_recorded_with_its_paired_differences(small, monkeypatch):
    first, second = np.triu_indices(len(small), 1)
    genuine = small.labels[first] == small.labels[second]
    keep = genuine | ((first + second) % 5 == 0)
    listed = lfw.Pairs(first[keep], second[keep], genuine[keep], first[keep] % 3)
    monkeypatch.setattr(lfw, "pairs", lambda dataset, view: listed)
    faces, pairs = record.view("view2")
    assert faces.name == "lfw" and pairs.fold is not None
    assert record.view("devtest")[1].fold is None
    table = record_frloss.record(["view2"], replicates=40)
    assert set(table["protocol"]) == {"view2"} and not table.duplicated(measure.KEYS).any()
    assert {"auc", "d_prime", "eer", "accuracy"} <= set(table["metric"])
    assert not table["metric"].str.contains("_minus_bicubic").any()  # bicubic is not compared with itself


def test_a_view_keeps_only_the_photographs_of_its_pairs(small, monkeypatch):
    given = lfw.Pairs(np.array([3, 20]), np.array([8, 3]), np.array([False, False]), np.array([0, 1]))
    monkeypatch.setattr(lfw, "pairs", lambda dataset, view: given)
    faces, pairs = record.view("view2")
    assert faces.table["file"].tolist() == small.table["file"].iloc[[3, 8, 20]].tolist()
    assert pairs.first.tolist() == [0, 2] and pairs.second.tolist() == [1, 0]
    np.testing.assert_array_equal(faces.images, small.images[[3, 8, 20]])


def test_nothing_to_record_is_said():
    with pytest.raises(LrfrError, match="Nothing to record: name at least one of att"):
        record_frloss.record([])
