"""Combinations: what is measured where, that View 1 alone chooses, and that nothing is restored or measured twice."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from toy_recognition import corners, halves, own_results, some_pairs
from typer.testing import CliRunner

from lrfr import catalogue, datasets, measure, methods, record, tables
from lrfr.commands import app
from lrfr.errors import LrfrError
from lrfr.record import Entry, apart, benchmark, combinations, protocol_choice, protocol_rows, twins
from lrfr.record.averages import Fused
from lrfr.record.combinations import System

KERNELS = {"SRResNet (FR)": "nearest", "FTLGAN": "area", "U-Net": "lanczos"}
MEANS = {
    "mean of bicubic, SRResNet (FR), FTLGAN": ("bicubic", "SRResNet (FR)", "FTLGAN"),
    "mean of SRResNet (FR), FTLGAN, U-Net": ("SRResNet (FR)", "FTLGAN", "U-Net"),
}


@pytest.fixture(scope="module")
def faces():
    """Eight people of AT&T, four photographs each."""
    return datasets.load("att").subset(np.concatenate([np.arange(4) + 10 * p for p in range(8)]))


@pytest.fixture(autouse=True)
def world(tmp_path, monkeypatch, faces):
    """Three quick recognisers, kernels in the place of networks, AT&T in the place of LFW; counts what is restored."""
    restored: Counter = Counter()

    def entries(px, only=None, quick=False):
        found = [Entry(methods.hr()), Entry(methods.interpolation(px))]
        for label, kernel in KERNELS.items():
            if only is None or label in only:
                plain = methods.interpolation(px, kernel)
                found.append(Entry(methods.Method(label, px, plain.enlarge), weights=f"w{kernel}"))
        return found

    def seen(method, images):
        restored[method.name, method.px] += 1
        return restore(method, images)

    def faces_of(name):
        pairs = {"devtest": some_pairs(faces), "view2": some_pairs(faces, 4)}.get(name)
        return (faces, None) if pairs is None else (faces.subset(np.arange(len(faces)), "lfw"), pairs)

    restore = measure.restore
    monkeypatch.setattr(measure, "restore", seen)
    monkeypatch.setattr(benchmark, "entries", entries)
    three = [corners("dlib", "euclidean"), halves("sface"), corners("mobilefacenet")]
    monkeypatch.setattr(benchmark, "judges", lambda quick: three)
    monkeypatch.setattr(combinations, "faces_of", faces_of)
    monkeypatch.setattr(combinations, "view", faces_of)
    monkeypatch.setattr(record, "foreign", lambda name: "")
    monkeypatch.setattr("lrfr.embeddings.cache_dir", lambda: tmp_path / "embeddings")
    own_results(monkeypatch, tmp_path)
    return restored


def values(table: pd.DataFrame, **keys) -> pd.Series:
    chosen = table[(table[list(keys)] == pd.Series(keys)).all(axis=1)]
    return chosen.set_index(["method", "recognizer", "setting", "metric"])["value"]


def test_names_of_systems_come_back():
    found = combinations.systems(["bicubic", *KERNELS], ["dlib", "sface + mobilefacenet"])
    assert {s.method for s in found} == {"bicubic", *KERNELS, *MEANS}
    assert {s.recognizers for s in found} == {("dlib",), ("sface", "mobilefacenet")}
    assert all(System.named(s.method, s.recognizer) == s for s in found) and len(set(found)) == len(found) == 12
    assert {s.method for s in combinations.systems(["bicubic", "FTLGAN"], ["dlib"])} == {"bicubic", "FTLGAN"}
    assert set(combinations.LEARNT) <= set(catalogue.NETWORKS)
    one, other = combinations.TWICE
    found = {s.upsamplers for s in combinations.systems(["bicubic", one, other], ["dlib"])}
    assert found == {("bicubic",), (one,), (other,), (one, other), ("bicubic", one, other)}
    assert System.named(f"mean of {one}, {other}", "dlib") == System((one, other), ("dlib",))


def test_a_set_has_every_mean_before_every_recogniser(world, faces):
    table = combinations.record(["att"], [14], 20)
    assert set(table["protocol"]) == {"all pairs"} and set(table["recognizer"]) == {"dlib", "sface", "mobilefacenet"}
    assert set(table["method"]) == {"bicubic", *KERNELS, *MEANS}
    assert set(world.values()) == {1} and len(world) == 5, "each upsampler once for all means and recognisers"
    value = values(table, px=14)
    for mean, parts in MEANS.items():
        for part in parts:
            for setting in measure.SETTINGS:
                difference = value[mean, "dlib", setting, "auc"] - value[part, "dlib", setting, "auc"]
                assert value[mean, "dlib", setting, f"auc_minus_{part}"] == pytest.approx(difference, abs=2e-6)
    low = value["FTLGAN", "dlib", "probe", "auc_person_p10"]
    assert 0 < low <= value["FTLGAN", "dlib", "probe", "auc_person_p90"] <= 1
    difference = low - value["bicubic", "dlib", "probe", "auc_person_p10"]
    assert value["FTLGAN", "dlib", "probe", "auc_person_p10_minus_bicubic"] == pytest.approx(difference, abs=2e-6)
    assert ("bicubic", "dlib", "probe", "auc_minus_bicubic") not in value.index
    assert not table.duplicated(measure.KEYS).any()


def test_view_1_chooses_and_view_2_confirms(world):
    with pytest.raises(LrfrError, match=r"found none: run `lrfr combine devtest --px 7`\.\Z"):
        combinations.choose(7)
    first = combinations.record(["devtest"], [7], 20)
    pairs = {"dlib", "sface", "mobilefacenet", "sface + mobilefacenet"}
    assert set(first["recognizer"]) == pairs and set(first["set"]) == {"lfw"}
    ranked = combinations.ranking(7)
    assert len(ranked) == 6 * 4 and ranked["value"].is_monotonic_decreasing
    choice = combinations.choose(7)
    probe = first[first["metric"].eq("auc") & first["setting"].eq("probe")].set_index(["method", "recognizer"])["value"]
    assert probe[choice.system.method, choice.system.recognizer] == probe.max()
    same = probe.xs(choice.system.recognizer, level="recognizer")
    assert same[choice.single.method] == same[~same.index.str.startswith("mean")].max()

    world.clear()
    both = combinations.record(["view2"], [7], 20)
    assert set(world.values()) == {1}
    second = both[both["protocol"] == "view2"]
    systems = {choice.system, choice.single, System(("bicubic",), choice.system.recognizers)}
    systems |= {System(("bicubic",), ("mobilefacenet",))}
    assert set(zip(second["method"], second["recognizer"], strict=True)) == {(s.method, s.recognizer) for s in systems}
    value = values(second, px=7)
    named = {"bicubic": System(("bicubic",), choice.system.recognizers)} | choice.rivals
    mine = combinations.confirmed(7).set_index(["setting", "metric"])["value"]
    for name, other in named.items():
        if other != choice.system:
            difference = mine["probe", "auc"] - value[other.method, other.recognizer, "probe", "auc"]
            assert mine["probe", f"auc_minus_{name}"] == pytest.approx(difference, abs=2e-6)
    own, plain = ("bicubic", choice.system.recognizer), ("bicubic", combinations.PLAIN)
    gained = tables.matching(second, method="bicubic", setting="probe", metric=f"auc_minus_{combinations.PLAIN_NAME}")
    if own == plain:
        assert gained.empty
    else:
        assert gained["recognizer"].tolist() == [own[1]]
        assert gained["value"].item() == pytest.approx(
            value[*own, "probe", "auc"] - value[*plain, "probe", "auc"], abs=2e-6
        )

    def forbidden(*those, **named):
        pytest.fail("it is recorded")

    again = pytest.MonkeyPatch()
    again.setattr(combinations.Bench, "rows", forbidden)
    try:
        assert len(combinations.record(["devtest", "view2"], [7], 20)) == len(both)
    finally:
        again.undo()


def test_what_view_1_chooses_is_asked_of_people_whom_it_never_showed(world, faces, monkeypatch):
    known = faces.identities[:4]
    some = faces.subset(np.isin(faces.table["identity"].astype(str), known), "lfw")
    whole = faces.subset(np.arange(len(faces)), "lfw")
    views = {"devtest": (some, some_pairs(some)), "view2": (whole, some_pairs(whole, 4))}
    for place in (combinations, apart):
        monkeypatch.setattr(place, "view", views.__getitem__)
    monkeypatch.setattr(combinations, "faces_of", views.__getitem__)
    _, listed = apart.pairs()
    shown = faces.table["identity"].astype(str).to_numpy()[np.concatenate([listed.first, listed.second])]
    assert set(shown) == set(faces.identities[4:])
    strange = ~np.isin(faces.labels, np.arange(4))
    every = views["view2"][1]
    assert len(listed.genuine) == (strange[every.first] & strange[every.second]).sum() < len(every.genuine)

    combinations.record(["devtest", "view2"], [7], 20)
    made_up_gains("devtest", 7, {"FTLGAN": 0.1, "U-Net": 0.05})
    made_up_gains("view2", 7, {"FTLGAN": 0.1})
    table = apart.record([7], 20)
    mine = table[table["protocol"] == apart.PROTOCOL]
    used = protocol_choice.decide(protocol_rows.recorded(), protocol_rows.recorded("combinations"), 7).system
    asked = {(m, n) for m in ("bicubic", "FTLGAN") for n in ("dlib", "sface", "mobilefacenet")}
    asked |= {(m, used.recognizer) for m in ("bicubic", used.method)}
    assert set(zip(mine["method"], mine["recognizer"], strict=True)) == asked and set(mine["n"]) == {
        len(listed.genuine)
    }
    value = mine.set_index(["method", "recognizer", "metric"])["value"]
    for method, network in asked - {("bicubic", combinations.PLAIN)}:
        over = value[method, network, "auc"] - value["bicubic", combinations.PLAIN, "auc"]
        assert value[method, network, f"auc_minus_{combinations.PLAIN_NAME}"] == pytest.approx(over, abs=2e-6)
        if method != "bicubic":
            over = value[method, network, "auc"] - value["bicubic", network, "auc"]
            assert value[method, network, "auc_minus_bicubic"] == pytest.approx(over, abs=2e-6)
    assert len(apart.record([7], 20)) == len(table)
    whole = values(table[table["protocol"] == "view2"])["bicubic", "mobilefacenet", "probe", "auc"]
    assert whole != value["bicubic", "mobilefacenet", "auc"], "the pairs of known people are left out"


def test_two_losses_of_one_network_are_compared_on_the_same_pairs(world, faces, monkeypatch):
    whole = faces.subset(np.arange(len(faces)), "lfw")
    monkeypatch.setattr(twins, "view", lambda name: (whole, some_pairs(whole)))
    either = [{"MINE": "FTLGAN", "OTHER": "U-Net"}, {"MINE": "U-Net", "OTHER": "FTLGAN"}]
    for named in either:
        for key, label in named.items():
            monkeypatch.setattr(twins, key, label)
        table = twins.record(["devtest"], [7], 20)
    assert set(table["protocol"]) == {"devtest twins"} and len(table) == 2 * 3 * 3
    value = table.set_index(["method", "recognizer", "metric"])["value"]
    for network in ("dlib", "sface", "mobilefacenet"):
        over = value["FTLGAN", network, "auc"] - value["U-Net", network, "auc"]
        assert value["FTLGAN", network, "auc_minus_U-Net"] == pytest.approx(over, abs=2e-6)
        assert value["U-Net", network, "auc_minus_FTLGAN"] == pytest.approx(-over, abs=2e-6)
    assert value[:, "dlib", "auc"].nunique() == 2
    assert len(twins.record(["devtest"], [7], 20)) == len(table), "nothing is measured twice"
    monkeypatch.setattr(twins, "MINE", "a network that is not shipped")
    assert len(twins.record(["devtest"], [14], 20)) == len(table)


def made_up_gains(view: str, px: int, gains: dict[str, float]) -> None:
    """Rows of the benchmark, paired differences to bicubic seen by the recognisers that no loss knew."""
    rows = [
        ["lfw", f"bicubic {view}", m, px, 0, n, "probe", "auc_minus_bicubic", v, v - 0.01, v + 0.01, 9]
        for m, v in gains.items()
        for n in record.UNSEEN
    ]
    record.save(benchmark.RESULTS, pd.DataFrame(rows, columns=measure.COLUMNS), Entry(methods.interpolation(px)))


def made_up(protocol: str, auc: dict[tuple[str, str], float], px: int = 14) -> None:
    """Rows of a results file that nobody measured."""
    for (method, recognizer), value in auc.items():
        row = ["lfw", protocol, method, px, 0, recognizer, "probe", "auc", value, value - 0.01, value + 0.01, 9]
        rows = pd.DataFrame([row], columns=measure.COLUMNS)
        results = benchmark.RESULTS if "bicubic" in protocol else combinations.RESULTS
        entry = Entry(methods.Method(method, px, lambda lr: lr), recognizer=recognizer)
        record.save(results, rows, entry)


def test_what_view_2_says_has_no_part_in_the_choice():
    mean = "mean of bicubic, SRResNet (FR), FTLGAN"
    made_up("devtest", {("FTLGAN", "dlib"): 0.8, (mean, "dlib"): 0.9, ("U-Net", "sface"): 0.85})
    made_up("view2", {("U-Net", "sface"): 0.99})
    made_up("devtest", {("U-Net", "sface"): 0.95}, px=28)
    choice = combinations.choose(14)
    assert choice.system == System(("bicubic", "SRResNet (FR)", "FTLGAN"), ("dlib",))
    assert choice.single == System(("FTLGAN",), ("dlib",))
    assert combinations.confirmed(14).empty
    assert choice.rivals == {
        "FTLGAN": choice.single,
        "bicubic (mobilefacenet)": System(("bicubic",), ("mobilefacenet",)),
    }
    made_up("devtest", {("FTLGAN", "sface + robust"): 0.97}, px=56)
    two = combinations.choose(56)
    assert two.single == two.system and two.own == System(("bicubic",), ("sface", "robust"))
    simpler = {f"bicubic ({name})": System(("bicubic",), (name,)) for name in ("mobilefacenet", "sface", "robust")}
    assert two.rivals == two.system.simpler == simpler, "bicubic before both of its recognisers stands beside these"
    alone = combinations.choose(28)
    assert alone.system == alone.single and set(alone.rivals) == {"bicubic (mobilefacenet)"}


def test_an_upsampler_that_the_benchmark_alone_has_is_a_candidate():
    made_up("devtest", {("FTLGAN", "dlib"): 0.8, ("FTLGAN", "sface"): 0.9})
    made_up("bicubic devtest", {("SRCNN", "sface"): 0.91, ("FTLGAN", "sface"): 0.2})
    assert combinations.choose(14).system == System(("SRCNN",), ("sface",))
    assert combinations.ranking(14)["value"].tolist() == [0.91, 0.9, 0.8], "what is measured here goes before"
    made_up("bicubic view2", {("U-Net", "sface"): 0.99})
    assert combinations.choose(14).system.method == "SRCNN"


def test_other_weights_make_anew_what_hangs_on_them(faces, monkeypatch):
    def stamps(**weights: str) -> dict[tuple[str, str], str]:
        found = [Entry(e.method, weights=weights.get(e.method.name, e.weights)) for e in benchmark.entries(14)]
        judges = [*benchmark.judges(False), Fused(benchmark.judges(False)[1:], [0.3, 0.4])]
        bench = combinations.Bench(faces, None, "all pairs", found, judges)
        systems = combinations.systems(["bicubic", *KERNELS], [*bench.judges])
        return {(s.method, s.recognizer): bench.entry(s).weights for s in systems}

    before, after = stamps(), stamps(FTLGAN="other")
    changed = {method for (method, _), stamp in after.items() if stamp != before[method, _]}
    assert changed == {"FTLGAN", *MEANS}
    other = halves("sface")
    other.network.scale.data += 1
    monkeypatch.setattr(benchmark, "judges", lambda quick: [corners("dlib"), other, corners("mobilefacenet")])
    changed = {name for (_, name), stamp in stamps().items() if stamp != before[_, name]}
    assert {"sface", "sface + mobilefacenet"} <= changed and "mobilefacenet" not in changed


def test_the_command_says_what_is_left_out(monkeypatch):
    asked = []
    monkeypatch.setattr(combinations, "shipped", lambda name: False)
    monkeypatch.setattr(combinations, "record", lambda sets, sizes: asked.append((sets, sizes)) or pd.DataFrame([1]))
    monkeypatch.setattr(apart, "record", lambda sizes: None)
    monkeypatch.setattr(twins, "record", lambda sizes: pd.DataFrame([*sizes]))
    done = CliRunner().invoke(app, ["combine", "att", "--px", "14"])
    assert done.exit_code == 0 and list(asked[0][0]) == ["att"] and list(asked[0][1]) == [14]
    assert done.output.splitlines()[0].startswith("Without the robust recogniser, which is not shipped yet")
    assert done.output.splitlines()[1] == "data/results/combinations.csv holds 1 rows."
    monkeypatch.setattr(combinations, "shipped", lambda name: True)
    assert CliRunner().invoke(app, ["combine"]).output == "data/results/combinations.csv holds 4 rows.\n"
    assert tuple(asked[1][0]) == combinations.SETS and tuple(asked[1][1]) == catalogue.SIZES
    wrong = CliRunner().invoke(app, ["combine", "devtrain"])
    assert isinstance(wrong.exception, LrfrError) and "found devtrain" in str(wrong.exception)
