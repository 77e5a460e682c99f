"""Recorded results: kept with where they come from, computed once, and compared with what is computed anew."""

import shutil

import numpy as np
import pandas as pd
import pytest
from face_sets import as_jpeg, empty_places
from typer.testing import CliRunner

from lrfr import datasets, measure, methods, plans, recognizers, record
from lrfr.cli import app
from lrfr.datasets import lfw
from lrfr.errors import LrfrError
from lrfr.record import Entry, apart
from lrfr.record import frloss as record_frloss

HERE = {"set": "att", "protocol": "all pairs", "px": 14, "seed": 0, "recognizer": "dlib", "setting": "both"}


@pytest.fixture(autouse=True)
def own_results(tmp_path, monkeypatch):
    for module in (record, record_frloss):
        monkeypatch.setattr(module, "path", lambda paper: tmp_path / f"{paper}.csv")
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
    assert table["hardware"].str.fullmatch(r".+ x \d+").all()
    assert table["low"].isna().all() and (table["high"] == 0.6).all()
    quality = record.save("toy", rows(protocol="quality", recognizer="", setting=""), entry())
    assert record.load("toy")["recognizer"].tolist() == quality["recognizer"].tolist() == ["dlib", "dlib", "", ""]


def test_a_count_comes_back_in_full():
    record.save("toy", rows(metrics=("parameters", "gflops"), value=1_118_755.0), entry())
    assert record.load("toy")["value"].tolist() == [1_118_755, 1_118_755]
    record.save("toy", rows(value=0.123456789), entry("B"))
    assert ",0.123457," in record.path("toy").read_text()


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


def test_rows_of_another_protocol_that_were_measured_together_go_too():
    """Else a method would count as recorded by its pairs and lack its quality."""
    for method, metrics in (("MSE", ("psnr",)), ("FR", ("psnr", "psnr_minus_MSE"))):
        parts = [rows(method, metrics, protocol="quality"), rows(method), rows(method, protocol="further")]
        record.save("toy", pd.concat(parts[:2]), entry(method, "old"))
        whole = record.save("toy", parts[2], entry(method, "old"))
    assert len(whole) == 11
    table = record.save(
        "toy", pd.concat([rows("MSE", ("psnr",), protocol="quality"), rows("MSE")]), entry("MSE", "new")
    )
    mine = table[table["method"] == "FR"]
    assert set(mine["protocol"]) == {"further"} and not record.recorded(table, "att", "all pairs", entry("FR", "old"))


def test_a_method_is_recorded_by_what_and_by_which_weights():
    table = record.save("toy", rows("A"), entry("A", "w"))
    for where in (table, record.load("toy")):
        assert record.recorded(where, "att", "all pairs", entry("A", "w"))
        assert not record.recorded(where, "caltech", "all pairs", entry("A", "w"))
        assert not record.recorded(where, "att", "view2", entry("A", "w"))
        for other in (entry("A", "v"), entry("A", "w", seed=1), entry("A", "w", px=28), entry("B", "w"), entry("A")):
            assert not record.recorded(where, "att", "all pairs", other)
    assert not record.recorded(None, "att", "all pairs", entry())


def test_a_paper_s_own_protocol_is_measured_where_it_is_missing():
    measured = []

    def one(e: Entry) -> pd.DataFrame:
        measured.append(e.method.name)
        return rows(e.method.name, protocol="further")

    listed = [entry("A", "a"), entry("B", "b")]
    record.record_missing("toy", "att", "further", listed[:1], one)
    record.record_missing("toy", "att", "further", listed, one)
    assert measured == ["A", "B"]
    record.record_missing("toy", "att", "further", [entry("A", "new"), listed[1]], one)
    assert measured == ["A", "B", "A"] and len(record.load("toy")) == 4
    record.record_missing("toy", "lfw", "further", listed[:1], one)
    assert measured[3:] == ["A"], "on another set it is not recorded"


# Comparing


def test_equal_values_pass_and_the_difference_is_shown():
    shifted = rows().assign(value=[0.5005, 0.4999])
    both = record.compare(rows(), shifted.iloc[::-1])
    assert both["difference"].max() == pytest.approx(5e-4) and len(both) == 2


def test_a_count_of_errors_may_differ_by_a_thousandth_of_it():
    old = rows(metrics=("false_accepts_at_far_0.001",), value=29_640.0)
    record.compare(old, old.assign(value=29_641.0))
    with pytest.raises(LrfrError, match=r"recorded 29640, computed 29680"):
        record.compare(old, old.assign(value=29_680.0))


