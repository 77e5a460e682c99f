"""logexp's larger tables: both roads, paired with each chapter's method; the bars; surveillance columns by name."""

import numpy as np
import pandas as pd
import pytest
import torch
from test_logexp_rows import line
from toy_recognition import corners, own_results, some_pairs

from lrfr import catalogue, datasets, measure, methods, recognizers, record, tables
from lrfr.evaluation import verification
from lrfr.measure import COLUMNS, Measured
from lrfr.plans import find, planned
from lrfr.record import Entry, logexp_roads, logexp_shares
from lrfr.record import logexp as record_logexp
from lrfr.record import logexp_rows as rows
from lrfr.record import logexp_tables as large


def over(px: int, setting: str, metric: str, value: float) -> list:
    return line("robust", px, setting, f"{metric}_minus_mobilefacenet", value)


@pytest.fixture
def results() -> pd.DataFrame:
    made = [
        line("mobilefacenet", 7, "probe", "auc", 0.80),
        line("mobilefacenet", 112, "probe", "auc", 0.995),
        line("robust", 7, "probe", "auc", 0.95),
    ]
    for px, setting, metric, value in (
        (7, "probe", "auc", -0.05),
        (14, "probe", "auc", 0.005),
        (7, "probe", "d_prime", -0.5),
    ):
        label = "U-Net" if px == 7 else "FTLGAN"
        name = logexp_roads.minus(metric, "robust")
        made.append(line("mobilefacenet", px, setting, name, value, method=label, protocol="roads"))
    made.append(
        line("mobilefacenet", 14, "probe", "auc_minus_bicubic + robust", -0.03, method="U-Net", protocol="roads")
    )
    return pd.DataFrame(made, columns=COLUMNS)


def test_versions_say_where_our_training_departs_from_the_authors_code():
    shown = large.versions().set_index("setting")
    assert shown.loc["HR and LR in the network"].tolist() == [
        "not given", "one after the other", "as one batch", "LR alone"
    ]  # fmt: skip
    assert shown.loc["enlarged by bicubic", "released code"].endswith("a = -1/2")
    assert set(shown.loc["enlarged by bicubic"].iloc[2:]) == {"a = -3/4"}


def test_both_roads_at_one_size(results, tmp_path, monkeypatch):
    other = pd.DataFrame(
        [
            line("mobilefacenet", 7, "probe", "auc", 0.80),
            line("mobilefacenet", 7, "probe", "auc", 0.85, method="U-Net"),
            line("mobilefacenet", 14, "probe", "auc", 0.97, method="U-Net"),
            line("sface", 7, "probe", "auc", 0.99, method="U-Net"),
        ],
        columns=COLUMNS,
    )
    monkeypatch.setattr(record, "path", lambda paper: tmp_path / f"{paper}.csv")
    other.to_csv(tmp_path / "multiscale.csv", index=False)
    found = large.roads(results, 7)
    assert found["road"].tolist() == ["HR", "recogniser", "super-resolution", "pretrained"]
    assert found["called"].tolist() == ["HR", "robust", "U-Net", "bicubic"]
    assert found["value"].tolist() == [0.995, 0.95, 0.85, 0.80]
    shown = large.roads_table(results, (7,)).set_index("method")
    assert shown["7 px, probe"].to_dict()["U-Net"] == "0.8500 [0.8400, 0.8600]"
    beside = large.chapters_table(results).set_index(["chapter", "px", "setting"])
    mine = beside.loc[("multiscale", 7, "probe")]
    assert mine["AUC, its method, pretrained"].startswith("0.8500") and mine["AUC, bicubic, robust"].startswith("0.95")
    assert mine["AUC, robust - its method"] == "0.0500 [0.0400, 0.0600]"
    assert mine["d', robust - its method"] == "0.500 [0.490, 0.510]"
    assert mine["accuracy, robust - its method"] == "not recorded yet"
    assert set(beside.loc[("frloss", 14, "both")][1:]) == {"not recorded yet"}


