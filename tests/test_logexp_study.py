"""What is trained of logexp: the rows of the paper's tables, alike in everything but what a row changes."""

from dataclasses import replace

from lrfr import plans, published
from lrfr.augmentation import Jitter
from lrfr.papers import logexp_study
from lrfr.papers.logexp import Settings

SHORT = logexp_study.ablations()


def rows(table: int) -> list[str]:
    frame = published.load("logexp")
    return list(frame.loc[frame["table"] == table, "row"].unique())


def test_each_row_of_table_4_has_a_run():
    assert list(logexp_study.PRINTED) == rows(4)
    assert set(logexp_study.PRINTED.values()) <= set(logexp_study.table4())
    assert set(logexp_study.table4()) - set(logexp_study.PRINTED.values()) == {"maug-l1", "maug-l2"}


def test_rows_of_table_4_change_what_their_names_say():
    for printed, key in logexp_study.PRINTED.items():
        settings = SHORT[key]
        augmentation, _, distance = printed.partition("+")
        sizes = {"Baseline": (), "Aug": (14,), "MAug": (7, 14, 20), "PAug": (7, 14, 28, 56)}[augmentation]
        assert settings.sizes == sizes and bool(settings.weight) == bool(distance), printed
        if distance:
            kind = ("lp", int(distance[1])) if distance[0] == "L" else ("logexp", int(distance[5]))
            assert (settings.distance.kind, settings.distance.p) == kind, printed


def test_lambdas_and_ratios_are_the_papers():
    frame = published.load("logexp")
    printed = {float(c) for c in frame.loc[frame["table"] == 5, "column"]}
    assert printed == {SHORT[k].weight for k in logexp_study.table5()} | {logexp_study.OURS.weight}
    ratios = {r for r in rows(6) if ":" in r}
    ours = {":".join(f"{x:g}" for x in SHORT[k].ratio) for k in logexp_study.table6()}
    assert ratios == ours | {"1:1:2"} and logexp_study.OURS.ratio == (1, 1, 2)


def test_ablations_differ_in_what_they_are_named_for_alone():
    plan = logexp_study.OURS.schedule
    for key, settings in SHORT.items():
        if key.startswith("distil-"):
            continue
        assert settings.schedule == plan and settings.optimizer == "sgd" and settings.jitter == Jitter(), key
        same = replace(
            settings,
            sizes=(7, 14, 20),
            ratio=(1, 1, 2),
            distance=logexp_study.LOGEXP1,
            weight=1.0,
            unit="pull",
            target="both",
            anchor=0.0,
        )
        assert same == logexp_study.OURS, key


def test_distillations_cost_as_much_and_see_no_identities():
    for key, settings in logexp_study.distillations().items():
        assert not settings.sees_hr and settings.classification == 0 and settings.target == "frozen", key
        assert settings.schedule.steps == 2 * logexp_study.OURS.schedule.steps
    whole = logexp_study.robust()
    parts = {k.removeprefix("distil-") for k in logexp_study.distillations()}
    assert {"relation", "jitter", "sizes"} <= parts and whole.relation and whole.jitter and len(whole.sizes) == 7


def test_variants_of_the_papers_loss():
    found = logexp_study.variants()
    assert (found["printed"].unit, found["printed"].weight) == ("printed", 1.0)
    assert found["released"].distance.kind == "logexp-released"
    assert found["heavy"] == replace(found["heavy-stopped"], target="both")
    assert found["anchor"].anchor > 0 and found["anchor"].weight == 0


def test_the_whole_plan_fits_into_its_budget():
    runs = [r for r in [*plans.planned(), *plans.pilots()] if r.name.startswith("logexp-")]
    assert len(runs) == len(SHORT) + 1 and {r.recognizer for r in runs} == {"mobilefacenet"}
    assert sum(r.minutes for r in runs) < 130
    robust = plans.find("logexp-robust")
    assert 30 < robust.minutes <= 41 and all(r.minutes < 3 for r in runs if r != robust)
    shipped = {r.name for r in plans.planned() if isinstance(r.settings, Settings)}
    assert shipped == {"logexp-robust", *(f"logexp-{k}" for k in plans.LOGEXP_SHIPPED)}
