"""ftlgan's own measurements: how scores lie, pictures beside bicubic's, ablations beside what they are like."""

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file
from toy_recognition import corners, no_lpips, own_results

from lrfr import datasets, measure, methods, plans, recognizers, record
from lrfr.datasets import FaceDataset
from lrfr.evaluation import quality, verification
from lrfr.files import write_json
from lrfr.measure import Measured, Pairs
from lrfr.networks.rrdb import RRDBNet, RRDBSettings
from lrfr.papers import ftlgan
from lrfr.plans import Run
from lrfr.record import Entry
from lrfr.record import ftlgan as record_ftlgan
from lrfr.training import as_dict


@pytest.fixture(scope="module")
def judge() -> recognizers.Recognizer:
    return corners()


@pytest.fixture(scope="module")
def faces() -> FaceDataset:
    """Eight people of AT&T, four photographs each."""
    whole = datasets.load("att")
    return whole.subset(np.concatenate([np.arange(4) + 10 * p for p in range(8)]), "lfw")


@pytest.fixture(scope="module")
def pairs(faces) -> Pairs:
    first, second = np.triu_indices(len(faces), 1)
    return Pairs(first, second, faces.labels[first] == faces.labels[second])


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    monkeypatch.setattr("lrfr.embeddings.cache_dir", lambda: tmp_path / "embeddings")
    own_results(monkeypatch, tmp_path)
    monkeypatch.setattr(plans, "repo_root", lambda: tmp_path)


def noise(px: int = 28) -> methods.Method:
    """A method that ruins faces."""
    drawn = torch.Generator().manual_seed(0)
    return methods.Method("noise", px, lambda lr: torch.rand(len(lr), 3, 112, 112, generator=drawn))


def test_scores_by_hand(faces, judge, pairs):
    measured = Measured(faces, methods.interpolation(14))
    table = record_ftlgan.score_rows(measured, [judge], pairs)
    assert set(table["protocol"]) == {"scores"} and table["low"].isna().all() and set(table["n"]) == {len(pairs.first)}
    whole = measured.original(judge)
    reference = judge.similarity(whole[pairs.first], whole[pairs.second])
    threshold = verification.tar_at_far(reference, pairs.genuine, 1e-2).threshold
    for setting in ("probe", "both"):
        s = measured.similarity(judge, pairs, setting)
        found = table[table["setting"] == setting].set_index("metric")["value"]
        assert found["genuine_mean"] == pytest.approx(s[pairs.genuine].mean())
        assert found["impostor_sd"] == pytest.approx(s[~pairs.genuine].std())
        assert found["far_at_hr_threshold"] == pytest.approx((s[~pairs.genuine] >= threshold).mean())
        assert found["frr_at_hr_threshold"] == pytest.approx((s[pairs.genuine] < threshold).mean())


def test_at_its_own_threshold_hr_keeps_the_far_it_was_set_to(faces, judge, pairs):
    table = record_ftlgan.score_rows(Measured(faces, methods.hr()), [judge], pairs).set_index(["setting", "metric"])
    impostors = (~pairs.genuine).sum()
    assert table["value"]["both", "far_at_hr_threshold"] == pytest.approx(int(0.01 * impostors) / impostors)
    ruined = record_ftlgan.score_rows(Measured(faces, noise()), [judge], pairs).set_index(["setting", "metric"])
    assert ruined["value"]["both", "genuine_mean"] == pytest.approx(ruined["value"]["both", "impostor_mean"], abs=0.1)


def test_a_picture_is_compared_with_hr_and_with_its_bicubic_enlargement(faces, monkeypatch):
    no_lpips(monkeypatch)
    plain, method = Measured(faces, methods.interpolation(28)), methods.interpolation(28, "nearest")
    table = record_ftlgan.picture_rows(Measured(faces, method), 50)
    by_hand = quality.psnr(
        *(torch.from_numpy(np.array(m.restored)).permute(0, 3, 1, 2) / 255 for m in (Measured(faces, method), plain))
    )
    row = table.set_index("metric").loc["psnr_to_bicubic"]
    assert row["value"] == pytest.approx(float(by_hand.mean()), rel=1e-5) and row["low"] < row["value"] < row["high"]
    assert {"psnr", "ssim", "lpips_alexnet"} <= set(table["metric"]) and set(table["protocol"]) == {"quality"}
    assert "psnr_to_bicubic" not in set(record_ftlgan.picture_rows(plain, 50)["metric"])


def test_scores_and_pictures_are_recorded_once(faces, judge, pairs, monkeypatch):
    no_lpips(monkeypatch)
    monkeypatch.setattr(record_ftlgan, "pairs_of", lambda name: (faces, pairs))
    monkeypatch.setattr(
        record_ftlgan, "_for", lambda name: [Entry(methods.hr()), Entry(methods.interpolation(14)), Entry(noise())]
    )
    record_ftlgan._record_scores([judge])
    record_ftlgan._record_pictures(20)
    table = record.load("ftlgan")
    assert table.groupby("method")["protocol"].agg(set).to_dict() == {
        "HR": {"scores"},
        "bicubic": {"scores", "quality"},
        "noise": {"scores", "quality"},
    }
    monkeypatch.setattr(record_ftlgan, "score_rows", None)  # nothing is computed again
    monkeypatch.setattr(record_ftlgan, "picture_rows", None)
    record_ftlgan._record_scores([judge])
    record_ftlgan._record_pictures(20)


