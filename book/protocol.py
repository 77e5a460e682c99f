# %% [markdown]
# # One protocol for all
#
# ```{container} lrfr-answer
# For a small face that is compared with an HR photograph, before a recogniser that was never taught small faces,
#
# - at 7 px use {glue:text}`protocol-use-7` ({glue:text}`protocol-why-7`);
# - at 14 px use {glue:text}`protocol-use-14` ({glue:text}`protocol-why-14`);
# - at 28 px use {glue:text}`protocol-use-28` ({glue:text}`protocol-why-28`);
# - at 56 px use {glue:text}`protocol-use-56` ({glue:text}`protocol-why-56`).
#
# Who may choose the recogniser too: {glue:text}`protocol-systems`. *Robust* is MobileFaceNet that was taught small
# faces. It has AUC {glue:text}`protocol-robust` at 7 px where its teacher has {glue:text}`protocol-teacher`, and what
# is to be used at 7 px before others changes that by {glue:text}`protocol-robust-gain`.
#
# - All of this was chosen on View 1, and View 2 shows many of its people. On the pairs of View 2 that show none of them
#   {glue:text}`protocol-apart` of the sure gains over bicubic and plain stay sure; lost:
#   {glue:text}`protocol-apart-lost`.
# - Where both faces are small and both restored, {glue:text}`protocol-both-sure` of the same upsamplers' gains over
#   bicubic are sure: {glue:text}`protocol-both`.
# - All of this is for faces that are only small. Where they are spoilt too, the study's networks are surely above and
#   below bicubic, before the two recognisers that no loss knew ({glue:text}`protocol-survived-on`):
#   {glue:text}`protocol-survived`.
# - Of the papers' {glue:text}`protocol-claims-all` numbered claims, {glue:text}`protocol-claims`.
#   {glue:text}`protocol-claims-first`
# ```
#
# ```{glue} protocol-decisions
# ```
#
# ```{glue} protocol-failed
# ```
#
# The five papers share neither faces, nor sizes, nor recognisers, so none of their tables can be held against another.
# Here all methods restore the same faces of 7, 14, 28 and 56 px (1). The faces are made small by one rule, and, to see
# what survives, by four others that none of the networks was trained for but Real-ESRGAN (2). The same recognisers look
# at all of them: dlib's network {cite}`king2009`, which the losses knew, SFace {cite}`zhong2021` and MobileFaceNet
# {cite}`chen2018`, which they did not, and one that was taught small faces, called robust (3). A restored probe is
# compared with an HR photograph ("probe") or with another restored face ("both"), on the same pairs (4). Every number
# has a 95 % interval over people, and where two methods are compared the interval is that of their difference on the
# same people (5). *Sure* means that this interval leaves 0 out: of many intervals at most one in twenty does so by
# chance, on LFW's pairs fewer, where the intervals are too wide rather than too narrow ({doc}`scoring`); so *not sure*
# does not mean that nothing is there. It says nothing of another training: nearly every network was trained once. The
# one that was trained three times, SRResNet (FR) at 14 px, gains in AUC {glue:text}`protocol-seeds` from one seed to
# the next.
#
# What of all this could fool us stands on {doc}`a second page <protocol_fooled>`: other networks, other thresholds,
# faces that are cut badly, people who are not alike.

# %% tags=["parameters"]
profile = None  # smoke, demo (the default), study or paper
seed = 0
device = "auto"
data_root = None  # the folder with lfw/ and celeba/

# %% tags=["hide-input"]
import textwrap

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from lrfr import catalogue, chapter, coverage, datasets, figures, interactive, plans, recognizers, record, tables
from lrfr.book.verdicts import verdicts
from lrfr.catalogue import SIZES
from lrfr.evaluation import verification
from lrfr.evaluation.pairs import AllPairs
from lrfr.measure import Measured
from lrfr.record import SETTING_NAMES, apart, benchmark, combinations, protocol_points
from lrfr.record import protocol_choice as choice
from lrfr.record import protocol_rows as at
from lrfr.record.benchmark import DEGRADATIONS, ROBUST
from lrfr.record.protocol_rows import PLACES

run = chapter.start(profile, seed, device, data_root)
smoke = run.profile == "smoke"
results, combined = at.recorded(), at.recorded(combinations.RESULTS)
UNSEEN = record.UNSEEN
PX = 14
colour, named = figures.method_colour, recognizers.title

# %% [markdown]
# ## Which method at which size?
#
# Two questions, two answers. *Which upsampler, whoever recognises?* The one that gains most over bicubic enlargement at
# the first of two places, on the mean of the two recognisers that no loss knew; it is recommended where both of their
# gains are sure at the second, else bicubic is. *Which system?* The pair of upsampler and recogniser, or the
# combination of several, with the highest AUC at the first; its number is that of the second, where it has to be surely
# better than what is simpler: bicubic before MobileFaceNet, bicubic before each of its recognisers alone, and bicubic
# before all of them. Else the simpler one is recommended. Systems alone may hold *SRResNet (FR by SFace)*, whose loss
# saw SFace ({doc}`protocol_fooled`). The two places are View 1 and View 2 of LFW {cite}`huang2007`, which its makers
# drew for this use. They share many people: {glue:text}`protocol-known` of View 2's pairs show somebody of View 1's
# DevTest pairs, where not only upsamplers were chosen but settings too. So what is recommended is measured a third
# time, on the other pairs of View 2 alone. View 2 was looked at more than once while this book grew; every system that
# was ever measured on it is listed on {doc}`the next page <protocol_fooled>`. AT&T and Caltech, which come with the
# book's packages and share nobody with each other, answer the same questions again.

