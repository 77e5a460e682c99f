"""One protocol: what a cell measures, that it is recorded once, and that other weights make it anew."""

import numpy as np
import pytest
import torch
from toy_recognition import corners, no_lpips, own_results, some_pairs

from lrfr import catalogue, datasets, measure, methods, recognizers, record
from lrfr.datasets.base import to_tensor
from lrfr.degradation import Camera
from lrfr.errors import LrfrError
from lrfr.evaluation import quality, verification
from lrfr.evaluation.intervals import PairBootstrap
from lrfr.evaluation.pairs import AllPairs
from lrfr.measure import Measured
from lrfr.paths import data_dir
from lrfr.record import Entry, benchmark, scores
from lrfr.record.protocol_rows import PLACES

METRICS = {"d_prime", "auc", "eer", "accuracy", "tar_at_far_0.01", "tar_at_far_0.001", "rank_1"}
METRICS |= {"far_at_hr_threshold", "frr_at_hr_threshold"}


@pytest.fixture(scope="module")
def judge():
    return corners()


@pytest.fixture(scope="module")
def faces():
    """Eight people of AT&T, five photographs each."""
    return datasets.load("att").subset(np.concatenate([np.arange(5) + 10 * p for p in range(8)]))


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    monkeypatch.setattr("lrfr.embeddings.cache_dir", lambda: tmp_path / "embeddings")
    own_results(monkeypatch, tmp_path)
    no_lpips(monkeypatch)


@pytest.mark.parametrize("setting", measure.SETTINGS)
def test_scores_of_a_set_are_those_of_all_its_pairs(faces, judge, setting):
    measured = Measured(faces, methods.interpolation(14))
    found = scores.of_set(measured, judge, setting, 0.9, 200)
    assert set(found) == METRICS and all(len(d.replicates) == 200 for d in found.values())
    flat = AllPairs(measured.matrix(judge, setting), faces.labels, both_orders=setting == "probe").pairs()
    for metric, value in verification.report(flat.similarity, flat.genuine).items():
        assert metric not in found or found[metric].value == pytest.approx(value)
    nearest = measured.matrix(judge, setting) - 9 * np.eye(len(faces))
    assert found["rank_1"].value == (faces.labels[nearest.argmax(1)] == faces.labels).mean()
    for drawn in found.values():
        low, high = np.quantile(drawn.replicates, [0.005, 0.995])
        assert low <= drawn.value <= high


@pytest.mark.parametrize("folds", [0, 4])
def test_scores_of_a_pair_list(faces, judge, folds):
    measured, pairs = Measured(faces, methods.interpolation(14)), some_pairs(faces, folds)
    found = scores.of_list(measured, judge, "both", pairs, 0.9, 50)
    assert set(found) == METRICS
    s = measured.similarity(judge, pairs, "both")
    identity = faces.labels
    bootstrap = PairBootstrap(identity[pairs.first], identity[pairs.second], pairs.genuine, 50)
    assert found["auc"].value == pytest.approx(verification.auc(s, pairs.genuine))
    np.testing.assert_array_equal(found["auc"].replicates, bootstrap.replicate(verification.auc, s))
    expected = measure.accuracy(s, pairs, bootstrap)[0]
    assert found["accuracy"].value == pytest.approx(expected.value)
    assert np.quantile(found["accuracy"].replicates, 0.025) == pytest.approx(expected.low)


@pytest.mark.parametrize("listed", [False, True])
def test_a_threshold_of_hr_stays(faces, judge, listed):
    pairs = some_pairs(faces)

    def seen(method):
        table = benchmark.Table(faces, pairs if listed else None, "bicubic", 50)
        return table.scores(Measured(faces, method), judge, "both")

    whole, flat = (
        seen(methods.hr()),
        seen(methods.Method("grey", 7, lambda lr: torch.full((len(lr), 3, 112, 112), 0.5))),
    )
    assert whole["far_at_hr_threshold"].value <= (1e-2 if listed else 1e-3)
    frr = whole["frr_at_hr_threshold"]
    assert frr.value == pytest.approx(1 - whole["tar_at_far_0.01" if listed else "tar_at_far_0.001"].value)
    assert np.quantile(frr.replicates, 0.01) <= frr.value <= np.quantile(frr.replicates, 0.99)
    assert flat["far_at_hr_threshold"].value + flat["frr_at_hr_threshold"].value == pytest.approx(1), "all scores equal"


