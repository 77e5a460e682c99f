"""Keys of logexp's rows and names of its runs: each finds its own row; which differences are asked for; both roads."""

import json

import numpy as np
import pandas as pd
import pytest

from lrfr import methods, plans, record, runs, tables
from lrfr.errors import LrfrError
from lrfr.losses.logexp import Distance
from lrfr.measure import COLUMNS
from lrfr.papers import logexp_study
from lrfr.record import logexp_rows as rows
from lrfr.record import surveillance

NAN = float("nan")


def line(recognizer: str, px: int, setting: str, metric: str, value: float, **other: object) -> list:
    row = {"set": "lfw", "protocol": "view2", "method": "HR" if px == 112 else "bicubic", "px": px, "seed": 0}
    row |= {"recognizer": recognizer, "setting": setting, "metric": metric, "value": value}
    return [({**row, "low": value - 0.01, "high": value + 0.01, "n": 6000} | other)[c] for c in COLUMNS]


@pytest.fixture(scope="module")
def results() -> pd.DataFrame:
    made = [
        line("mobilefacenet", 7, "probe", "auc", 0.80),
        line("mobilefacenet", 112, "probe", "auc", 0.995),
        line("robust", 7, "probe", "auc", 0.95),
        line("robust", 7, "both", "auc", 0.94),
        line("robust", 7, "probe", "auc", 0.93, protocol="devtest"),
        line("robust", 7, "", "cosine_to_mobilefacenet", 0.6, protocol="view2 drift"),
        line("maug", 7, "", "error_share", 0.5, protocol="devtest errors"),
        line("maug", 7, "", "gradient_l2", 3.0, set="att-first", protocol="gradients"),
        line("maug", 7, "probe", "auc_minus_maug-logexp1", 0.02, protocol="devtest"),
        line("maug", 112, "both", "auc_minus_maug-logexp1", 0.05, protocol="devtest"),
        line("maug", 112, "probe", "auc_minus_maug-logexp1", 0.05, protocol="devtest"),
    ]
    return pd.DataFrame(made, columns=COLUMNS)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (rows.at("robust", 7, "probe"), 0.95),
        (rows.at("robust", 7, "both"), 0.94),
        (rows.at("robust", 7, "probe", protocol="devtest"), 0.93),
        (rows.at("mobilefacenet", 112, "probe"), 0.995),
        (rows.drift("robust", 7), 0.6),
        (rows.inside("maug", 7), 0.5),
        (rows.gradient("maug", 7, "gradient_l2"), 3.0),
    ],
)
def test_keys_find_their_own_row_and_no_other(results, keys, value):
    found = tables.pick(results, **keys)
    assert len(found) == 1 and found["value"].item() == value


def test_a_difference_is_found_whichever_side_recorded_it(results):
    keys = rows.at("maug", 7, "probe", protocol="devtest")
    assert rows.difference(results, "maug", "maug-logexp1", keys)["low"] == pytest.approx(0.01)
    turned = rows.difference(results, "maug-logexp1", "maug", keys)
    assert turned[["value", "low", "high"]].tolist() == pytest.approx([-0.02, -0.03, -0.01])
    with pytest.raises(LrfrError, match="No result is recorded"):
        rows.difference(results, "maug", "aug", keys)


def test_gains_are_what_is_recorded_and_hr_counts_once(results):
    pairs = [("maug-logexp1", "maug"), ("aug", "maug")]
    assert [r["value"] for r in rows.gains(results, pairs)] == [-0.02]
    assert [r["value"] for r in rows.gains(results, pairs, (7, 112))] == [-0.02, -0.05]
    back = tables.turned(rows.gains(results, pairs))
    assert back[0][["value", "low", "high"]].tolist() == pytest.approx([0.02, 0.01, 0.03])
    assert tables.decided(back) is True and tables.decided(rows.gains(results, [("aug", "maug")])) is None


def test_runs_have_the_papers_names_and_distinct_ones():
    known = ["mobilefacenet", "robust", *logexp_study.ablations()]
    assert len({rows.title(k) for k in known}) == len(known)
    assert [rows.title(k) for k in ("mobilefacenet", "maug-logexp1", "paug-logexp1", "ratio-1-1-0", "heavy")] == [
        "pretrained", "MAug+LogExp1", "PAug+LogExp1", "1:1:0", "heavy"
    ]  # fmt: skip


def test_recipes_say_what_a_run_learns_by():
    ours = rows.recipe("maug-logexp1")
    assert ours["LR sizes"] == "7, 14, 20 px = 1:1:2" and ours["distance"] == "LogExp, p = 1"
    assert ours["lambda"] == "1 (pulls)" and ours["target"] == "own HR, both sides" and ours["beside"] == "CosFace 1"
    assert rows.recipe("printed")["lambda"] == "1"
    assert rows.recipe("baseline")["LR sizes"] == "HR alone" and rows.recipe("baseline")["lambda"] == "–"
    assert rows.recipe("single-28")["LR sizes"] == "28 px"
    assert rows.recipe("paug-logexp1")["LR sizes"] == "7, 14, 28, 56 px alike"
    robust = rows.recipe("robust")
    assert robust["target"] == "pretrained HR" and "jitter" in robust["beside"] and "CosFace" not in robust["beside"]
    assert rows.recipe("anchor")["beside"] == "CosFace 1, anchor 30"
    assert rows.distance_in_words(Distance("smooth-l1")) == "SmoothL1"
    assert rows.distance_in_words(Distance("logexp-released")) == "LogExp, p = 1, code's form"
    every = [tuple(rows.recipe(k).values()) for k in logexp_study.ablations()]
    assert len(set(every)) == len(every), "no two runs read alike"