# %% tags=["hide-input", "remove-output"]
advice = {px: choice.advise(results, px) for px in SIZES}
for px, found in advice.items():
    first, second = (PLACES[p] for p in found.places)
    gains = ", ".join(f"{named(n)} {at.gain(found.gains[n])}" for n in (*UNSEEN, "dlib") if n in found.gains)
    why = f"AUC over bicubic on {second}: {gains}"
    if found.method in catalogue.NETWORKS and px not in catalogue.heights(found.method, px):
        why = f"the network for {catalogue.heights(found.method, px)[0]} px; {why}"
    if found.sure and found.alike:
        why += f"; {first} hardly tells it from {len(found.alike)} others"
        why += f", and {', '.join(found.ahead)} gained more on {second}" if found.ahead else ""
    if not found.gains:
        why = f"no method gains on {first}"
    elif not found.sure:
        why = f"the gain of {found.first}, the best on {first}, is not sure on {second}: {gains}"
    chapter.glue_text(f"protocol-use-{px}", found.method)
    chapter.glue_text(f"protocol-why-{px}", why)
for name, network in (("robust", ROBUST), ("teacher", combinations.PLAIN)):
    keys = at.at(advice[SIZES[0]].places[1], "bicubic", SIZES[0], "auc", network, "probe")
    chapter.glue_text(f"protocol-{name}", at.cell(results, keys, 4))
both, sure = [], []
for px, found in advice.items():
    if found.method != "bicubic":
        keys = {n: at.at(found.places[1], found.method, px, "auc_minus_bicubic", n, "both") for n in UNSEEN}
        there = {n: at.row(results, k) for n, k in keys.items()}
        sure += [r is not None and r["low"] > 0 for r in there.values()]
        gains = ", ".join(f"{named(n)} {at.gain(r)}" for n, r in there.items())
        both.append(f"{gains} ({found.method} at {px} px, {PLACES[found.places[1]]})")
chapter.glue_text("protocol-both-sure", f"{sum(sure)} of {len(sure)}")
chapter.glue_text("protocol-both", "; ".join(both) or "nothing: bicubic is to be used at all sizes")
chapter.glue_text("protocol-robust-gain", at.gain(advice[SIZES[0]].gains.get(ROBUST)))
trained, spread = record.load("frloss"), []
for name in UNSEEN:
    seeds = at.seeds(trained, "SRResNet (FR)", PX, "auc_minus_bicubic", name, "probe")
    assert len(seeds) > 2, "the text says that it was trained three times"
    spread.append(f"{seeds.min():+.4f} to {seeds.max():+.4f} (LFW View 1, {named(name)})")
chapter.glue_text("protocol-seeds", ", ".join(spread))
entries = coverage.everything()
held = coverage.held(entries)
chapter.glue_number("protocol-claims-all", held["claims"].sum(), "d")
chapter.glue_text(
    "protocol-claims",
    f"at our scale {held['yes'].sum()} hold, {held[tables.IN_PART].sum()} in part, {held['no'].sum()} do not and "
    f"{held['neither'].sum()} are mixed or not decided; {held[coverage.PRINTED].sum()} were held against the paper's "
    f"own numbers or other papers alone, {held[coverage.UNTESTED].sum()} were not tested"
    + (f", and figures answer the other {held['elsewhere'].sum()}" if held["elsewhere"].sum() else ""),
)
denied = [entry for entry in entries if entry.is_claim and coverage.outcome(entry) == "no"]
first = {entry.paper: entry for entry in reversed(denied)}
chapter.glue_text(
    "protocol-claims-first",
    "The first of each paper that failed: "
    + "; ".join(f"{paper}, \u201c{first[paper].what}\u201d" for paper in coverage.PAPERS if paper in first)
    + ".",
)
counts = held.rename(columns={"yes": "hold", "no": "do not", "neither": "mixed, not decided"})
counts["those that do not"] = [
    "; ".join(f"{e.item.removeprefix('Claim ')} {e.what}" for e in denied if e.paper == p) or "–" for p in held["paper"]
]
figures.show_table(
    counts,
    "The numbered claims of each paper, what became of them at our scale, and which do not hold. By what is printed: "
    "held against the paper's own numbers, or other papers, whatever came of it; nothing was measured. Elsewhere: a "
    "figure or a table answers. Coverage leads to each of them.",
    glue="protocol-failed",
)
decisions = choice.decisions(results, combined)
chapter.glue_text(
    "protocol-systems",
    ", ".join(f"{px} px {choice.called(d.system)}" for px, d in zip(SIZES, decisions, strict=True) if d is not None),
)
figures.show_table(  # shown above, where it is asked for
    choice.decision_table(decisions), choice.decision_caption(decisions), glue="protocol-decisions"
)

# %% tags=["hide-input"]
asked = {p: {px: choice.upsampler(results, px, p) for px in SIZES} for p in (choice.LFW, choice.PACKAGED)}
for places, by_size in asked.items():
    first, second = (PLACES[p] for p in places)
    rows = [
        {"px": px, "first": found.first, "to use": found.method}
        | {named(n): at.gain(found.gains.get(n)) for n in at.RECOGNIZERS}
        for px, found in by_size.items()
    ]
    figures.show_table(
        pd.DataFrame(rows),
        f"The upsampler to use, whoever recognises, and the one that was first on {first}: its paired difference to "
        f"bicubic in AUC on {second}, LR probe against HR, by recogniser.",
    )