def test_a_row_of_a_list_counts_its_pairs_and_where_a_list_is_too_short_photographs(faces, judge):
    pairs, measured = some_pairs(faces), Measured(faces, methods.interpolation(7))
    mine = scores.of_list(measured, judge, "probe", pairs, 0.9, 50)
    n = scores.rows(measured, judge, "probe", "toy", mine, mine, mine, pairs).set_index("metric")["n"]
    photographs = {"tar_at_far_0.001", "rank_1", "rank_1_minus_bicubic"}
    assert set(n[[*photographs]]) == {len(faces)} != {len(pairs.genuine)} == set(n.drop([*photographs]))


def test_a_row_compares_with_bicubic_on_the_same_people(faces, judge):
    kinds = {m.name: Measured(faces, m) for m in (methods.hr(), methods.interpolation(7))}
    poor = Measured(faces, methods.interpolation(7, "nearest"))
    three = (kinds["HR"], kinds["bicubic"], poor)
    best, plain, mine = (scores.of_set(m, judge, "probe", 0.9, 100) for m in three)
    table = scores.rows(poor, judge, "probe", "bicubic", mine, plain, best).set_index("metric")
    difference = table.loc["d_prime_minus_bicubic"]
    assert difference["value"] == pytest.approx(mine["d_prime"].value - plain["d_prime"].value)
    assert difference["low"] < difference["value"] < difference["high"]
    assert difference["high"] - difference["low"] < table.loc["d_prime", "high"] - table.loc["d_prime", "low"]
    assert "auc_share_of_gap" not in table.index, "a gap that may be nothing has no share"
    drawn = torch.Generator().manual_seed(0)
    ruined = Measured(faces, methods.Method("noise", 7, lambda lr: torch.rand(len(lr), 3, 112, 112, generator=drawn)))
    worst = scores.of_set(ruined, judge, "probe", 0.9, 100)
    table = scores.rows(poor, judge, "probe", "bicubic", mine, worst, best).set_index("metric")
    share = (mine["auc"].value - worst["auc"].value) / (best["auc"].value - worst["auc"].value)
    assert table.loc["auc_share_of_gap", "value"] == pytest.approx(share)


def test_cells_are_recorded_once_and_anew_for_other_weights(faces, judge, monkeypatch):
    def two(px, only=None, quick=False):
        other = Entry(methods.interpolation(px, "nearest"), weights="abc")
        return [Entry(methods.hr()), Entry(methods.interpolation(px)), other]

    monkeypatch.setattr(benchmark, "entries", two)
    monkeypatch.setattr(benchmark, "judges", lambda quick: [judge])
    monkeypatch.setattr(benchmark, "_record_costs", lambda *those: None)
    monkeypatch.setattr(benchmark, "faces_of", lambda name: (faces, None))
    table = benchmark.record(["att"], [7, 14], ["bicubic", "noise"], replicates=20)
    cells = table.groupby(["protocol", "px"])["method"].agg(set).to_dict()
    three = {"bicubic", "nearest"}
    assert cells == {("bicubic", 7): three, ("bicubic", 14): three, ("bicubic", 112): {"HR"}} | {
        ("noise", 7): three,
        ("noise", 14): three,
        ("noise", 112): {"HR"},
    }
    psnr = table[table["metric"] == "psnr"].set_index(["protocol", "px", "method"])["value"]
    assert psnr["noise", 14, "bicubic"] < psnr["bicubic", 14, "bicubic"]
    rows = benchmark.Table.rows
    monkeypatch.setattr(benchmark.Table, "rows", lambda *those, **named: pytest.fail("it is recorded"))
    assert len(benchmark.record(["att"], [7, 14], ["bicubic", "noise"], replicates=20)) == len(table)
    seen = []

    def note(self, entry, firsts, seeing, unmoved):
        seen.append((self.protocol, entry.method.name, entry.method.px))
        return rows(self, entry, firsts, seeing, unmoved)

    monkeypatch.setattr(benchmark.Table, "rows", note)
    before = two

    def others(px, only=None, quick=False):
        return [*before(px)[:2], Entry(methods.interpolation(px, "nearest"), weights="xyz" if px == 7 else "abc")]

    monkeypatch.setattr(benchmark, "entries", others)
    assert len(benchmark.record(["att"], [7, 14], ["bicubic", "noise"], replicates=20)) == len(table)
    assert seen == [("bicubic", "nearest", 7), ("noise", "nearest", 7)]