def test_what_two_runs_differ_in():
    one = rows.unlike("maug-logexp1", "maug-l1")
    assert one.to_dict("records") == [{"setting": "distance", "MAug+LogExp1": "LogExp, p = 1", "MAug+L1": "L1"}]
    assert rows.unlike("aug", "aug").empty
    many = rows.unlike("distil-l2", "maug-logexp1").set_index("setting")
    assert {"steps", "learning rate", "optimizer", "sizes", "ratio", "target", "distance"} <= set(many.index)
    assert many.loc["share that is kept"].tolist() == ["0.4", "1"] and many.loc["steps"].tolist() == ["140", "70"]
    assert many.loc["sizes", "distil-l2"] == "7, 14, 20, 112" and many.loc["ratio"].tolist()[1] == "1, 1, 2"
    assert "log every" not in many.index and "seed" not in many.index


def test_logs_of_shipped_and_of_kept_runs(tmp_path, monkeypatch):
    for module in (record, methods, runs):
        monkeypatch.setattr(module, "data_dir", lambda: tmp_path)
    steps = [{"step": s, "validation_hr_cosine": 0.9, "validation_lr_cosine": c} for s, c in ((5, 0.5), (10, 0.6))]
    log = {"settings": {}, "curve": [{"step": 1}, *steps]}
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "runs").mkdir()
    (tmp_path / "checkpoints" / "logexp-robust.safetensors").touch()
    (tmp_path / "checkpoints" / "logexp-robust.json").write_text(json.dumps(log))
    (tmp_path / "runs" / "logexp-aug.json").write_text(json.dumps(log | {"diverged": {"step": 2}}))
    rows.told.cache_clear()
    assert rows.ended("robust") and not rows.ended("aug")
    assert len(rows.curve("aug")) == 3 and rows.looks("aug")["step"].tolist() == [5, 10]
    assert rows.plateau("robust") == {"LR distance falls by": "20.0%", "on its plateau": False}
    with pytest.raises(LrfrError, match="log of logexp-maug"):
        rows.told("maug")
    rows.told.cache_clear()


def test_lfw_stands_beside_the_surveillance_sets_under_one_name(results, monkeypatch):
    monkeypatch.setattr(surveillance, "load", lambda: pd.DataFrame(columns=COLUMNS))
    found = rows.with_surveillance(results)
    assert {"mobilefacenet", "robust", "robust (logexp-maug)"} == set(found["recognizer"]) and set(found["set"]) == {
        "lfw"
    }
    own = pd.DataFrame([line("robust (logexp-maug)", 112, "both", "accuracy", 0.9, set="xqlfw")], columns=COLUMNS)
    monkeypatch.setattr(surveillance, "load", lambda: own)
    assert len(rows.with_surveillance(results)) == len(found) + 1


def test_commands_name_the_weights(monkeypatch):
    monkeypatch.setattr(record, "shipped", lambda name: name == "logexp-maug-l1")
    assert rows.command("scface", "mobilefacenet") == "lrfr evaluate scface --recognizer mobilefacenet"
    assert rows.command("xqlfw", "robust") == "lrfr evaluate xqlfw --recognizer robust"
    end = "--recognizer robust --recognizer-weights"
    assert rows.command("xqlfw", "maug-l1").endswith(f"{end} data/checkpoints/logexp-maug-l1.safetensors")
    assert rows.command("xqlfw", "aug").endswith(f"{end} runs/logexp-aug/weights.safetensors")


def test_every_planned_run_has_a_recipe():
    for run in [*plans.planned(), *plans.pilots()]:
        if run.name.startswith("logexp-"):
            assert np.all([len(words) > 0 for words in rows.recipe(run.name.removeprefix("logexp-")).values()])
    with pytest.raises(LrfrError, match="planned runs"):
        rows.settings_of("nothing")


@pytest.mark.parametrize(
    ("seen", "said"), [([0.9, 0.6], "no"), ([0.9, 0.4, 0.3], "step 6"), ([0.9, 0.4, 0.7], "for a time")]
)
def test_a_collapse_is_told_from_a_fall_that_passes(monkeypatch, seen, said):
    curve = [{"step": 3 * (i + 1), "loss": 1.0, "validation_hr_cosine": cosine} for i, cosine in enumerate(seen)]
    monkeypatch.setattr(rows, "told", lambda name: {"curve": [*curve, {"step": 99, "loss": 1.0}]})
    assert rows.collapsed("heavy") == said