def test_a_view_covers_the_protocols_that_begin_with_its_name():
    protocols = ("view2", "view2 gain", "devtest", "pipeline view2")
    table = pd.concat([rows(set="lfw", protocol=p, recognizer=j) for p in protocols for j in ("dlib", "sface")])
    table = pd.concat([table, rows(set="att", px=28)])
    assert set(record.covered(table, ["view2"])["protocol"]) == {"view2", "view2 gain"}
    assert set(record.covered(table, ["devtest"], ["dlib"])["recognizer"]) == {"dlib"}
    assert set(record.covered(table, ["att", "view2"])["set"]) == {"att", "lfw"}
    assert record.covered(table, ["att"], px=[14]).empty and len(record.covered(table, ["att"], px=[28])) == 2


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
    monkeypatch.setattr(recognizers, "load", lambda name, device="cpu": judge)
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
    errors = table[table["metric"] == "false_accepts_at_far_0.001"].set_index(["method", "px", "setting"])
    assert errors.loc[("HR", 112, "probe"), "n"] == 24 * 20 and errors.loc[("HR", 112, "both"), "n"] == 24 * 20 // 2
    development = record_frloss.record(["devtest"], replicates=40)
    development = development[development["protocol"] == "devtest"]
    assert len(development) and not development["metric"].str.contains("0.001").any()


def test_a_view_keeps_only_the_photographs_of_its_pairs(small, monkeypatch):
    given = lfw.Pairs(np.array([3, 20]), np.array([8, 3]), np.array([False, False]), np.array([0, 1]))
    monkeypatch.setattr(lfw, "pairs", lambda dataset, view: given)
    faces, pairs = record.view("view2")
    assert faces.table["file"].tolist() == small.table["file"].iloc[[3, 8, 20]].tolist()
    assert pairs.first.tolist() == [0, 2] and pairs.second.tolist() == [1, 0]
    np.testing.assert_array_equal(faces.images, small.images[[3, 8, 20]])


def test_fresh_measures_what_is_recorded(small, monkeypatch):
    record_frloss.record(["att"], replicates=20)
    monkeypatch.setattr(record, "commit", lambda: "9999999999")
    assert set(record_frloss.record(["att"], replicates=20)["commit"]) == {"0123456789"}
    assert set(record_frloss.record(["att"], replicates=20, fresh=True)["commit"]) == {"9999999999"}


def test_what_cannot_be_recorded_is_said():
    with pytest.raises(LrfrError, match="Nothing to record: name at least one of att"):
        record_frloss.record([])
    with pytest.raises(LrfrError, match=r"frloss is recorded on att, caltech, .*, not on nowhere\."):
        record_frloss.record(["att", "nowhere"])


def test_only_what_is_trained_is_compared_on_a_set_without_pair_list(small):
    plain = record_frloss.record(["att"], replicates=20)
    assert not plain["metric"].str.contains("_minus_").any()
    bench = record._Bench("att", (), ("bicubic",), 20)
    judge = recognizers.load("dlib")
    bench.take(Entry(methods.interpolation(14)))
    way = methods.Method("network", 14, methods.interpolation(14, "bilinear").enlarge)
    other = Entry(way, 1, "12e4567890123456")
    table = bench.rows(other, bench.take(other), [judge])
    found = set(table.loc[table["metric"].str.contains("_minus_"), "metric"])
    assert found == {f"{m}_minus_bicubic" for m in ("1nn", "5nn", "10nn", "psnr", "ssim", "lpips_alexnet")}
    assert not table.duplicated(measure.KEYS).any()


# The study profile's path: LFW and CelebA of the reader's own


@pytest.fixture
def tiny_lfw(tmp_path, monkeypatch):
    """LFW's official layout with eight people of AT&T, four photographs each, 16 + 16 pairs in two folds."""
    found = datasets.photographs("att")
    judge = recognizers.load("dlib")
    pictures = {(p, k): found[10 * p + 2 * k].open() for p in range(8) for k in range(4)}
    home = empty_places(tmp_path, monkeypatch) / "lfw"
    lines = ["2\t8"]
    for (person, number), picture in pictures.items():
        folder = home / "lfw-deepfunneled" / f"Person_{person}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"Person_{person}_{number + 1:04d}.jpg").write_bytes(as_jpeg(picture.resize((250, 250))))
    for fold in (0, 1):
        lines += [f"Person_{p}\t{2 * fold + 1}\t{2 * fold + 2}" for p in range(8)]
        lines += [f"Person_{p}\t{fold + 1}\tPerson_{(p + 1 + 2 * fold) % 8}\t{4 - fold}" for p in range(8)]
    (home / "pairs.txt").write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(record_frloss, "JUDGES", ("dlib",))
    monkeypatch.setattr(recognizers, "load", lambda name, device="cpu": judge)
    return home