def among_strangers(method, px, network, metric):
    """A row of the pairs that show nobody of View 1, or none."""
    return at.row(combined, tables.keys("lfw", apart.PROTOCOL, method, px, metric, network, "probe"))


rows, kept = [], []
for px, found, decision in zip(SIZES, asked[choice.LFW].values(), decisions, strict=True):
    over_bicubic = {n: among_strangers(found.first, px, n, "auc_minus_bicubic") for n in (*UNSEEN, ROBUST)}
    system = decision.system
    over = among_strangers(system.method, px, system.recognizer, choice.OVER_PLAIN)
    row = {"px": px, "first": found.first} | {named(n): at.gain(r) for n, r in over_bicubic.items()}
    rows.append(row | {"system to use": choice.called(system), "over plain": at.gain(over)})
    if found.sure:
        kept += [(f"{found.first} at {px} px before {named(n)}", over_bicubic[n]) for n in UNSEEN]
    if decision.over_plain is not None:
        kept.append((f"{choice.called(system)} at {px} px", over))
plain = among_strangers("bicubic", PX, combinations.PLAIN, "auc")
listed = at.row(results, at.at("view2", "HR", PX, "auc", UNSEEN[0], "probe"))
figures.show_table(
    pd.DataFrame(rows),
    f"The same on the {int(plain['n']):,} of {int(listed['n']):,} pairs of LFW View 2 that show nobody of View 1's "
    "DevTest pairs: what was first on View 1, its paired difference to bicubic in AUC by recogniser, and the system to "
    "use, over bicubic before MobileFaceNet.",
    name="protocol-apart",
)
lost = [name for name, r in kept if r is None or r["low"] <= 0]
chapter.glue_text("protocol-known", f"{1 - plain['n'] / listed['n']:.0%}")
chapter.glue_text("protocol-apart", f"{len(kept) - len(lost)} of {len(kept)}")
chapter.glue_text("protocol-apart-lost", ", ".join(lost) or "none")

# %% [markdown]
# Of the gains that are sure on all of View 2 and recommend something, {glue:text}`protocol-apart` stay sure there;
# lost: {glue:text}`protocol-apart-lost`.

# %% tags=["hide-input"]
for px in SIZES:
    by_lfw, by_sets = (by_size[px].method for by_size in asked.values())
    said = f"both recommend {by_lfw}" if by_lfw == by_sets else f"LFW recommends {by_lfw}, the packaged sets {by_sets}"
    print(f"{px} px: {said}.")

# %% tags=["hide-input", "hide-output"]
rows = [
    {
        "px": px,
        "first": found.first,
        f"not told from it on {PLACES[choice.LFW[0]]}": ", ".join(found.alike) or "none",
        f"of these, ahead on {PLACES[choice.LFW[1]]}": ", ".join(found.ahead) or "none",
    }
    for px, found in asked[choice.LFW].items()
]
figures.show_table(
    pd.DataFrame(rows),
    "Chance may have put these behind the first: the intervals of their own gains hold its gain, for both recognisers. "
    "Ahead: both recognisers gain more by it than by the first, as far as it is recorded there.",
)

# %% tags=["hide-input", "hide-output"]
claims = verdicts()
judged = claims[claims["holds"].isin(["no", tables.MIXED])].sort_values("holds", ascending=False, kind="stable")
figures.show_table(
    judged[["paper", "claim", "measured", "holds"]].rename(
        columns={"claim": "what the paper claims", "holds": "holds here?"}
    ),
    "The published claims that do not hold here, and those whose evidence is mixed (intervals surely above and surely "
    "below), as the chapters' own tables judge them: a claim of several parts has a row for each, and rows without a "
    "number are the book's own.",
)

# %% [markdown]
# Each chapter ends with all its claims, those that hold and those that cannot be judged included: {doc}`frloss
# <frloss_claims>`, {doc}`ipfsrgan <ipfsrgan_claims>`, {doc}`multiscale <multiscale_claims>`, {doc}`logexp
# <logexp_claims>`, {doc}`ftlgan <ftlgan_ablations>`. Our data and trainings are far smaller than theirs: a claim that
# fails here may hold with their faces and weeks of training, and one that holds has held with little.
#
# ## What is recorded
#
# A cell is one upsampler at one size; all recognisers look at it. `lrfr benchmark` computes what is missing, cell by
# cell, and what was made by other weights; everything else it leaves alone. Where a face is enlarged by a whole number,
# as here, the kernels nearest and area are one and the same.
#
# To save time, where the processor has units for bfloat16 (numbers of half the length), all networks that restore faces
# run in it: their pixels move by less than the rounding to grey levels. Recognisers look in float32 at faces that are
# only small, in bfloat16 at those that are spoilt or moved too. Two that are compared are always looked at alike;
# {doc}`protocol_fooled` says by how much bfloat16 moves AUC. The last cells at 56 px were recorded on a processor
# without such units, in float32 throughout: networks before the camera mixture on View 1, FTLGAN and the U-Nets on
# View 2.

# %% tags=["hide-input"]
coverage = at.coverage(results)
figures.show_table(
    coverage,
    "Cells of the protocol: recorded, of how many, by which recognisers, and which are missing. LFW is spared "
    f"{benchmark.SPARED[0]} at {benchmark.SPARED[1]} px, the dearest cell by far.",
)

# %% [markdown]
# All of it is one table, a row a number: set, protocol (the degradation, and LFW's view), method, size, recogniser,
# setting, metric, value, interval, how many faces or pairs, and where it comes from: weights, commit, day, processor.

