"""Published values beside ours."""

import numpy as np
import pandas as pd
import pytest

from lrfr import tables
from lrfr.errors import LrfrError
from lrfr.measure import COLUMNS
from lrfr.networks.rrdb import RRDBSettings
from lrfr.networks.srcnn import SRCNNSettings
from lrfr.training import Schedule


@pytest.fixture
def results() -> pd.DataFrame:
    rows = []
    for number, (method, px) in enumerate(tables.FRLOSS_ROWS.values()):
        for metric in ("1nn", "5nn", "10nn"):
            value = 0.9 - number / 100
            rows.append(["toy", "leave one out", method, px, 0, "dlib", "both", metric, value, value - 0.01, np.nan, 9])
    rows.append(["toy", "all pairs", "HR", 112, 0, "dlib", "both", "auc", 0.5, np.nan, np.nan, 9])
    rows[0][COLUMNS.index("high")] = 0.91
    return pd.DataFrame(rows, columns=COLUMNS)


def test_columns_stay_apart_and_rows_keep_the_papers_order(results: pd.DataFrame) -> None:
    shown = tables.frloss_side_by_side(2, results, {"1NN": "1nn"}, set="toy", recognizer="dlib", seed=0)
    assert list(shown.columns) == ["method (paper)", "1NN, published", "1NN, ours"]
    assert list(shown["method (paper)"]) == list(tables.FRLOSS_ROWS)
    assert shown["1NN, published"].iloc[0] == "0.9714"
    assert shown["1NN, ours"].iloc[0] == "0.900 [0.890, 0.910]"


def test_spread_has_columns_of_its_own(results: pd.DataFrame) -> None:
    rows = [
        ["toy", "view2", method, px, 0, "dlib", "both", metric, value, np.nan, np.nan, 9]
        for method, px in tables.FRLOSS_ROWS.values()
        for metric, value in (("accuracy", 0.9), ("accuracy_sd", 0.01))
    ]
    here = pd.DataFrame(rows, columns=COLUMNS)
    shown = tables.frloss_side_by_side(3, here, {"Accuracy": "accuracy"}, spread=["Accuracy"], set="toy")
    assert shown.iloc[0].tolist() == ["High Resolution", "0.988", "0.900", "0.005", "0.010"]
    assert list(shown.columns)[3:] == ["Accuracy ±, published", "Accuracy ±, ours"]


def compared(**keys: float | str | int) -> dict:
    base = {"set": "toy", "protocol": "view2", "method": "A", "px": 14, "seed": 0, "recognizer": "dlib"}
    return base | {"setting": "both", "metric": "auc_minus_B", "value": 0.1, "low": 0.05, "high": 0.2, "n": 9} | keys


def test_a_duel_is_won_where_the_interval_lies_on_the_better_side() -> None:
    nan = float("nan")
    given = [
        (compared(), "better"),
        (compared(metric="eer_minus_B"), "worse"),  # less is better
        (compared(metric="eer_minus_B", low=-0.2, high=-0.1), "better"),
        (compared(metric="1nn_minus_B", low=-0.2, high=-0.1), "worse"),
        (compared(low=-0.1), "open"),
        (compared(value=0, low=0, high=0), "open"),  # a tie is no win
    ]
    others = [compared(low=nan), compared(metric="auc_minus_C"), compared(metric="psnr_minus_B"), compared(method="D")]
    table = pd.DataFrame([row for row, _ in given] + others)[COLUMNS]
    found = tables.duels(table, "A", "B", ("auc", "eer", "1nn"))
    assert found["verdict"].tolist() == [verdict for _, verdict in given]
    assert tables.verdict(found) == tables.MIXED
    assert tables.verdict(found[found["verdict"] != "better"]) is False
    assert tables.verdict(found[found["verdict"] == "better"]) is True
    assert tables.verdict(found[found["verdict"] != "worse"]) == tables.IN_PART
    assert tables.verdict(found[found["verdict"] == "open"]) == "not decided"
    assert tables.verdict(found[:0]) is None
    better, worse = (found[found["verdict"] == word] for word in ("better", "worse"))
    chance = pd.concat([better] * 7 + [worse])  # two of sixteen miss by chance in one of sixteen cases
    assert len(chance) == 16 and tables.verdict(chance) == tables.IN_PART
    assert tables.verdict(chance[2:]) == tables.MIXED  # two of fourteen in one of twenty


def test_more_than_chance_explains_is_what_comes_in_fewer_than_one_of_twenty_cases() -> None:
    rng = np.random.default_rng(0)
    for count, of in ((1, 2), (2, 14), (3, 33), (5, 72)):
        missed = (rng.random((200_000, of)) < 1 / 40).sum(1)
        assert (missed >= count).mean() < 0.052 and tables.beyond_chance(count, of)
        assert (missed >= count - 1).mean() > 0.05 and not tables.beyond_chance(count - 1, of)
    assert not tables.beyond_chance(0, 1)