@pytest.mark.slow
def test_view_2_of_the_readers_own_lfw_is_recorded_and_checked(tiny_lfw, monkeypatch):
    table = record_frloss.record(["view2"], replicates=60)
    assert set(table["protocol"]) == {"view2", "view2 gain"} and set(table["n"]) >= {32}
    assert not table.duplicated(measure.KEYS).any()
    trained = table[table["method"] == "SRResNet (FR)"]
    for metric in ("auc", "d_prime", "eer", "accuracy"):
        assert f"{metric}_minus_bicubic" in set(trained["metric"])
        assert f"{metric}_minus_SRResNet (MSE)" in set(trained["metric"])
    gain = trained[trained["metric"] == "auc_gain_minus_28px"]
    assert set(gain["setting"]) == {"probe", "both"} and set(gain["px"]) == {14}
    for row in gain.itertuples():
        here = trained[(trained["setting"] == row.setting) & (trained["metric"] == "auc_minus_SRResNet (MSE)")]
        by_size = here[here["seed"] == 0].set_index("px")["value"]
        assert row.value == pytest.approx(by_size[14] - by_size[28], abs=1e-5) and row.low <= row.high

    before = record.path("frloss").read_bytes()
    measured = []
    with monkeypatch.context() as patch:
        gain_rows = record_frloss.differences.gain_rows
        patch.setattr(record_frloss.differences, "gain_rows", lambda *g: measured.append(1) or gain_rows(*g))
        record_frloss.record(["view2"], replicates=60)
        assert not measured and record.path("frloss").read_bytes() == before, "nothing to do"
        other = (table["method"] == "SRResNet (MSE)") & (table["px"] == 28)
        table.assign(weights=table["weights"].mask(other, "another")).to_csv(record.path("frloss"), index=False)
        record_frloss.record(["view2"], replicates=60)
        assert measured == [1], "one of its four arms was of other weights"
    before = record.path("frloss").read_bytes()
    done = CliRunner().invoke(app, ["record", "frloss", "view2", "--check"])
    # The gain's interval is drawn anew, with more replicates; values do not move.
    assert done.exit_code == 0, done.output
    assert f"view2: {len(table)} rows computed anew" in done.output
    assert record.path("frloss").read_bytes() == before

    broken = record.load("frloss")
    broken.loc[3, "value"] += 0.01
    broken.to_csv(record.path("frloss"), index=False)
    done = CliRunner().invoke(app, ["record", "frloss", "view2", "--check"])
    assert done.exit_code == 1 and isinstance(done.exception, LrfrError)
    assert "the shipped weights do not give these numbers" in str(done.exception)


def test_another_edition_is_neither_compared_nor_mixed_in(tiny_lfw, monkeypatch):
    (tiny_lfw / "lfw-deepfunneled").rename(tiny_lfw / "lfw_funneled")
    with pytest.raises(LrfrError, match="recorded from its deep-funneled edition"):
        record_frloss.check(["view2"])
    for command in (
        ["record", "frloss", "view2"],
        ["record", "multiscale", "devtest"],
        ["record", "multiscale", "identification"],
        ["record", "ftlgan", "ablations"],
        ["benchmark", "att", "view2"],
        ["combine", "devtest"],
        ["transfer", "FR"],
        ["pilots"],
        ["overlap"],
    ):
        mixed = CliRunner().invoke(app, command)
        assert isinstance(mixed.exception, LrfrError) and "from its deep-funneled edition" in str(mixed.exception)
    with pytest.raises(LrfrError, match="recorded from its deep-funneled edition"):
        apart.record([7])
    monkeypatch.setattr(datasets, "finder", lambda name: lambda image: None)
    assert len(record.view("view2")[1].first), "a chapter may look at another edition"
    people = [datasets.Photograph(f"{i}.jpg", str(i), bytes) for i in range(record.PEOPLE + 1)]
    monkeypatch.setattr(datasets, "photographs", lambda name: people)
    assert "the CelebA at hand has 300 people" in record.foreign("celeba-held-out")
    monkeypatch.setattr(datasets, "photographs", lambda name: people[1:])
    assert record.foreign("celeba-held-out") == record.foreign("att") == ""


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["srgan", "att"], "Expected one of the papers frloss, ipfsrgan, ftlgan, multiscale, logexp, found 'srgan'"),
        (
            ["multiscale", "identification", "--check"],
            "multiscale is checked on att and caltech, not on identification",
        ),
        (["frloss", "att", "--check", "--fresh"], "give one of them"),
        (["ftlgan", "view2", "--check"], "ftlgan is checked on att and caltech, not on view2"),
        (["frloss", "celeba"], "frloss is recorded on att, caltech, celeba-held-out, view2, devtest, not on celeba"),
        (["ftlgan", "lfw"], "ftlgan is recorded on att, caltech, view2, devtest, ablations, not on lfw"),
        (
            ["ipfsrgan", "att", "roads"],
            "ipfsrgan is recorded on att, caltech, celeba-held-out, view2, devtest, further",
        ),
        (["multiscale", "my/folder"], "identification, ablations, variations, not on my/folder"),
        (["logexp", "celeba-train"], "ablations, gradients, roads, shares, not on celeba-train"),
        (["ftlgan", "att", "--fresh"], "take the rows out of data/results/ftlgan.csv"),
    ],
)
def test_wrong_words_are_one_sentence(words, match):
    done = CliRunner().invoke(app, ["record", *words])
    assert isinstance(done.exception, LrfrError) and match in str(done.exception)