# %%
whole = pd.read_csv(record.path(benchmark.RESULTS))
print(f"{len(whole):,} rows of")
print(*textwrap.wrap(", ".join(whole.columns), 70), sep="\n")

# %% [markdown]
# ## The numbers are recomputed
#
# One cell on AT&T {cite}`samaria1994` is measured again here, from images and weights, and compared with what is
# recorded; the cell fails where a value differs by more than a thousandth. `study` takes every upsampler at every size.

# %%
parts = [(px, at.ORDER, record.JUDGES) for px in SIZES] if run.own_data else [(7, ("bicubic",), ("mobilefacenet",))]
count = 0
for px, only, networks in parts if not smoke else ():
    only = [m for m in at.methods(results, "att", px) if m in only]
    expected = record.covered(results, ("att",), networks, (px,)).query("protocol == 'bicubic'")
    expected = expected[expected["method"].isin(only)]
    if len(expected):
        count += len(record.compare(expected, benchmark.recompute("att", px, only, networks)))
print(f"{count} rows recomputed." if count else "No row recomputed: smoke, or nothing recorded on AT&T.")

# %% [markdown]
# ## Upsampler x recogniser
#
# AUC in every cell: the probability that a genuine pair is more alike than an impostor pair. *Probe*: an LR probe
# against an HR gallery photograph; *both*: both restored. HR is what an upsampler can be expected to reach; where one
# comes near, chance may put it above.
#
# The networks are those that the chapters trained, and one that no paper has, *U-Net (triplet)*: multiscale's network
# with ftlgan's loss ({doc}`protocol_fooled`). Each was trained for sizes of its own; at another size the network of the
# nearest is used, and its result is enlarged or reduced. The {doc}`glossary <glossary>` explains their names.


# %% tags=["hide-input"]
LOSSES = {  # by which loss each was trained, and where that is told
    "SRCNN": ("MSE", "ipfsrgan"),
    "SRResNet (MSE)": ("MSE", "frloss"),
    "SRResNet (FR)": ("MSE + FR loss", "frloss"),
    "SRGAN": ("perceptual + adversarial", "ipfsrgan"),
    "ESRGAN": ("perceptual + adversarial + L1", "ipfsrgan"),
    "IP-FSRGAN": ("identity (cosines) + L1 + perceptual + adversarial", "ipfsrgan"),
    "RRDB (MSE)": ("MSE", "ftlgan"),
    "FTLGAN": ("perceptual + triplet", "ftlgan"),
    "U-Net (pixel)": ("MSE", "multiscale"),
    "U-Net": ("MSE + identity (squared distance)", "multiscale"),
    "U-Net (triplet)": ("MSE + triplet", "What could fool us"),
}
taught = {m: plans.find(catalogue.NETWORKS[m][PX]).recognizer for m in LOSSES}
assert set(taught.values()) == {record.TRAINED_WITH, None}, "the caption says through which network"


def learnt_on(label, px):
    """What the network behind a label at a size was trained on."""
    heights = catalogue.heights(label, px)
    return f"{heights[0]} px" if len(heights) == 1 else f"{len(heights)} sizes, {heights[0]} to {heights[-1]} px"


figures.show_table(
    pd.DataFrame(
        dict(zip(("upsampler", "loss", "chapter"), (m, *LOSSES[m]), strict=True))
        | {f"at {px} px": learnt_on(m, px) for px in SIZES}
        for m in at.ORDER
        if m in catalogue.NETWORKS
    ),
    "The loss of each network, the chapter that trains it and, size by size, which small faces the network used "
    "there was trained on. FR, identity and triplet losses see through dlib's network. Kernels learn nothing, and "
    "Real-ESRGAN enlarges whatever there is four times.",
    name="protocol-trained",
)

# %% [markdown]
# ### LFW View 2


# %% tags=["hide-input"]
def areas(place, setting, pairs, digits):
    """AUC of every upsampler before every recogniser, a table a size."""
    for px in SIZES:
        where = f"{PLACES[place]}, {pairs}, {SETTING_NAMES[setting]}"
        figures.show_table(
            at.grid(results, place, px, setting, digits), f"AUC at {px} px, {where}; 95 % intervals over people."
        )


listed = f"{int(at.row(results, at.at('view2', 'HR', PX, 'auc', UNSEEN[0], 'probe'))['n']):,} pairs"
areas("view2", "probe", listed, 4)

# %% [markdown]
# Both restored:

# %% tags=["hide-input", "hide-output"]
areas("view2", "both", listed, 4)

# %% [markdown]
# ### AT&T and Caltech
#
# All pairs of both sets {cite}`samaria1994,weber1999`. Few people make wide intervals, and where faces are large there
# is little left to win.

# %% tags=["hide-input", "hide-output"]
for place in record.PACKAGED:
    for setting in SETTING_NAMES:
        areas(place, setting, "all pairs", 3)

# %% tags=["hide-input"]
METRICS = {
    "accuracy": "accuracy",
    "eer": "EER",
    "tar_at_far_0.01": "TAR at FAR 1e-2",
    "tar_at_far_0.001": "TAR at FAR 1e-3",
    "d_prime": "d'",
    "rank_1": "rank-1",
}
PICTURES = {"psnr": ("PSNR (dB)", 2), "ssim": ("SSIM", 3), "lpips_alexnet": ("LPIPS", 3)}
place = at.fullest(results, sizes=(PX,))
rows, pictures = [], []
for method in at.methods(results, place, PX, hr=True):
    row = {"upsampler": method}
    for metric, title in METRICS.items():
        keys = at.at(place, method, PX, metric, "mobilefacenet", "probe")
        row[title] = at.cell(results, keys, 2 if metric == "d_prime" else 3)
    rows.append(row)
    if method == "HR":
        continue
    row = {"upsampler": method}
    for metric, (title, digits) in PICTURES.items():
        row[title] = at.cell(results, at.at(place, method, PX, metric), digits)
    for network in UNSEEN:
        row[f"cosine, {named(network)}"] = at.cell(results, at.at(place, method, PX, "cosine", network))
    pictures.append(row)
