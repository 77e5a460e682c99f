"""Every number on the start page is a row of the results, or the difference of two that it names."""

import json

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from lrfr import catalogue, recognizers, record, tables
from lrfr.book.chapters import book_dir
from lrfr.record import benchmark, combinations, protocol_choice, protocol_rows

NETWORKS = {"dlib": "dlib", "SFace": "sface", "MobileFaceNet": "mobilefacenet"}
PAPERS = ("frloss", "ipfsrgan", "ftlgan", "multiscale")
SEEN = {"set": "lfw", "setting": "probe", "seed": 0}


@pytest.fixture(scope="module")
def results():
    """Those of the one protocol first, whose views are called as in the papers' files."""
    own = record.load(benchmark.RESULTS)
    own = own[own["set"] == "lfw"]
    own = own.assign(protocol=own["protocol"].str.removeprefix("bicubic "))
    return pd.concat([own, *(record.load(paper) for paper in PAPERS)], ignore_index=True)


@pytest.fixture(scope="module")
def outputs():
    notebook = json.loads((book_dir() / "notebooks" / "index.ipynb").read_text())
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])]


@pytest.fixture(scope="module")
def glued(outputs):
    marked = [o for o in outputs if "scrapbook" in o.get("metadata", {})]
    kind = "application/papermill.record/text/plain"
    return {o["metadata"]["scrapbook"]["name"]: "".join(o["data"][kind]).strip("'") for o in marked}


def rows_of(outputs, words):
    """The rows of the table whose caption holds these words: head of each column -> text."""
    for output in outputs:
        page = BeautifulSoup("".join(output.get("data", {}).get("text/html", "")), "html.parser")
        caption = page.select_one(".lrfr-caption")
        if caption is not None and words in caption.text:
            heads = [head.text for head in page.select("th")]
            lines = [[cell.text.replace("\u00a0", " ") for cell in row.select("td")] for row in page.select("tbody tr")]
            return [dict(zip(heads, line, strict=True)) for line in lines]
    raise AssertionError(f"no table with '{words}'")


def caption_of(outputs, words):
    return next(t for o in outputs if words in (t := "".join(o.get("data", {}).get("text/plain", "")).split("\n")[0]))


def network_of(head):
    return NETWORKS[head.split(" ")[0]]


def test_each_gain_is_a_recorded_paired_difference_of_its_own_method_size_and_network(results, outputs):
    rows = rows_of(outputs, "AUC minus that of bicubic")
    assert {(row["method"], row["px"]) for row in rows} >= {
        ("SRResNet (FR)", "14"),
        ("Real-ESRGAN", "14"),
        ("FTLGAN", "56"),
        ("U-Net", "7"),
    }
    caption = caption_of(outputs, "AUC minus that")
    for row in rows:
        view = {"1": "devtest", "2": "view2"}[row["view"]]
        found = {}
        for head in (h for h in row if h.split(" ")[0] in NETWORKS):
            where = {"protocol": view, "method": row["method"], "px": int(row["px"]), "recognizer": network_of(head)}
            there = tables.pick(results, metric="auc_minus_bicubic", **where, **SEEN)
            assert row[head].lstrip("+") in {tables.written(r, 4) for _, r in there.iterrows()}
            assert row[head].startswith("+") == bool(there["value"].iloc[0] > 0)
            found[network_of(head)] = there.iloc[0]
        assert f"View {row['view']} ({int(found['sface']['n']):,} pairs)" in caption
        low, high = (np.array([found[n][k] for n in record.UNSEEN]) for k in ("low", "high"))
        assert row["unseen"] == ("helps" if (low > 0).all() else "hurts" if (high < 0).all() else "unsure")


def test_what_helps_and_hurts_is_said_of_those_rows(outputs, glued):
    rows = rows_of(outputs, "AUC minus that of bicubic")
    for word in ("helps", "hurts"):
        told = [f"{row['method']} at {row['px']} px" for row in rows if row["unseen"] == word]
        assert glued[f"index-{word}"] == (", ".join(told) or "none")


def test_the_taught_recogniser_is_a_row_of_logexp(outputs, glued):
    results = record.load("logexp")
    rows = rows_of(outputs, "taught small faces")
    assert [row["px"] for row in rows] == ["7", "14", "28", "112 (HR)"]
    sure = []
    for row, px in zip(rows, (7, 14, 28, 112), strict=True):
        where = {"protocol": "view2", "method": "HR" if px == 112 else "bicubic", "px": px, **SEEN}
        for head, network in (("MobileFaceNet", "mobilefacenet"), ("taught small faces", "robust")):
            assert row[head] == tables.cell(results, 4, metric="auc", recognizer=network, **where)
        there = tables.pick(results, metric="auc_minus_mobilefacenet", recognizer="robust", **where).iloc[0]
        assert row["difference"] == tables.gained(there)
        sure += [f"{px} px"] if there["low"] > 0 else []
    assert glued["index-taught"] == ", ".join(sure)


