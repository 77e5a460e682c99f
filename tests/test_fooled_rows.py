"""What could fool us: who judges what was trained through whom, faces that were moved, people apart."""

import pandas as pd
import pytest

from lrfr import plans, tables
from lrfr.measure import COLUMNS
from lrfr.record import combinations, fooled_rows, protocol_rows
from lrfr.record.combinations import System


def table(*lines):
    return pd.DataFrame([{**keys, "value": v, "low": v - 1, "high": v + 1, "n": 9} for keys, v in lines])[COLUMNS]


@pytest.mark.parametrize("loss", list(plans.TRANSFER))
def test_the_matrix_has_what_is_recorded_and_marks_the_own_network(loss):
    lines = [
        (fooled_rows.transferred(loss, "dlib", "sface"), 2.0),
        (fooled_rows.transferred(loss, "sface", "sface"), 3.0),
        (fooled_rows.transferred(loss, "sface", "sface", "both"), 4.0),
    ]
    found = fooled_rows.matrix(table(*lines), loss)
    assert found.drop(columns=["low", "high"]).to_numpy().tolist() == [
        ["dlib", "sface", False, 2.0],
        ["sface", "sface", True, 3.0],
    ]
    assert lines[0][0]["metric"] == f"auc_minus_{loss} without identity"
    assert fooled_rows.matrix(table(*lines)[:0], loss).empty
    taste = fooled_rows.ahead(loss, "sface", "both")
    assert {k: taste[k] for k in ("px", "method", "recognizer", "setting")} == {
        k: lines[2][0][k] for k in ("px", "method", "recognizer", "setting")
    }
    assert (taste["protocol"], taste["metric"]) == ("transfer taste", "auc_minus_others")


def test_moved_faces_stand_beside_the_face_as_it_was_cut():
    lines = [
        (protocol_rows.at("devtest", "FTLGAN", 14, "auc", "sface", "probe"), 0.9),
        (protocol_rows.at("devtest", "FTLGAN", 14, "auc", "sface", "probe", "jitter 2 px"), 0.8),
    ]
    lines.append((lines[1][0] | {"metric": "auc_minus_unmoved", "protocol": "jitter 3 px devtest"}, -0.2))
    found = fooled_rows.jitters(table(*lines), "devtest", "FTLGAN", 14, "sface")
    assert {shift: r["value"] for shift, r in found.items()} == {0: 0.9, 2: 0.8}
    assert fooled_rows.moved(table(*lines), "devtest", "FTLGAN", 14, "sface")["value"] == -0.2
    assert fooled_rows.moved(table(*lines), "devtest", "FTLGAN", 14, "dlib") is None


def test_what_a_system_is_compared_with_and_what_is_found_on_small_photographs():
    system = {"name": "lfw", "protocol": "view2", "method": "mean of a, b", "px": 14, "recognizer": "sface"}
    lines = [
        (tables.keys(**system, metric="auc_minus_bicubic", setting="probe"), 0.2),
        (tables.keys(**system, metric="auc_minus_FTLGAN", setting="probe"), 0.1),
        (tables.keys(**system, metric="auc_minus_FTLGAN", setting="both"), 0.7),
        (tables.keys(**system, metric="d_prime_minus_bicubic", setting="probe"), 0.8),
        (tables.keys("caltech", "found at LR", "MTCNN", 28, "found", "", ""), 0.5),
    ]
    found = fooled_rows.rivals(table(*lines), "mean of a, b", 14, "sface")
    assert {name: r["value"] for name, r in found.items()} == {"bicubic": 0.2, "FTLGAN": 0.1}
    assert fooled_rows.detected(table(*lines), "caltech", 28, "found")["value"] == 0.5
    assert fooled_rows.detected(table(*lines), "att", 28, "found") is None


def test_who_is_served_worst_stands_by_system_and_by_recogniser():
    def worst(method, recognizer, value, minus=""):
        metric = f"{fooled_rows.WORST}{minus}"
        return tables.keys("att", combinations.ALL_PAIRS, method, 14, metric, recognizer, "probe"), value

    lines = [
        worst("bicubic", "sface", 2.0),
        worst("bicubic", "robust", 3.0),
        worst("FTLGAN", "sface", 2.5),
        worst("FTLGAN", "sface", 0.5, "_minus_bicubic"),
        worst("SRCNN", "dlib", 9.0),
    ]
    results = table(*lines)
    found = fooled_rows.worst_served(results, 14, ["sface", "robust"])
    assert found.to_dict("records") == [
        {"set": "AT&T", "system": "bicubic", "SFace": "2.000 [1.000, 3.000]", "robust": "3.000 [2.000, 4.000]"},
        {"set": "AT&T", "system": "FTLGAN", "SFace": "+0.500 [-0.500, 1.500]", "robust": "–"},
    ]
    assert fooled_rows.worst_served(results, 7, ["sface"]).empty
    said = fooled_rows.worst_of(results, System(("bicubic",), ("robust",)), 14)
    assert said == "3.000 [2.000, 4.000] (AT&T), – (Caltech)"


def test_the_spread_of_people():
    found = fooled_rows.spread({"bicubic": pd.Series([0.5, 0.9, 1.0, 1.0])}).iloc[0]
    assert found["mean"] == pytest.approx(0.85) and found["worst"] == 0.5 and found["median"] == pytest.approx(0.95)
    assert found["people below the mean"] == 0.25