figures.show_table(
    pd.DataFrame(rows),
    f"All other measures at {PX} px, {PLACES[place]}, MobileFaceNet, LR probe against HR, 95 % intervals over people."
    + (
        " TAR at FAR 1e-3 and rank-1 are over all pairs of the listed photographs, the others over the listed pairs."
        if place in choice.LFW
        else ""
    ),
)
figures.show_table(
    pd.DataFrame(pictures),
    f"The pictures at {PX} px, {PLACES[place]}: PSNR and SSIM on luma, LPIPS, and the cosine between the restored "
    "and the HR face as the unseen recognisers see them; 95 % intervals over people.",
)

# %% [markdown]
# ## How much of the gap does each method close?
#
# Between bicubic enlargement and the HR face lies all that an upsampler can win. The share of it is only worth printing
# where the gap itself is sure, that is where its own interval leaves 0 out; elsewhere the difference in d' stands in
# its place.

# %% tags=["hide-input"]
place, shares = at.fullest(results), {}
names = at.order(m for px in SIZES for m in at.methods(results, place, px, metric="d_prime_minus_bicubic"))
figure, axes = plt.subplots(2, 4, figsize=(8.6, 0.5 + 0.36 * len(names)), sharey=True, squeeze=False)
for line, network in zip(axes, UNSEEN, strict=True):
    for axis, px in zip(line, SIZES, strict=True):
        kind, rows = at.gap(results, place, px, network)
        shares |= {(network, px, r["method"]): r for r in rows if kind == "share"}
        left = protocol_points.fence([r["value"] for r in rows])
        for i, r in ((names.index(r["method"]), r) for r in rows):
            if r["value"] < left:
                axis.plot(left, i, "<", color=colour(r["method"]), markersize=4)
                continue
            error = [[r["value"] - r["low"]], [r["high"] - r["value"]]]
            axis.errorbar(r["value"], i, xerr=error, fmt="o", color=colour(r["method"]), markersize=4, linewidth=1.3)
        axis.axvline(0, color="#666666", linewidth=1)
        if kind == "share":
            axis.axvline(1, color=colour("HR"), linewidth=1, linestyle="--")
        right = max(1 if kind == "share" else 0, -protocol_points.fence([-r["high"] for r in rows]))
        axis.set_xlim(left - 0.04 * (right - left), right + 0.04 * (right - left))
        axis.set_title(f"{px} px" if network == UNSEEN[0] else "")
        axis.set_xlabel("share of the gap" if kind == "share" else "d' minus bicubic")
        axis.locator_params(axis="x", nbins=4)
        axis.set_yticks(range(len(names)), names, fontsize=7)
        axis.set_ylim(len(names) - 0.5, -0.5)
    line[0].set_ylabel(named(network))
sure = {key: r for key, r in shares.items() if r["low"] > 0}
best = "no share is surely above 0"
if sure:
    (network, px, method), r = max(sure.items(), key=lambda item: item[1]["value"])
    best = f"of {len(shares)} shares {len(sure)} are surely above 0 (were there nothing, {len(shares) / 40:.0f} would "
    best += f"be), the largest {r['value']:.0%} [{r['low']:.0%}, {r['high']:.0%}], of {method} at {px} px "
    best += f"({named(network)}), which as the largest of many is too large"
figures.show(
    figure,
    caption=f"How far each upsampler goes from bicubic (line) to HR (dashed), {PLACES[place]}, LR probe against "
    f"HR, seen by the two recognisers that no loss knew, 95 % intervals over people: {best}. Left of the line a "
    "method is worse than bicubic, a triangle is farther left than the axis, and an interval without an end goes on. "
    "Where the axis says d', the gap in AUC is not sure.",
    alt="Two rows of four plots, a row a recogniser and a plot a size: a point with its interval for each upsampler.",
    name="protocol-gap",
)

# %% [markdown]
# ## Does a prettier picture recognise better?
#
# PSNR and SSIM {cite}`wang2004` ask whether the pixels are right, LPIPS {cite}`zhang2018` whether the picture looks
# right. Each point of {numref}`protocol-pretty` is one upsampler at one size.

# %% tags=["hide-input"]
place = at.fullest(results)
QUALITY = {"psnr": "PSNR (dB)", "lpips_alexnet": "LPIPS, less is better", "cosine": "cosine to HR, by SFace"}
MARKERS = dict(zip(SIZES, "voDs", strict=True))
network = "mobilefacenet"
found = {
    q: protocol_points.quality_and_recognition(results, place, q, "d_prime", network, seen_by=UNSEEN[0])
    for q in QUALITY
}
figure, axes = plt.subplots(1, 3, figsize=(8.6, 3.9), sharey=True)
for axis, (quality, title) in zip(axes, QUALITY.items(), strict=True):
    for r in found[quality].itertuples():
        x = -r.quality if quality in tables.LESS else r.quality
        axis.plot(x, r.value, MARKERS[r.px], color=colour(r.method), markersize=5, markeredgecolor="white", mew=0.5)
    axis.set_xlabel(title)
