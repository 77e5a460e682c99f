"""ipfsrgan's own measurements: likeness to HR, further downsampling, and the pipeline for faces of mixed sizes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from toy_recognition import corners, own_results, some_pairs

from lrfr import datasets, measure, methods, recognizers, record, runs
from lrfr.datasets import FaceDataset
from lrfr.datasets.base import to_tensor
from lrfr.errors import LrfrError
from lrfr.evaluation import quality, verification
from lrfr.evaluation.intervals import ImageBootstrap, PairBootstrap
from lrfr.measure import Measured, Pairs
from lrfr.plans import LONGER
from lrfr.record import Entry, ipfsrgan


@pytest.fixture(scope="module")
def judge() -> recognizers.Recognizer:
    return corners()


@pytest.fixture(scope="module")
def faces() -> FaceDataset:
    """Eight people of AT&T, five photographs each."""
    return datasets.load("att").subset(np.concatenate([np.arange(5) + 10 * p for p in range(8)]))


@pytest.fixture(scope="module")
def pairs(faces) -> Pairs:
    return some_pairs(faces, folds=4)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setattr("lrfr.embeddings.cache_dir", lambda: tmp_path_factory.getbasetemp() / "embeddings")


def inverted(px: int = 28) -> methods.Method:
    """A method that ruins faces: their negative, enlarged four times."""
    return methods.Method("negative", px, lambda lr: 1 - lr.repeat_interleave(4, 2).repeat_interleave(4, 3))


def test_a_face_is_wholly_like_itself_and_a_ruined_one_is_not(faces, judge):
    same = measure.likeness_rows(Measured(faces, methods.Method("same", 112, lambda x: x)), judge, 50)
    assert list(same.columns) == measure.COLUMNS and same["metric"].tolist() == ["cosine"]
    assert same["value"].item() == pytest.approx(1, abs=1e-6) and same["n"].item() == len(faces)
    close = measure.likeness_rows(Measured(faces, methods.interpolation(28)), judge, 50)
    ruined = measure.likeness_rows(Measured(faces, inverted()), judge, 50)
    assert 0.9 < close["value"].item() < 1 and ruined["value"].item() < -0.9
    assert close["low"].item() <= close["value"].item() <= close["high"].item()
    by_hand = Measured(faces, methods.interpolation(28))
    cosines = torch.cosine_similarity(
        torch.from_numpy(by_hand.embedded(judge)), torch.from_numpy(by_hand.original(judge))
    )
    assert close["value"].item() == pytest.approx(float(cosines.mean()), abs=1e-6)


def test_sharpness_is_a_share_of_hrs_and_compared_face_by_face(faces):
    same, blurred = (
        Measured(faces, methods.Method("same", 112, lambda x: x)),
        Measured(faces, methods.interpolation(28)),
    )
    hard = Measured(faces, methods.interpolation(28, "nearest"))
    assert ipfsrgan.sharpness_rows(same, None, 50)["value"].item() == 1
    table = ipfsrgan.sharpness_rows(hard, blurred, 50)
    assert table["metric"].tolist() == ["sharpness", "sharpness_minus_bicubic"] and set(table["n"]) == {len(faces)}
    mine, theirs = (quality.sharpness(to_tensor(m.restored), faces.tensor()).numpy() for m in (hard, blurred))
    assert table["value"].tolist() == pytest.approx([mine.mean(), (mine - theirs).mean()], abs=1e-6)
    expected = ImageBootstrap(faces.labels, 50).difference(mine, theirs)
    assert (table["low"][1], table["high"][1]) == pytest.approx((expected.low, expected.high), abs=1e-6)
    assert theirs.mean() < 0.9 and table["low"][1] > 0, "blocks have edges, bicubic blurs them"


def test_only_srcnn_with_l1_is_compared_in_sharpness(faces):
    mse, l1, other = (
        ipfsrgan.Entry(methods.Method(name, 28, lambda lr: lr)) for name in ("SRCNN", "SRCNN (L1)", "ESRGAN")
    )
    assert ipfsrgan._squared(l1, [other, mse, l1], faces).method is mse.method
    assert ipfsrgan._squared(other, [other, mse], faces) is None and ipfsrgan._squared(l1, [l1], faces) is None


def test_further_downsampling_measures_pairs_that_are_both_small(faces, judge, pairs):
    rows = {}
    for alpha in (1.0, 0.25):
        method = methods.at_size(methods.interpolation(28), round(28 * alpha))
        measured = Measured(faces, method)
        table = ipfsrgan.further_rows(measured, [judge], pairs, 50).set_index("metric")
        score = measured.similarity(judge, pairs, "both")
        expected = verification.fold_accuracy(score, pairs.genuine, pairs.fold).mean
        assert table.loc["accuracy", "value"] == pytest.approx(expected)
        assert table.loc["auc", "value"] == pytest.approx(verification.auc(score, pairs.genuine))
        assert set(table["px"]) == {round(28 * alpha)} and set(table["setting"]) == {"both"}
        rows[alpha] = table
    assert not rows[1.0]["value"].equals(rows[0.25]["value"])


def test_every_photograph_of_the_mixture_has_a_size_of_its_own(faces):
    mixture = ipfsrgan.Mixture(faces, inverted())
    assert set(mixture.sizes) <= set(ipfsrgan.MIXED) and len(set(mixture.sizes)) > 3
    assert np.array_equal(mixture.sizes, ipfsrgan.Mixture(faces, inverted()).sizes)
    assert not np.array_equal(mixture.sizes, ipfsrgan.Mixture(faces, inverted(), seed=1).sizes)
    assert np.array_equal(ipfsrgan.Mixture(faces.subset(np.arange(9)), inverted()).sizes, mixture.sizes[:9])


def test_only_faces_under_the_threshold_are_super_resolved(faces, judge, pairs):
    """The negative ruins whom it touches: the higher the threshold, the worse; at 0 it touches nobody."""
    mixture = ipfsrgan.Mixture(faces, inverted())
    plain, restored = mixture.embedded(judge)
    large = mixture.sizes == 112
    assert np.array_equal(plain[large], restored[large]) and large.any()
    assert ((plain[~large] * restored[~large]).sum(1) < 0).all()
    table = ipfsrgan.pipeline_rows(mixture, [judge], pairs, "pipeline devtest", (0, 14, 56))
    assert table["px"].tolist() == [0] * 2 + [14] * 3 + [56] * 4 and set(table["setting"]) == {"mixed"}
    auc = table[table["metric"] == "auc"].set_index("px")["value"]
    score = judge.similarity(plain[pairs.first], plain[pairs.second])
    assert auc[0] == pytest.approx(verification.auc(score, pairs.genuine))
    seen = np.where((mixture.sizes <= 14)[:, None], restored, plain)
    by_hand = judge.similarity(seen[pairs.first], seen[pairs.second])
    assert auc[14] == pytest.approx(verification.auc(by_hand, pairs.genuine))
    assert auc[0] > auc[14] and auc[0] > auc[56]
    folds = verification.fold_accuracy(score, pairs.genuine, pairs.fold).mean
    accuracy = table[(table["metric"] == "accuracy") & (table["px"] == 0)]["value"].item()
    assert accuracy == pytest.approx(folds)


def test_thresholds_have_intervals_and_are_compared_on_the_same_people(faces, judge, pairs):
    mixture = ipfsrgan.Mixture(faces, inverted())
    table = ipfsrgan.pipeline_rows(mixture, [judge], pairs, "pipeline view2", (0, 14, 56), 50)
    table = table.set_index(["px", "metric"])
    plain, restored = mixture.embedded(judge)
    score = {}
    for t in (0, 14, 56):
        seen = np.where((mixture.sizes <= t)[:, None], restored, plain)
        score[t] = judge.similarity(seen[pairs.first], seen[pairs.second])
    names = faces.labels
    people = PairBootstrap(names[pairs.first], names[pairs.second], pairs.genuine, 50)
    for (high, low), metric in {(56, 0): "auc_minus_0px", (56, 14): "auc_minus_14px", (14, 0): "auc_minus_0px"}.items():
        expected, row = people.difference(verification.auc, score[high], score[low]), table.loc[high, metric]
        assert (row["value"], row["low"], row["high"]) == pytest.approx((expected.value, expected.low, expected.high))
    for t in (0, 14, 56):
        expected = people.interval(verification.auc, score[t])
        assert tuple(table.loc[t, "auc"][["low", "high"]]) == pytest.approx((expected.low, expected.high))
        correct = verification.fold_accuracy(score[t], pairs.genuine, pairs.fold).correct
        expected = people.fixed_accuracy(correct)
        assert tuple(table.loc[t, "accuracy"][["low", "high"]]) == pytest.approx((expected.low, expected.high))


def test_without_folds_the_accuracy_is_that_of_the_best_threshold(faces, judge, pairs):
    bare = Pairs(pairs.first, pairs.second, pairs.genuine)
    table = ipfsrgan.pipeline_rows(ipfsrgan.Mixture(faces, inverted()), [judge], bare, "pipeline devtest", (0,))
    plain, _ = ipfsrgan.Mixture(faces, inverted()).embedded(judge)
    s = judge.similarity(plain[bare.first], plain[bare.second])
    best = max(float(((s >= t) == bare.genuine).mean()) for t in [*s, np.inf])
    assert table[table["metric"] == "accuracy"]["value"].item() == pytest.approx(best)


def test_srcnn_with_l1_is_measured_where_no_pairs_are(monkeypatch):
    monkeypatch.setattr(record, "shipped", lambda name: True)
    monkeypatch.setattr(record, "trained", lambda name, label: Entry(methods.Method(label, 28, lambda lr: lr)))
    names = {name: [e.method.name for e in ipfsrgan._for(name)] for name in ("att", "celeba-held-out", "view2")}
    assert names["att"] == names["celeba-held-out"] == [*names["view2"], "SRCNN (L1)"]
    assert [e.method.name for e in ipfsrgan.entries(variants=False)][2:] == list(ipfsrgan.RIVALS.values())


def test_entries_without_weights_are_left_out(monkeypatch):
    monkeypatch.setattr(record, "shipped", lambda name: False)
    monkeypatch.setattr(record, "finished", lambda run, label: None)
    assert [e.method.name for e in ipfsrgan.entries()] == ["HR", "bicubic"]


def test_ablations_are_measured_where_they_were_trained_and_never_shipped(monkeypatch):
    for key in ipfsrgan.VARIANTS:
        assert not record.shipped(f"ipfsrgan-s0-{key}") and runs.kept_log(f"ipfsrgan-s0-{key}")["diverged"] is None
    here = "ipfsrgan-s0-ip-swapped"
    monkeypatch.setattr(
        record, "finished", lambda run, label: Entry(replace(inverted(), name=label)) if run.name == here else None
    )
    rivals = ["HR", "bicubic", *ipfsrgan.RIVALS.values()]
    assert [e.method.name for e in ipfsrgan.entries()] == [*rivals, "IP-FSRGAN (swapped weights)", "SRCNN (L1)"]
    assert [e.method.name for e in ipfsrgan.entries(variants=False)] == rivals


def test_nothing_to_record_is_said():
    with pytest.raises(LrfrError, match="Nothing to record"):
        ipfsrgan.record([])


def test_rows_are_those_of_the_results_file(faces, judge, pairs):
    parts = [
        ipfsrgan.picture_rows(Measured(faces, methods.interpolation(28)), None, [judge], 20),
        ipfsrgan.further_rows(Measured(faces, methods.interpolation(28)), [judge], pairs, 20),
        ipfsrgan.pipeline_rows(ipfsrgan.Mixture(faces, inverted()), [judge], pairs, "pipeline view2", (0, 28)),
    ]
    whole = pd.concat(parts, ignore_index=True)
    assert list(whole.columns) == measure.COLUMNS and not whole.duplicated(measure.KEYS).any()


def test_further_says_what_a_quick_recogniser_moves(faces, judge, pairs, tmp_path, monkeypatch):
    own_results(monkeypatch, tmp_path)
    monkeypatch.setattr(ipfsrgan, "view", lambda name: (faces, pairs))
    found = [Entry(methods.hr()), Entry(methods.interpolation(28)), Entry(inverted(), weights="abc")]
    monkeypatch.setattr(ipfsrgan, "entries", lambda variants=True: found)
    ipfsrgan._record_further([judge], 20, [judge])
    table = record.load("ipfsrgan")
    cells = table[table["protocol"] == "further"].groupby("method")["px"].agg(set).to_dict()
    assert cells == {"bicubic": {28, 21, 14, 7}, "negative": {28, 21, 14, 7}}
    precision = table[table["protocol"] == "further precision"]
    assert set(zip(precision["method"], precision["px"], strict=True)) == {("bicubic", 28)}
    assert set(precision["value"]) == {0} and "auc_minus_float32" in set(precision["metric"]), "the same network twice"


def test_a_longer_training_is_measured_beside_the_shorter_and_its_rival(faces, judge, pairs, tmp_path, monkeypatch):
    own_results(monkeypatch, tmp_path)
    monkeypatch.setattr(ipfsrgan, "view", lambda name: (faces, pairs))
    rivals = [Entry(methods.interpolation(28, kernel)) for kernel in ("nearest", "bilinear")]
    named = [replace(e, method=replace(e.method, name=n)) for e, n in zip(rivals, ("ESRGAN", "IP-FSRGAN"), strict=True)]
    monkeypatch.setattr(ipfsrgan, "entries", lambda variants=True: named)
    asked: list[str] = []

    def finished(run, label):
        asked.append(run.name)
        made = Entry(methods.interpolation(28), weights="def")
        return replace(made, method=replace(made.method, name=label)) if len(asked) > 1 else None

    monkeypatch.setattr(ipfsrgan, "finished", finished)
    ipfsrgan._record_longer([judge], 20)
    assert record.load_if_any("ipfsrgan") is None, "nothing is trained yet"
    ipfsrgan._record_longer([judge], 20)
    assert set(asked) == {LONGER}
    table = record.load("ipfsrgan")
    assert set(table["method"]) == {ipfsrgan.ON} and set(table["protocol"]) == {"longer"}
    assert {"auc", "psnr"} <= set(table["metric"])
    value = table.set_index(["metric", "setting"])["value"]
    for entry in named:
        theirs = measure.pair_rows(Measured(faces, entry.method), judge, pairs, "longer", 20)
        theirs = theirs.set_index(["metric", "setting"])["value"]
        gain = value[f"auc_minus_{entry.method.name}", "both"]
        assert gain == pytest.approx(value["auc", "both"] - theirs["auc", "both"]) and gain != 0