def test_what_quick_recognisers_move_is_recorded_at_every_size(faces, judge, pairs, monkeypatch):
    monkeypatch.setattr(record_ftlgan, "pairs_of", lambda name: (faces, pairs))
    record_ftlgan._record_precision([judge], [judge], 20)
    table = record.load("ftlgan")
    assert set(table["px"]) == {14, 28, 56} and set(table["protocol"]) == {"devtest precision"}
    moved = table.loc[table["metric"] == "auc_minus_float32", "value"]
    assert len(moved) == 6 and not moved.any(), "the same network twice, two settings"


# Ablations


@pytest.fixture
def finished(tmp_path, monkeypatch) -> list[str]:
    """Three ablations and their start, trained by nobody: the zero-initialised network is the bicubic enlargement."""
    shape = RRDBSettings(4, blocks=1, width=8, growth=4)
    names = ["start", "2", "base", "1", "4"]
    made = {n: Run(record_ftlgan.ABLATION + n, ftlgan.Settings(shape), 1) for n in names}
    made["start"] = Run("ftlgan-28-s0-base", ftlgan.Settings(shape), 1)
    for number, (name, run) in enumerate(made.items()):
        if name != "4":  # not trained yet
            run.folder.mkdir(parents=True)
            state = RRDBNet(shape).state_dict()
            state["conv_last.bias"] = torch.full((3,), 0.01 * number)
            save_file({k: v.contiguous() for k, v in state.items()}, run.folder / "weights.safetensors")
            write_json(run.folder / "settings.json", as_dict(run.settings))
    monkeypatch.setattr(record_ftlgan, "pilots", lambda: list(made.values()))
    monkeypatch.setattr(record_ftlgan, "find", lambda name: made["start"])
    return names


def test_ablations_are_compared_with_what_they_are_like(finished, faces, judge, pairs, monkeypatch):
    no_lpips(monkeypatch)
    monkeypatch.setattr(record_ftlgan, "pairs_of", lambda name: (faces, pairs))
    assert [e.method.name for e in record_ftlgan.ablations()] == ["base", "2", "1"], "what is compared with comes first"
    record_ftlgan._record_ablations([judge], 20, [judge])
    table = record.load("ftlgan")
    precision = table[table["protocol"].str.endswith(" precision")]
    assert set(precision["method"]) == {"bicubic"} and set(precision["value"]) == {0}, "the same network twice"
    assert {"auc_minus_float32", "d_prime_minus_float32"} <= set(precision["metric"])
    table = table[~table["protocol"].isin(precision["protocol"])]
    assert table["method"].drop_duplicates().tolist() == ["bicubic", record_ftlgan.START, "base", "2", "1"]
    for protocol in ("ablation kernel", "ablation camera"):
        here = table[table["protocol"] == protocol]
        assert {"psnr", "auc", "d_prime"} <= set(here[here["method"] == "2"]["metric"])
        minus = here[here["metric"].str.startswith("d_prime_minus")].groupby("method")["metric"].agg(set).to_dict()
        assert minus == {
            record_ftlgan.START: {"d_prime_minus_bicubic"},
            "base": {"d_prime_minus_bicubic"},
            "2": {"d_prime_minus_bicubic", "d_prime_minus_base"},
            "1": {"d_prime_minus_bicubic", "d_prime_minus_2"},
        }
        value = here.set_index(["method", "setting", "metric"])["value"]
        gap = value["1", "both", "d_prime"] - value["2", "both", "d_prime"]
        assert value["1", "both", "d_prime_minus_2"] == pytest.approx(gap, abs=1e-4)
    kernel, camera = (table[table["protocol"] == f"ablation {k}"].set_index("metric") for k in ("kernel", "camera"))
    assert kernel.loc["psnr", "value"].iloc[0] > camera.loc["psnr", "value"].iloc[0] + 1
    monkeypatch.setattr(record_ftlgan, "pair_rows", None)  # nothing is computed again
    record_ftlgan._record_ablations([judge], 20, [judge])
    assert len(record.load("ftlgan")) == len(table) + len(precision)


def test_every_ablation_is_planned_and_compared_with_one_that_is():
    planned = {
        r.name.removeprefix(record_ftlgan.ABLATION) for r in plans.pilots() if r.name.startswith(record_ftlgan.ABLATION)
    }
    assert set(record_ftlgan.LIKE) | {"base"} == planned
    assert {like for likes in record_ftlgan.LIKE.values() for like in likes} <= {"base", "2", "alpha8"}


def test_only_the_rows_that_are_asked_for_are_recomputed(faces, judge, monkeypatch):
    found = [Entry(methods.hr()), *(Entry(methods.interpolation(px)) for px in (14, 28)), Entry(noise())]
    monkeypatch.setattr(record_ftlgan, "_for", lambda name: found)
    monkeypatch.setattr(recognizers, "load", lambda name: judge)
    seen = []

    def note(name, entries, judges_of, replicates, baselines):
        assert baselines == ("bicubic", record_ftlgan.START), "on pairs the differences are computed again too"
        seen.append([(e.method.name, e.method.px) for e in entries])
        return pd.DataFrame(columns=measure.COLUMNS)

    monkeypatch.setattr(record_ftlgan, "recompute_entries", note)
    record_ftlgan.recompute(["att"], ["dlib"], (28,))
    record_ftlgan.recompute(["att"], ["dlib"], (28,), only=("HR", "noise"))
    assert seen == [[("HR", 112), ("bicubic", 28), ("noise", 28)], [("HR", 112), ("noise", 28)]]