axes[1].invert_xaxis()
axes[0].set_ylabel("d'")
names = at.order(found["psnr"]["method"])
legend = [Line2D([], [], color=colour(m), marker="o", linestyle="", label=m) for m in names]
legend += [
    Line2D([], [], color="#555555", marker=MARKERS[px], linestyle="", label=f"{px} px")
    for px in SIZES
    if px in set(found["psnr"]["px"])
]
figure.legend(handles=legend, loc="outside lower center", ncols=6, fontsize=7)
rho = {q: protocol_points.rank_correlation(f) for q, f in found.items()}
words = ", ".join(
    f"{k} {'–' if rho[q] is None else f'{rho[q].value:+.2f} [{rho[q].low:+.2f}, {rho[q].high:+.2f}]'}"
    for q, k in zip(QUALITY, ("PSNR", "LPIPS (turned)", "cosine"), strict=True)
)
figures.show(
    figure,
    caption="d' by MobileFaceNet against what is said of the picture: right is prettier, and in the last plot nearer "
    f"to the own HR face as SFace sees it. {PLACES[place]}, LR probe against HR; nearest stands for area too. "
    f"Spearman's correlation within a size, mean over sizes, interval over upsamplers: {words}.",
    alt="Three scatter plots of d' against PSNR, LPIPS and cosine; a colour an upsampler, a marker a size.",
    name="protocol-pretty",
)
traces = []
for method in names:
    mine = found["lpips_alexnet"].query("method == @method")
    traces.append(
        {
            "type": "scatter",
            "mode": "markers",
            "name": method,
            "x": [round(-q, 3) for q in mine["quality"]],
            "y": [round(v, 4) for v in mine["value"]],
            "text": [f"{method}, {px} px" for px in mine["px"]],
            "hovertemplate": "%{text}<br>LPIPS %{x}, d' %{y}<extra></extra>",
            "marker": {"size": 9, "color": f"rgb({','.join(str(round(255 * c)) for c in colour(method))})"},
        }
    )
interactive.show(
    traces,
    {"xaxis": {"title": {"text": "LPIPS"}, "autorange": "reversed"}, "yaxis": {"title": {"text": "d'"}}},
    "d' against LPIPS for every upsampler at every size.",
)

# %% tags=["hide-input"]
answers = {}
rows = []
qualities = {"psnr": "PSNR", "ssim": "SSIM", "lpips_alexnet": "LPIPS, turned", "cosine": "cosine"}
for network in [n for n in at.RECOGNIZERS if n in set(results["recognizer"])]:
    for metric, title in (("auc", "AUC"), ("d_prime", "d'")):
        lines = {only: {"recogniser": named(network), "by": title, "over": only} for only in ("all", "networks")}
        for quality, name in qualities.items():
            found = protocol_points.quality_and_recognition(results, place, quality, metric, network)
            for only, part in {"all": found, "networks": found[~found["method"].isin(at.KERNELS)]}.items():
                answers[network, metric, only, quality] = rho = protocol_points.rank_correlation(part)
                lines[only][name] = protocol_points.written(rho)
        rows += lines.values()
figures.show_table(
    pd.DataFrame(rows),
    f"Spearman's correlation over upsamplers, within a size, mean over sizes, {PLACES[place]}, LR probe against "
    "HR; 95 % intervals over upsamplers. 1: the prettier, the better recognised. Over all of them, and over the "
    "networks alone, without the kernels. The cosine is that of the recogniser itself.",
)
for quality in ("psnr", "lpips_alexnet"):
    for only in ("all", "networks"):
        known = [answers[n, m, only, quality] for n in UNSEEN for m in ("auc", "d_prime")]
        sure = sum(r is not None and r.low > 0 for r in known)
        chapter.glue_text(f"protocol-sure-{quality}-{only}", f"{sure} of {len(known)}")

# %% [markdown]
# Is the correlation with AUC and d' surely positive, seen by the two unseen recognisers? For PSNR
# {glue:text}`protocol-sure-psnr-all` intervals say so, for LPIPS {glue:text}`protocol-sure-lpips_alexnet-all`. Among
# the networks alone, which is where one would choose by it: {glue:text}`protocol-sure-psnr-networks` and
# {glue:text}`protocol-sure-lpips_alexnet-networks`. A correlation over so few upsamplers, several of one family, is a
# description of these and no law.
#
# ## Which method survives which degradation?
#
# Every network of the study was trained on faces reduced by the bicubic kernel. Blur, noise and JPEG of the strongest
# kind that the camera mixture draws, each alone, and the mixture itself, come as a surprise to all of them. Real-ESRGAN
# was made for such damage, if not for faces.

# %% tags=["hide-input"]
kinds = list(DEGRADATIONS)
place = at.fullest(results, sizes=(PX,), degradations=kinds, places=("devtest", "att", "caltech"))
survived = []
names = at.order(m for d in kinds for m in at.methods(results, place, PX, d, metric="auc_minus_bicubic"))
maps, heads = {}, {}
for network in UNSEEN:
    grid, below = at.gains(results, place, names, network, {kind: (PX, kind) for kind in kinds})
    maps[named(network)], heads[named(network)] = grid, below
    for method, line in zip(names, grid, strict=True):
        for kind, r in zip(kinds, line, strict=True):
            if r is not None:
                survived.append((method, kind, network, bool(r["low"] > 0), bool(r["high"] < 0)))