@pytest.mark.parametrize("listed", [False, True])
def test_a_moved_face_is_compared_with_itself_as_it_was_cut(faces, judge, listed, monkeypatch):
    def two(px, only=None, quick=False):
        return [Entry(methods.hr()), Entry(methods.interpolation(px)), Entry(methods.interpolation(px, "nearest"))]

    monkeypatch.setattr(benchmark, "entries", two)
    monkeypatch.setattr(benchmark, "judges", lambda quick: [judge])
    monkeypatch.setattr(benchmark, "_record_costs", lambda *those: None)
    monkeypatch.setattr(benchmark, "faces_of", lambda name: (faces, some_pairs(faces) if listed else None))
    monkeypatch.setattr(benchmark, "refuse_foreign", lambda sets: None)
    name, moved = ("devtest", "jitter 3 px devtest") if listed else ("att", "jitter 3 px")
    still = "bicubic devtest" if listed else "bicubic"
    table = benchmark.record([name], [14], ["bicubic", "jitter 3 px"], replicates=20)
    value = table.set_index(["protocol", "method", "setting", "metric"])["value"]
    for method in ("bicubic", "nearest"):
        for setting in measure.SETTINGS:
            change = value[moved, method, setting, "auc"] - value[still, method, setting, "auc"]
            assert change != 0
            assert value[moved, method, setting, "auc_minus_unmoved"] == pytest.approx(change, abs=2e-6)
    paired = table[table["metric"].str.endswith("_minus_unmoved")]
    assert set(paired["protocol"]) == {moved} and "HR" not in set(paired["method"]), "HR is not moved"


def test_a_cell_is_recomputed_as_it_was_recorded(faces, judge, monkeypatch):
    def two(px, only=None, quick=False):
        return [Entry(methods.hr()), Entry(methods.interpolation(px)), Entry(methods.interpolation(px, "nearest"))]

    monkeypatch.setattr(benchmark, "entries", two)
    monkeypatch.setattr(benchmark, "judges", lambda quick: [judge])
    monkeypatch.setattr(benchmark, "load_judges", lambda names: [judge])
    monkeypatch.setattr(benchmark, "_record_costs", lambda *those: None)
    monkeypatch.setattr(benchmark, "faces_of", lambda name: (faces, None))
    table = benchmark.record(["att"], [7], ["bicubic"], replicates=20)
    anew = benchmark.recompute("att", 7, ["nearest"], ["corners"], 20)
    assert set(anew["method"]) == {"nearest"} and "auc_minus_bicubic" in set(anew["metric"])
    assert len(record.compare(table[table["method"] == "nearest"], anew)) == len(anew)


def test_a_recogniser_with_other_weights_or_a_stronger_camera_makes_a_cell_anew(judge):
    entry = Entry(methods.interpolation(7), weights="abc")

    def made(seeing, camera=None, upsampler=entry):
        return benchmark.stamped(upsampler, benchmark.stamp([seeing], camera)).weights

    first = made(judge)
    assert made(corners()) == first
    other = corners()
    other.network.scale.data += 1
    changed = [made(other), made(judge, Camera()), made(judge, None, Entry(entry.method, weights="abd"))]
    assert len({first, *changed}) == 4


def test_a_spoilt_cell_is_not_made_anew_where_the_processor_has_no_bfloat16(monkeypatch):
    stamps = []
    for able in (True, False):
        monkeypatch.setattr("lrfr.recognizers.multiplies_bfloat16", lambda able=able: able)
        stamps.append(benchmark.stamp([recognizers.quick("sface")], Camera()))
    assert stamps[0] == stamps[1] != benchmark.stamp([recognizers.load("sface")], Camera())


@pytest.mark.parametrize("px", catalogue.SIZES)
def test_every_shipped_upsampler_takes_every_size(px, faces):
    found = benchmark.entries(px)
    names = [e.method.name for e in found]
    assert names[:2] == ["HR", "bicubic"] and len(set(names)) == len(names)
    shipped = {p.stem for p in (data_dir() / "checkpoints").glob("*.safetensors")}
    wanted = {label for label, files in catalogue.NETWORKS.items() if files[px] in shipped}
    assert wanted <= set(names) and {"SRResNet (FR)", "ESRGAN"} <= wanted
    for entry in found:
        if entry.method.name in ("SRResNet (FR)", "ESRGAN"):
            restored = methods.restore(entry.method, faces.images[:1])
            assert quality.psnr(*(to_tensor(x) for x in (restored, faces.images[:1]))).item() > 15