# Pilots


def test_every_pilot_says_what_it_changes():
    names = [r.name for r in plans.pilots() if r.name.startswith("pilot-")]
    words = {name: record_frloss.what_differs(name) for name in names}
    assert len(set(words.values())) >= len(words) - 1  # phase 1 of the shipped runs may be a pilot's
    assert words["pilot-share50"] == "the paper's balance: FR loss 50% of the whole at the start"
    assert words["pilot-mse-rate5"] == "MSE alone, learning rate 5e-05"
    assert words["pilot-other"].endswith("compared with another photograph of the person")
    assert record_frloss.what_differs("bicubic") == "no network"
    stems = {name: record_frloss.stem(name) for name in names}
    assert stems["pilot-mse-rate5"] == "pilot-mse" and stems["pilot-other"] == "pilot-share80"
    assert stems["pilot-share80"] == stems["pilot-base"] == record_frloss.PAPERS_BALANCE


def test_pilots_are_recorded_with_their_differences_and_settings(small, tmp_path, monkeypatch):
    monkeypatch.setattr(plans, "repo_root", lambda: tmp_path)
    for name, arm in (("pilot-share50", "mse"), ("pilot-share80", "fr"), ("pilot-other", "fr")):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        weights = methods.checkpoint(f"frloss-8x-s0-{arm}")
        shutil.copy(weights, folder / "weights.safetensors")
        shutil.copy(weights.with_suffix(".json"), folder / "settings.json")
    first, second = np.triu_indices(len(small), 1)
    genuine = small.labels[first] == small.labels[second]
    pairs = measure.Pairs(first, second, genuine)
    monkeypatch.setattr(record_frloss, "view", lambda name: (small, pairs))
    monkeypatch.setattr(record, "foreign", lambda name: "")
    old = pd.DataFrame({"run": ["bicubic", "pilot-mse"], "psnr": [1.0, 2.0], "grid": [0.1, 0.2]})
    old.to_csv(record_frloss.path("frloss_pilots"), index=False)

    record_frloss.record_pilots(replicates=40)
    table = record_frloss.load_pilots().set_index("run")
    assert table.index.tolist() == ["bicubic", "pilot-share50", "pilot-share80", "pilot-other", "pilot-mse"]
    assert table.loc["pilot-mse", "psnr"] == 2 and table.loc["bicubic", "psnr"] > 10
    assert '"share":0.8' in table.loc["pilot-other", "settings"] and table.loc["pilot-other", "seed"] == 1000
    new = table.drop(index="pilot-mse")
    assert new[["commit", "date", "hardware", "pairs", "photographs"]].notna().all().all()
    assert new["pairs"].eq(len(first)).all() and (new["weights"].str.len() == 16).sum() == 3

    pilots = table.reset_index()
    share80 = record_frloss.pilot_difference(pilots, "pilot-share80", "dlib")
    expected = table.loc["pilot-share80", "auc_dlib_probe"] - table.loc["pilot-share50", "auc_dlib_probe"]
    assert share80.value == pytest.approx(expected, abs=1e-5) and share80.low <= share80.value <= share80.high
    same = record_frloss.pilot_difference(pilots, "pilot-other", "dlib", "stem")  # of the same weights here
    assert (same.value, same.low, same.high) == (0, 0, 0) and not same.excludes_zero
    for name in ("pilot-share50", "pilot-mse", "pilot-tv"):
        assert record_frloss.pilot_difference(pilots, name, "dlib") is None
    assert record_frloss.pilot_difference(pilots, "pilot-share80", "sface") is None