top = protocol_points.colours_end(maps)
figure = figures.gain_maps(maps, names, heads, top, "AUC minus bicubic")
everywhere = [
    m
    for m in names
    if len({k for n, k, *_ in survived if n == m}) == len(kinds) and all(up for n, _, _, up, _ in survived if n == m)
]
figures.show(
    figure,
    caption=f"AUC minus that of bicubic under the same degradation, {PX} px, {PLACES[place]}, LR probe against "
    f"HR; colours end at {top:.2f}. Bold: the 95 % interval over people leaves 0 out. Below each degradation: the "
    f"AUC of bicubic. Sure gains under all five, for both recognisers: {', '.join(everywhere) or 'none'}. By chance "
    f"one in twenty of these {len(survived)} intervals leaves 0 out. nearest and area are one picture. Faces were "
    "embedded in float32 for bicubic, in bfloat16 for the others.",
    alt="Two heat maps, a recogniser each: upsamplers in rows, five degradations in columns, orange for losses "
    "and violet for gains.",
    name="protocol-degradations",
)

# %% tags=["hide-input"]
seen = pd.DataFrame(survived, columns=["upsampler", "degradation", "recogniser", "gain", "loss"])
table = seen.groupby(["upsampler", "degradation"], sort=False)[["gain", "loss"]].sum()
words = {key: f"{r.gain} / {r.loss}" for key, r in zip(table.index, table.itertuples(), strict=True)}
rows = [{"upsampler": m, **{k: words.get((m, k), "–") for k in DEGRADATIONS}} for m in at.order(seen["upsampler"])]
figures.show_table(
    pd.DataFrame(rows),
    f"Sure gains / sure losses against bicubic, of {len(UNSEEN)} unseen recognisers, {PX} px, {PLACES[place]}.",
)
mine = seen[seen["upsampler"].isin(catalogue.NETWORKS)].groupby("degradation", sort=False)
chapter.glue_text(
    "protocol-survived",
    "; ".join(f"{k}: {part['gain'].sum()} up, {part['loss'].sum()} down of {len(part)}" for k, part in mine),
)
chapter.glue_text(
    "protocol-survived-on",
    f"{PX} px, {PLACES[place]}, {len(set(seen['upsampler']) & set(catalogue.NETWORKS))} networks",
)

# %% [markdown]
# The networks that were trained for this study, seen by both recognisers, surely above and below bicubic
# ({glue:text}`protocol-survived-on`): {glue:text}`protocol-survived`.
#
# ## Quality against cost
#
# What does a gain cost? Time is that of the processor for one face in float32, all threads together; it belongs to the
# machine that recorded it, and its order to the methods. An upsampler on the front is beaten by none that is both
# faster and better; the front knows nothing of intervals, and the kernels' times differ by less than a measurement
# does.

# %% tags=["hide-input"]
place = at.fullest(results)
priced = []
for px in SIZES:
    for method in ("bicubic", *at.methods(results, place, px, metric="auc_minus_bicubic")):
        cost = {k: at.row(results, at.cost(method, px, k)) for k in ("ms", "gflops", "parameters")}
        gains = [at.row(results, at.at(place, method, px, "auc_minus_bicubic", n, "probe")) for n in UNSEEN]
        if method == "bicubic":  # what the others are compared with has no row
            gains = [{"value": 0.0}]
        if all(r is not None for r in (*cost.values(), *gains)):
            numbers = {k: float(r["value"]) for k, r in cost.items()}
            priced.append({"px": px, "method": method, **numbers, "gain": np.mean([r["value"] for r in gains])})
priced = pd.DataFrame(priced, columns=["px", "method", "ms", "gflops", "parameters", "gain"])
priced["front"] = False
figure, axes = plt.subplots(1, 4, figsize=(8.6, 3.3))
for axis, px in zip(axes, SIZES, strict=True):
    here = priced[priced["px"] == px]
    best, floor = protocol_points.front(here["ms"], here["gain"]), protocol_points.fence(here["gain"])
    priced.loc[here.index, "front"] = best
    line = here[best].sort_values("ms")
    axis.plot(line["ms"], line["gain"].clip(lower=floor), color="#bbbbbb", linewidth=1, zorder=1)
    for r in here.itertuples():
        marker = "o" if r.gain >= floor else "v"
        axis.plot(r.ms, max(r.gain, floor), marker, color=colour(r.method), markersize=6, markeredgecolor="white")
    axis.axhline(0, color="#666666", linewidth=1)
    axis.set(xscale="log", title=f"{px} px", xlabel="ms a face")
    axis.tick_params(labelsize=7)