def test_each_number_of_the_decisions_is_one_row_or_the_sum_of_those_that_it_names(outputs):
    rows = rows_of(outputs, "The system to use at each size")
    assert [int(row["face (px)"]) for row in rows] == [*catalogue.SIZES]
    files = {name: protocol_rows.recorded(name) for name in (benchmark.RESULTS, combinations.RESULTS)}
    columns = {"AUC": ("auc", 4), "gain over bicubic": ("gain", 4), "gain over plain": ("over_plain", 4)}
    columns |= {"ms, upsampler": ("upsampling", 1), "ms, recogniser": ("recognising", 1)}
    decided = protocol_choice.decisions(*files.values())
    for row, found in zip(rows, decided, strict=True):
        assert found is not None, "a size without a recommendation"
        assert (row["upsampler"], row["recogniser"]) == (found.method, recognizers.title(found.recognizer))
        assert row["gave way to it"] == ("–" if found.first == found.system else protocol_choice.called(found.first))
        row["ms, upsampler"], row["ms, recogniser"] = row["ms"].split(" + ")
        for head, (name, digits) in columns.items():
            number = getattr(found, name)
            if number is None:
                assert row.get(head, "–") == "–"
                continue
            behind = [tables.pick(files[file], **keys) for file, keys in number.sources]
            assert all(len(there) == 1 for there in behind)
            total = sum(there["value"].iloc[0] for there in behind)
            assert float(row[head].split(" ")[0]) == pytest.approx(total, abs=0.51 * 10**-digits)
            if len(behind) == 1:
                as_shown = tables.gained if head.startswith("gain") else tables.written
                assert row[head] == as_shown(behind[0].iloc[0], digits)


def test_each_area_and_psnr_of_the_finding_is_a_row_of_frloss(outputs):
    results = record.load("frloss")
    rows = rows_of(outputs, "AUC on LFW View 2")
    assert [row["method"] for row in rows] == ["bicubic", "SRResNet (MSE)", "SRResNet (FR)", "HR"]
    for row in rows:
        of = {"method": row["method"], "px": 112 if row["method"] == "HR" else 14}
        for head in (h for h in row if h.split(" ")[0] in NETWORKS):
            where = {"protocol": "view2", "metric": "auc", "recognizer": network_of(head)}
            assert row[head] == tables.cell(results, **of, **where, **SEEN)
        if of["px"] != 112:
            found = tables.value(results, set="celeba-held-out", metric="psnr", seed=0, **of)
            assert row["PSNR (dB)"] == f"{found:.2f}"


def test_each_number_in_the_text_is_a_row_of_frloss(glued):
    results = record.load("frloss")
    for key, method in (("share", "SRResNet (FR)"), ("mse", "SRResNet (MSE)")):
        for network in NETWORKS.values():
            where = {"protocol": "view2", "metric": "auc_share_of_gap", "recognizer": network}
            found = tables.pick(results, method=method, px=14, **where, **SEEN).iloc[0]
            assert found["low"] < found["value"] < found["high"]
            assert glued[f"index-{key}-{network}"] == f"{tables.written(found, 0, 100)} %"
    psnr = {
        m: tables.value(results, set="celeba-held-out", metric="psnr", seed=0, px=14, method=f"SRResNet ({m})")
        for m in ("MSE", "FR")
    }
    assert glued["index-lost-psnr"] == f"{psnr['MSE'] - psnr['FR']:.2f}"
    where = {"protocol": "view2", "method": "SRResNet (FR)", "px": 14, "metric": "auc_minus_SRResNet (MSE)", **SEEN}
    over = [tables.pick(results, recognizer=network, **where) for network in NETWORKS.values()]
    assert [len(rows) for rows in over] == [1, 1, 1]
    assert glued["index-over"] == f"{sum(rows['low'].iloc[0] > 0 for rows in over)} of 3"
    told = {name for name in glued if name.startswith("index-")}
    numbers = {name for name in told if any(c.isdigit() for c in glued[name])}
    checked = {f"index-{key}-{n}" for key in ("share", "mse") for n in NETWORKS.values()}
    checked |= {"index-lost-psnr", "index-over"}
    assert numbers <= checked | {"index-helps", "index-hurts", "index-taught", "index-rejected"}, "others check these"


def test_what_is_recommended_rejects_what_its_rows_say(glued):
    files = {name: protocol_rows.recorded(name) for name in (benchmark.RESULTS, combinations.RESULTS)}
    told = []
    for found in protocol_choice.decisions(*files.values()):
        where = {"set": "lfw", "px": found.px, "method": found.method, "recognizer": found.recognizer, **SEEN}
        there = [
            tables.matching(files[name], protocol=protocol, metric="frr_at_hr_threshold", **where)
            for name, protocol in ((benchmark.RESULTS, "bicubic view2"), (combinations.RESULTS, "view2"))
        ]
        row = next(rows.iloc[0] for rows in there if len(rows))
        told.append(f"{tables.written(row, 3)} at {found.px} px")
    assert glued["index-rejected"] == ", ".join(told)