def test_a_road_is_ahead_by_every_paired_interval(results):
    assert list(large.against(results, 7)) == ["multiscale"] and list(large.against(results, 14)) == [
        "ftlgan", "multiscale"
    ]  # fmt: skip
    assert large.winner(list(large.against(results, 7).values())) == "the taught recogniser"
    assert large.winner(list(large.against(results, 14).values())) == "neither clearly"
    ahead = large.against(results, 14)["multiscale"]
    assert large.winner(tables.turned([ahead])) == "super-resolution"
    assert large.winner([ahead, *tables.turned([ahead])]) == "neither clearly"
    assert large.winner([]) == "not recorded yet"


def test_each_chapters_method_is_a_planned_run_at_a_size_it_was_made_for():
    names = {run.name for run in planned()}
    assert {name for _, files in logexp_roads.UPSAMPLERS.values() for name in files.values()} <= names
    for label, files in logexp_roads.UPSAMPLERS.values():
        assert all(catalogue.NETWORKS[label][px] == name for px, name in files.items())
    assert large.logexp_roads.papers(7) == [("multiscale", "U-Net")] and logexp_roads.sizes() == [7, 14, 28]


def test_roads_are_compared_on_the_same_pairs_and_recorded_once(tmp_path, tmp_path_factory, monkeypatch):
    faces = datasets.load("att").subset(np.concatenate([np.arange(4) * 2 + 10 * p for p in range(6)]))
    pairs = some_pairs(faces, folds=4)
    monkeypatch.setattr("lrfr.embeddings.cache_dir", lambda: tmp_path_factory.getbasetemp() / "embeddings")
    own_results(monkeypatch, tmp_path)
    plain, taught = corners("mobilefacenet"), corners("robust", "euclidean")
    entry = Entry(methods.interpolation(14, "nearest"), weights="aa", recognizer="mobilefacenet")
    found = logexp_roads.rows(faces, pairs, entry, plain, taught, 30)
    value = found.set_index(["setting", "metric"])["value"]
    assert set(found["recognizer"]) == {"mobilefacenet"} and set(found["method"]) == {"nearest"}
    for setting in measure.SETTINGS:
        restored, enlarged = (Measured(faces, m) for m in (entry.method, methods.interpolation(14)))
        theirs, mine = restored.similarity(plain, pairs, setting), enlarged.similarity(taught, pairs, setting)
        auc = verification.auc(theirs, pairs.genuine) - verification.auc(mine, pairs.genuine)
        assert value[setting, "auc_minus_bicubic + robust"] == pytest.approx(auc)
        right = [verification.fold_accuracy(s, pairs.genuine, pairs.fold).correct.mean() for s in (theirs, mine)]
        assert value[setting, "accuracy_minus_bicubic + robust"] == pytest.approx(right[0] - right[1])

    known = {"mobilefacenet": (plain, ""), "robust": (taught, "aaaa")}
    monkeypatch.setattr(record_logexp, "recogniser", known.__getitem__)
    monkeypatch.setattr(record_logexp, "view", lambda name: (faces, pairs))
    monkeypatch.setattr(logexp_roads, "shipped", lambda name: name == "frloss-8x-s0-fr")
    table = record_logexp.record(["roads"], replicates=20)
    assert (
        set(table["method"]) == {"SRResNet (FR)"} and set(table["protocol"]) == {"roads"} and set(table["px"]) == {14}
    )
    monkeypatch.setattr(logexp_roads, "rows", None)  # nothing is missing
    assert len(record_logexp.record(["roads"])) == len(table)


def test_shares_lie_on_the_line_from_the_pretrained_network_through_the_shipped_one():
    sample = datasets.load("att").tensor(np.arange(0, 40, 10))
    start, whole = (logexp_shares.recogniser(share) for share in (0.0, 1.0))
    shipped, _ = record_logexp.recogniser("robust")
    kept = find("logexp-robust").settings.share
    for recogniser, other in ((start, recognizers.load("mobilefacenet")), (logexp_shares.recogniser(kept), shipped)):
        with torch.no_grad():
            torch.testing.assert_close(recogniser(sample), other(sample), rtol=1e-3, atol=2e-3)
    weights = [dict(r.network.named_parameters())["linear.weight"] for r in (start, shipped, whole)]
    torch.testing.assert_close(weights[1] - weights[0], kept * (weights[2] - weights[0]), rtol=1e-3, atol=1e-5)
    assert (weights[2] - weights[0]).abs().max() > 1e-3