axes[0].set_ylabel("AUC minus bicubic")
names = at.order(priced["method"])
legend = [Line2D([], [], color=colour(m), marker="o", linestyle="", label=m) for m in names]
figure.legend(handles=legend, loc="outside lower center", ncols=6, fontsize=7)
figures.show(
    figure,
    caption=f"Gain over bicubic, mean of the two unseen recognisers, {PLACES[place]}, LR probe against HR, "
    f"against time. Grey: the front; a triangle lies below the axis. On it at {PX} px: "
    + ", ".join(priced.query("front and px == @PX").sort_values("ms")["method"])
    + ".",
    alt="Four plots, one a size: gain in AUC against milliseconds on a logarithmic axis, a dot an upsampler.",
    name="protocol-cost",
)
traces, layout = [], {"height": 660, "showlegend": False}
for i, (px, here) in enumerate(priced.groupby("px")):  # a panel a size, each with axes of its own
    end, left, bottom = str(i + 1) if i else "", 0.57 * (i % 2), 0.58 * (1 - i // 2)
    across = {"title": {"text": f"ms a face of {px} px"}, "type": "log", "domain": [left, left + 0.43]}
    up = {"title": {"text": "AUC minus bicubic"}, "domain": [bottom, bottom + 0.42]}
    layout |= {f"xaxis{end}": across | {"anchor": f"y{end}"}, f"yaxis{end}": up | {"anchor": f"x{end}"}}
    traces.append(
        {
            "type": "scatter",
            "mode": "markers",
            "name": f"{px} px",
            "x": [float(f"{v:.3g}") for v in here["ms"]],
            "y": [float(f"{v:.3g}") for v in here["gain"]],
            "xaxis": f"x{end}",
            "yaxis": f"y{end}",
            "text": [
                f"{r.method}, {r.px} px: {r.ms:.3g} ms, gain {r.gain:+.3g}, {r.gflops:.3g} GFLOPs, "
                f"{r.parameters:,.0f} parameters"
                for r in here.itertuples()
            ],
            "hovertemplate": "%{text}<extra></extra>",
            "marker": {"size": 9},
        }
    )
interactive.show(traces, layout, "Gain in AUC against milliseconds, a panel a size.")
shown = priced.query("px == @PX").sort_values("ms")[["method", "parameters", "gflops", "ms", "gain", "front"]]
figures.show_table(
    shown.rename(
        columns={"method": "upsampler", "gflops": "GFLOPs", "gain": "AUC minus bicubic", "front": "on the front"}
    ),
    f"Costs at {PX} px, and the gain of the figure. A multiplication and an addition are two operations.",
    formats={"parameters": ",.0f", "GFLOPs": ".3g", "ms": ".2f", "AUC minus bicubic": "+.4f"},
)

# %% [markdown]
# ## All methods at 14 px, live
#
# What AUC sums up, drawn: the similarity of genuine and of impostor pairs behind every shipped upsampler, computed now
# from AT&T's faces by MobileFaceNet. LR probe against HR. `study` takes all photographs, `demo` some of every other
# person, `smoke` a few upsamplers.

# %%
people, each = {"smoke": (8, 3), "demo": (20, 4)}.get(run.profile, (40, 10))
whole = datasets.load("att")
faces = whole.subset(whole.first(each, people))
judge = recognizers.load("mobilefacenet")
only = ["nearest", "SRResNet (FR)"] if smoke else None
scores = {}
for entry in benchmark.entries(PX, only):
    measured = Measured(faces, entry.method)
    scores[entry.method.name] = AllPairs(measured.matrix(judge, "probe"), faces.labels, both_orders=True).pairs()
print(f"{len(faces)} photographs of {len(faces.identities)} people, {len(scores)} ways to treat a face of {PX} px")

# %% tags=["hide-input"]
names = at.order(scores)
bins = np.linspace(min(p.similarity.min() for p in scores.values()), 1, 70)
middle = (bins[1:] + bins[:-1]) / 2
wide = {m: verification.d_prime(p.similarity, p.genuine) for m, p in scores.items()}
figure, axis = plt.subplots(figsize=(7, 0.9 + 0.42 * len(names)))
for i, method in enumerate(names):
    for kind, filled in ((False, 0.25), (True, 0.75)):
        part = scores[method].similarity[scores[method].genuine == kind]
        height, _ = np.histogram(part, bins, density=True)
        height = np.convolve(height, [0.25, 0.5, 0.25], mode="same")
        y = -i + 0.95 * height / height.max()
        axis.fill_between(
            middle, -i, y, color=colour(method) if kind else "#999999", alpha=filled, linewidth=0, zorder=i
        )
        axis.plot(middle, y, color=colour(method) if kind else "#777777", linewidth=0.8, zorder=i)
    axis.text(bins[-1] + 0.02, -i + 0.15, f"d' {wide[method]:.1f}", fontsize=8, va="bottom")
axis.set_yticks([-i for i in range(len(names))], names, fontsize=8)
axis.set(xlabel="cosine (MobileFaceNet)", ylim=(-len(names) + 0.9, 1.05))
axis.grid(False)
best = max((m for m in names if m != "HR"), key=wide.get)
moved = {
    kind: np.ptp([scores[m].similarity[scores[m].genuine == kind].mean() for m in names if m != "HR"])
    for kind in (True, False)
}
figures.show(
    figure,
    caption=f"Genuine pairs (coloured, those of HR dark grey) and impostors (light grey) at {PX} px, each scaled to "
    "one height; HR on top. From upsampler to upsampler the mean of genuine pairs moves by "
    f"{moved[True]:.2f}, that of impostors by {moved[False]:.2f}. Widest apart of these faces: {best}, d' "
    f"{wide[best]:.1f}; bicubic {wide['bicubic']:.1f}, HR {wide['HR']:.1f}.",
    alt="A ridge of two humps for each upsampler below each other, the genuine one to the right of the impostors'.",
    name="protocol-ridges",
)

# %% [markdown]
# ## Summary
#
# - At 14 px use {glue:text}`protocol-use-14` before a recogniser that was never taught small faces; better is one that
#   was.
# - The prettier, the better recognised? For PSNR {glue:text}`protocol-sure-psnr-all` intervals of unseen recognisers
#   say so, for LPIPS {glue:text}`protocol-sure-lpips_alexnet-all`; among the networks alone
#   {glue:text}`protocol-sure-psnr-networks` and {glue:text}`protocol-sure-lpips_alexnet-networks`.
# - Where faces are not made small as in the training, networks surely above and below bicubic
#   ({glue:text}`protocol-survived-on`): {glue:text}`protocol-survived` ({numref}`protocol-degradations`).
#   {numref}`protocol-cost` shows what a gain costs.
# - {doc}`protocol_fooled` asks whether any of this is an illusion.