def test_a_page_shows_the_same_picture_on_every_processor(monkeypatch, faces):
    seen = {}
    for able in (False, True):
        monkeypatch.setattr("lrfr.methods.multiplies_bfloat16", lambda able=able: able)
        for quick in (False, True):
            (entry,) = benchmark.entries(14, ["SRResNet (FR)"], quick)[2:]
            seen[able, quick] = methods.restore(entry.method, faces.images[:2])
    assert (seen[True, False] == seen[False, False]).all() and (seen[True, True] != seen[False, True]).any()
    (asked,) = benchmark.entries(14, ["SRResNet (FR)"])[2:]
    assert (methods.restore(asked.method, faces.images[:2]) == seen[True, False]).all(), "quick only where it is asked"


def test_what_an_unseen_network_taught_comes_by_name_alone_and_at_its_size():
    (label,) = catalogue.TAUGHT
    names = {px: [e.method.name for e in benchmark.entries(px, [label])] for px in catalogue.SIZES}
    assert names == {px: ["HR", "bicubic", *([label] if px == 14 else [])] for px in catalogue.SIZES}
    assert label not in [e.method.name for e in benchmark.entries(14)] and label not in catalogue.NETWORKS


def test_the_strongest_of_the_mixture_each_alone():
    mixture = Camera()
    alone = {k: c for k, c in benchmark.DEGRADATIONS.items() if k in ("blur", "noise", "JPEG")}
    assert alone["blur"].blur[0] == mixture.blur[1] and alone["noise"].noise[0] == mixture.noise[1]
    assert alone["JPEG"].quality == (mixture.quality[0],) * 2
    hr = Entry(methods.hr())
    assert (
        benchmark.spoilt(hr, mixture) is hr
        and benchmark.spoilt(Entry(methods.interpolation(7)), None).method.degrade is None
    )


def test_costs_are_measured_once(judge, monkeypatch):
    upsamplers = [benchmark.entries(14, ["SRCNN"])]
    benchmark._record_costs(upsamplers, [judge])
    table = record.load("benchmark")
    assert set(table["set"]) == {"any"} and set(table["metric"]) == {"parameters", "gflops", "ms"}
    found = table.set_index(["method", "recognizer", "metric"])["value"]
    layers = ((3, 64, 9), (64, 32, 1), (32, 3, 5))
    weights = sum(i * o * k * k for i, o, k in layers)
    assert found["SRCNN", "", "parameters"] == weights + 64 + 32 + 3
    assert found["SRCNN", "", "gflops"] == pytest.approx(2 * weights * 56**2 / 1e9, rel=0.1), "on the picture of 56 px"
    assert found["bicubic", "", "parameters"] == 0 and found["bicubic", "", "ms"] < found["SRCNN", "", "ms"]
    assert found["HR", "corners", "parameters"] == 1
    monkeypatch.setattr(benchmark.costs, "measured", None)
    benchmark._record_costs(upsamplers, [judge])


def test_a_choice_that_is_unknown_is_named():
    assert benchmark.chosen(None, (7, 14), "size") == (7, 14) and benchmark.chosen([14], (7, 14), "size") == [14]
    with pytest.raises(LrfrError, match=r"\AExpected a size out of 7, 14, found 15: name one of these\.\Z"):
        benchmark.chosen([15], (7, 14), "size")


def test_an_upsampler_that_none_is_called_by_is_refused(monkeypatch):
    monkeypatch.setattr(benchmark, "entries", lambda *those, **named: pytest.fail("nothing is made"))
    known = r"HR, nearest, bilinear, bicubic, Lanczos, area, SRCNN, [^\n]*, FTLGAN, [^\n]*, Real-ESRGAN"
    with pytest.raises(
        LrfrError, match=rf"\AExpected an upsampler out of {known}, found FTLGEN: name one of these\.\Z"
    ):
        benchmark.record(["att"], [14], ["bicubic"], ["FTLGAN", "FTLGEN"])


def test_every_label_has_an_upsampler():
    found = {e.method.name for px in catalogue.SIZES for e in benchmark.entries(px, ("HR", *catalogue.labels()))}
    assert found == set(("HR", *catalogue.labels()))


def test_what_is_measured_without_a_wish_is_what_the_pages_read():
    assert set(benchmark.SETS) == set(PLACES)