def test_shares_are_compared_with_the_pretrained_network(monkeypatch):
    faces = datasets.load("att").subset(np.concatenate([np.arange(4) * 2 + 10 * p for p in range(6)]))
    pairs = some_pairs(faces)
    plain, part = corners("mobilefacenet"), corners("share-0.3", "euclidean")
    monkeypatch.setattr(logexp_shares, "recogniser", {0.3: part}.__getitem__)
    entry = Entry(methods.interpolation(14), recognizer="share-0.3")
    table = pd.concat([logexp_shares.rows(faces, pairs, entry, plain, 30)]).assign(set="lfw")
    measured = Measured(faces, entry.method)
    for setting in measure.SETTINGS:
        auc = [verification.auc(measured.similarity(r, pairs, setting), pairs.genuine) for r in (part, plain)]
        assert tables.value(table, **rows.shared(0.3, 14, setting)) == pytest.approx(auc[0])
        found = tables.value(table, **rows.shared(0.3, 14, setting, "auc_minus_mobilefacenet"))
        assert found == pytest.approx(auc[0] - auc[1])
    assert len(logexp_shares.entries()) == len(logexp_shares.SHARES) * len(logexp_shares.SIZES)


def test_the_central_claim_is_three_questions():
    made = [over(px, s, m, 0.05) for px in (7, 14) for m in ("auc", "tar_at_far_0.01") for s in ("probe", "both")]
    made += [over(28, s, m, 0.0) for s in ("probe", "both") for m in ("auc", "accuracy")]
    good = pd.DataFrame([*made, over(112, "both", "accuracy", 0.004)], columns=COLUMNS)
    assert [bar["answer"] for bar in large.bars(good)] == ["yes", "yes", "yes"]
    unsure = pd.DataFrame([*made, over(112, "both", "accuracy", -0.004)], columns=COLUMNS)
    assert large.bars(unsure)[1]["answer"] == "not decided"
    lost = [over(7, s, "auc", -0.05) for s in ("probe", "both")]
    bad = [*lost, *made[2:-1], over(28, "both", "accuracy", -0.02)]
    worse = pd.DataFrame([*bad, over(112, "both", "accuracy", -0.04)], columns=COLUMNS)
    assert [bar["answer"] for bar in large.bars(worse)] == ["mixed", "no", "no"]
    lost = worse.assign(low=worse["low"].clip(upper=-0.05), high=worse["high"].clip(upper=-0.02))
    assert [bar["answer"] for bar in large.bars(lost)] == ["no", "no", "no"]


def test_surveillance_columns_and_networks():
    columns = large.columns(3)
    assert columns["Avg"][1]["protocol"] == "80 people (seed 3), all" and columns["R-20"][0] == "tinyface"
    assert {keys["method"] for _, keys in columns.values()} == {"as photographed"}
    found = large.networks("scface", 3)
    assert found["Ours(w/o FT)"] == "maug-logexp1" and found["Ours(Res34)"] == "maug-logexp1-scface-s3"
    assert rows.label(found["robust, fine-tuned (ours)"]) == "robust (logexp-robust-scface-s3)"
    assert "Ours(Res34)" not in large.networks("xqlfw", 3)
    said = large.commands("tinyface", 0).split("; ")
    assert said[:2] == [f"lrfr fine-tune tinyface --start logexp-{n} --seed 0" for n in ("maug-logexp1", "robust")]
    assert len(said) == 2 + 5 and sum("runs/logexp-robust-tinyface-s0/" in words for words in said) == 1
    assert not any("fine-tune" in words for words in large.commands("xqlfw", 0).split("; "))


def test_pulls_of_six_distances():
    draws = torch.Generator().manual_seed(0)
    unit = {px: torch.nn.functional.normalize(torch.randn(4, 64, generator=draws)) for px in (7, 28, 112)}
    shown, angle = large.pulls(unit)
    assert len(shown) == 6 and shown["distance"][0] == "L1" and shown["angle to L_p's pull"][0] == "–"
    assert max(angle[d] for d in (large.L1, large.L2)) < 0.1 < angle[large.LOGEXP1] < 90