def test_a_difference_of_recognisers_is_found_from_either_side() -> None:
    rows = [compared(method="bicubic", recognizer="robust", metric="auc_minus_start"), compared(recognizer="robust")]
    table = pd.DataFrame(rows)[COLUMNS]
    found = tables.difference(table, "robust", "start", "auc", "recognizer", method="bicubic")
    assert found[["value", "low", "high", "n"]].tolist() == [0.1, 0.05, 0.2, 9]
    turned = tables.difference(table, "start", "robust", "auc", "recognizer", method="bicubic")
    assert turned[["value", "low", "high"]].tolist() == [-0.1, -0.2, -0.05]
    with pytest.raises(LrfrError, match="No result is recorded"):
        tables.difference(table, "start", "robust", "auc", "recognizer", method="A")


def test_has_asks_for_all_its_keys(results: pd.DataFrame) -> None:
    assert tables.has(results, set="toy", metric="auc") and not tables.has(results, set="toy", metric="eer")


def test_value_without_interval_has_none(results: pd.DataFrame) -> None:
    assert tables.cell(results, metric="auc") == "0.500"


def test_missing_result_names_what_was_asked(results: pd.DataFrame) -> None:
    with pytest.raises(LrfrError, match="recognizer sface"):
        tables.value(results, metric="auc", recognizer="sface")


def test_shapes_and_decays_in_words() -> None:
    assert tables.shape(RRDBSettings.printed(4)) == "23 blocks, width 64"
    assert tables.shape(SRCNNSettings(4, (9, 5, 5))) == "9-5-5"
    assert [tables.decay(Schedule(9, decay=d)) for d in ("cosine", "constant")] == ["cosine", "constant"]
    falling = Schedule(500_000, decay="steps", milestones=(200_000, 400_000), factor=0.7)
    assert tables.decay(falling) == "x 0.7 at 200,000, 400,000"


def test_both_roads_stand_in_one_table_best_first() -> None:
    nan = float("nan")
    here = {"protocol": "view2", "setting": "probe", "metric": "auc"}
    one = pd.DataFrame([compared(**here, method="SR", value=0.97), compared(**here, method="bicubic", value=0.95)])
    two = pd.DataFrame(
        [
            compared(**here, method="bicubic", value=0.5),
            compared(**here, method="bicubic", recognizer="robust", value=0.99, low=nan),
            compared(**here, method="bicubic", recognizer="robust", value=0.6, px=7),
        ]
    )
    shown = tables.at_one_size([one, two], 14, "auc", 2, set="toy", setting="probe")
    assert shown[["method", "recognizer"]].to_numpy().tolist() == [
        ["bicubic", "robust"], ["SR", "dlib"], ["bicubic", "dlib"]
    ]  # fmt: skip
    assert shown["cell"].tolist() == ["0.99", "0.97 [0.05, 0.20]", "0.95 [0.05, 0.20]"]
    assert shown["auc"].tolist() == [0.99, 0.97, 0.95]
    with pytest.raises(LrfrError, match="No result is recorded"):
        tables.at_one_size([one], 28)


# ftlgan


def systems(metric: str = "d_prime") -> pd.DataFrame:
    made = [
        ["lfw", "devtest", method, px, 0, network, "both", metric, number + px / 100, 0.0, 0.0, 10]
        for number, (method, network) in enumerate(tables.FTLGAN_ROWS.values())
        for px in (14, 28, 56)
    ]
    return pd.DataFrame(made, columns=COLUMNS)


def test_twenty_systems_stand_beside_what_can_be_run_here() -> None:
    shown = tables.ftlgan_side_by_side(systems(), "d_prime", 2, set="lfw", setting="both").set_index("system (paper)")
    assert len(shown) == 20 and shown.index[0] == "Baseline" and shown.index[-1] == "FTLGAN + FaceNet"
    ours, theirs = ([f"{c}, {side}" for c in ("14 px", "28 px", "56 px", "mean")] for side in ("ours", "published"))
    assert shown.loc["FTLGAN + FaceNet", theirs].tolist() == ["1.099", "2.112", "3.049", "2.086"]
    assert shown.loc["FTLGAN + FaceNet", ours].tolist() == ["2.14", "2.28", "2.56", "2.33"]
    assert shown.loc["Bicubic + AdaFace", "ours is"] == "bicubic + MobileFaceNet"
    rest = shown.drop(list(tables.FTLGAN_ROWS))
    assert set(rest[ours].to_numpy().ravel()) == {"–"} and rest["ours is"].str.startswith("needs ").all()
    assert rest.loc["ESRGAN + GFPGAN (V2)", "ours is"].startswith("needs GFPGAN's weights")
    assert not rest["ours is"].str.contains("to be trained").any(), "each need is named"


def test_areas_are_printed_to_two_digits() -> None:
    shown = tables.ftlgan_side_by_side(systems("auc"), "auc", 3, set="lfw").set_index("system (paper)")
    assert shown.loc["GPEN (256) + ArcFace", "mean, published"] == "0.70"
    assert shown.loc["Bicubic + FaceNet", "28 px, ours"] == "0.280"
    with pytest.raises(LrfrError, match="No result is recorded for method bicubic, recognizer dlib, px 14, metric auc"):
        tables.ftlgan_side_by_side(systems(), "auc", set="lfw")


def test_a_plateau_is_flat_in_all_that_is_watched() -> None:
    watched = [4.0, 3.0, 2.5, 2.2, 2.0, 2.0, 2.0, 2.0, 2.0, 1.99]  # the last fifth: from the eighth look to the tenth
    lines = [v for look in watched for v in (None, look)]
    curve = pd.DataFrame({"step": range(20), "validation_mse": lines}).astype(float)
    assert tables.plateau(curve) == {"MSE falls by": "0.5%", "identity distance falls by": "–", "on its plateau": True}
    falling = tables.plateau(curve.assign(validation_identity=np.linspace(2.9, 1, 20)))
    assert falling == {"MSE falls by": "0.5%", "identity distance falls by": "28.6%", "on its plateau": False}


def test_a_difference_is_read_either_way() -> None:
    row = ["lfw", "devtest", "2", 28, 0, "dlib", "both", "auc_minus_1", 0.02, -0.01, 0.05, 10]
    table = pd.DataFrame([row], columns=COLUMNS)
    assert tables.difference(table, "2", "1", "auc", px=28).tolist() == [0.02, -0.01, 0.05, 10]
    assert tables.difference(table, "1", "2", "auc", px=28).tolist() == [-0.02, -0.05, 0.01, 10]
    with pytest.raises(LrfrError, match="auc_minus_1"):
        tables.difference(table, "1", "3", "auc")


def test_differences_are_decided_and_counted_together() -> None:
    up, down, flat = ({"low": a, "high": b} for a, b in ((0.1, 0.2), (-0.2, -0.1), (-0.1, 0.1)))
    assert tables.decided([up, up]) is True and tables.decided([up, flat]) == tables.IN_PART
    assert tables.decided([flat, down, down]) is False and tables.decided([]) is None
    assert tables.decided([flat, down]) is False and tables.decided([flat, flat, down]) == "not decided"
    assert tables.decided([flat, flat, up]) == "not decided", "one of three comes by chance"
    assert tables.decided([up, up, down, down]) == tables.MIXED
    assert tables.counted([up, down, flat, up]) == "2 of 4 intervals above 0, 1 below"
    assert tables.counted([]) == "nothing to compare"
    assert tables.summary([up, flat]) == "better in part (1 of 2 intervals above 0, 0 below)"
    assert tables.summary([down, up]) == "mixed (1 of 2 intervals above 0, 1 below)"
    assert tables.summary([]) == "not measured (nothing to compare)"
    said = [tables.answer(rows) for rows in ([up], [down], [up, flat], [flat], [])]
    assert said == ["yes", "no", "in part", "not decided", "not measured"]


def test_verdicts_are_tallied_in_one_order():
    given = [None, "mixed", True, False, True, "at 14 px", "not decided", tables.IN_PART, "Res50 only"]
    assert tables.tally(given) == (
        "2 yes, 1 in part, 1 no, 1 mixed, 1 not decided, 1 not tested, 2 hold in one part that is named"
    )
    assert tables.tally([]) == ""


def test_a_note_says_what_quick_embedding_moves():
    rows = [
        ("further", "auc", 0.9),
        ("further precision", "auc_minus_float32", -0.0004),
        ("further precision", "auc_minus_float32", 0.0001),
        ("further precision", "eer_minus_float32", 0.2),
        ("ablation kernel precision", "auc_minus_float32", 0.0021),
    ]
    results = pd.DataFrame(rows, columns=["protocol", "metric", "value"])
    assert tables.precision_note(results, "further").endswith("differs by at most 0.0004.")
    assert tables.precision_note(results, "ablation").endswith("at most 0.0021.")
    assert tables.precision_note(results, "view2") == ""
    results.loc[len(results)] = ("further precision", "accuracy_minus_float32", -0.002)
    both = tables.precision_note(results, "further", ("auc", "d_prime", "accuracy"))
    assert both.endswith("AUC differs by at most 0.0004, accuracy by 0.0020.")


def test_what_rounds_to_nothing_has_no_minus_sign() -> None:
    row = pd.Series({"value": -0.0004, "low": -0.02, "high": 0.0})
    assert tables.written(row) == "0.00 [-0.02, 0.00]" and tables.written(row, 1, 100) == "0.0 [-2.0, 0.0]"


def test_a_gain_has_a_plus_and_nothing_else_has():
    for value, said in ((0.0147, "+0.0147"), (-0.0044, "-0.0044"), (0.0, "0.0000")):
        row = pd.Series({"value": value, "low": -0.1, "high": 0.1})
        assert tables.gained(row) == f"{said} [-0.1000, 0.1000]"
    assert tables.gained(pd.Series({"value": 1.0, "low": np.nan, "high": np.nan}), 1) == "+1.0"
