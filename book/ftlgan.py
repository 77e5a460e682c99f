# %% [markdown]
# # ftlgan: nearer to the person than to anybody else
#
# Pulgar and Mery {cite}`pulgar2024` train a generator through a frozen face network with the triplet loss of FaceNet
# {cite}`schroff2015`: an enlarged small face shall be nearer to an HR photograph of the same person than to one of
# somebody else. One generator is trained for each of three sizes, 14, 28 and 56 px, all to 112 px.
#
# ```{admonition} What you will learn
# - how two branches, one through a face network and one through VGG19, train one generator;
# - what the paper leaves open in its own loss, and why that decides which triplets teach anything;
# - what d' measures, and what it says that AUC does not;
# - whether faces restored so are told apart better than bicubic ones, by the network of the loss and by unseen ones;
# - why a network that makes pictures pleasant may make people unrecognisable.
#
# The ablations, what real small faces are worth, the paper's slips and the table of claims are on a page of their own:
# {doc}`ftlgan_ablations`.
# ```

# %% tags=["parameters"]
profile = None  # smoke, demo (the default), study or paper
seed = 0
device = "auto"
data_root = None  # the folder with lfw/ and celeba/

# %% tags=["hide-input"]
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from scipy.stats import norm

from lrfr import (
    chapter,
    datasets,
    degradation,
    diagrams,
    figures,
    methods,
    plans,
    published,
    recognizers,
    record,
    runs,
    tables,
)
from lrfr.datasets import celeba
from lrfr.datasets.resident import Faces
from lrfr.datasets.triplets import Triplets
from lrfr.errors import LrfrError
from lrfr.evaluation import quality, verification
from lrfr.evaluation.pairs import AllPairs
from lrfr.losses.contrastive import contrastive_loss
from lrfr.losses.perceptual import perceptual_cost
from lrfr.losses.triplet import distance, triplet_loss
from lrfr.measure import Measured
from lrfr.networks import generators
from lrfr.networks.rrdb import RRDBSettings
from lrfr.papers import ftlgan
from lrfr.paths import repo_root
from lrfr.record import ftlgan as record_ftlgan
from lrfr.record import logexp_tables
from lrfr.training import Schedule

run = chapter.start(profile, seed, device, data_root)
smoke = run.profile == "smoke"
results = record.load("ftlgan")
paper = published.load("ftlgan")
START, WHOLE, SIZES = record_ftlgan.START, record_ftlgan.WHOLE, record_ftlgan.SIZES
OURS, RIVAL = "FTLGAN + FaceNet", "Bicubic + FaceNet"  # rows of the paper's Table I
UNSEEN, named = record.UNSEEN, recognizers.title
SETTINGS = {"both": "both restored", "probe": "LR probe, HR gallery"}
LINES = dict(zip(SIZES, ("-", "--", ":"), strict=True))


# %% [markdown]
# ## The method
#
# {numref}`ftlgan-method` joins the paper's Figures 5 and 6. The generator $G$ enlarges an LR **anchor** $a$; the frozen
# face network $f$ embeds it, and HR photographs of the same person (the **positive** $p$) and of another (the
# **negative** $n$). FaceNet's constraint (Eq. 2) is
#
# $$\lVert f(G(a)) - f(p)\rVert_2^2 + m < \lVert f(G(a)) - f(n)\rVert_2^2 .$$
#
# No pixel is compared in this branch. So that the result still looks like a face, a second branch makes the positive
# small by bicubic interpolation, enlarges it with the same generator and compares it with itself in the features of
# VGG19 {cite}`simonyan2015,johnson2016`. The whole loss (Eq. 6) is
#
# $$L = \alpha L_{percep} + \beta L_{triplet} .$$
#
# There is no discriminator and no adversarial term, in spite of the name.

# %% tags=["hide-input"]
boxes = [
    diagrams.Box("lr", "LR anchor\n14, 28 or 56 px", 0, 3),
    diagrams.Box("g", "generator $G$\nRRDBNet", 2, 3, "learnt"),
    diagrams.Box("sr", "SR anchor\n112 px", 4, 3),
    diagrams.Box("neg", "HR negative\n(somebody else)", 4, 2),
    diagrams.Box("pos", "HR positive\n(same person)", 4, 1),
    diagrams.Box("f", "face network $f$", 6, 2, "frozen"),
    diagrams.Box("trip", "triplet loss\n(Eq. 2)", 8, 2, "loss"),
    diagrams.Box("small", "LR positive\n(bicubic)", 2, 1),
    diagrams.Box("g2", "the same $G$", 2, 0, "learnt"),
    diagrams.Box("sr2", "SR positive\n112 px", 4, 0),
    diagrams.Box("vgg", "VGG19", 6, 0.5, "frozen"),
    diagrams.Box("perc", "perceptual loss", 8, 0.5, "loss"),
]
arrows = [("lr", "g"), ("g", "sr"), ("sr", "f"), ("neg", "f"), ("pos", "f"), ("f", "trip"), ("pos", "small")]
arrows += [("small", "g2"), ("g2", "sr2"), ("sr2", "vgg"), ("pos", "vgg"), ("vgg", "perc")]
figures.show(
    diagrams.flow(boxes, arrows, width=1.5),
    caption="The training of FTLGAN (the paper's Figures 5 and 6). Orange learns, blue is frozen, violet is a loss. "
    "Above the triplet branch: the anchor may be a real small photograph. Below the perceptual branch: its input is "
    "always made small by a kernel.",
    alt="A flow in two rows: an LR anchor through the generator and a face network to the triplet loss, beside an HR "
    "positive and negative; the positive made small, through the same generator and VGG19 to the perceptual loss.",
    name="ftlgan-method",
)

# %% tags=["hide-input"]
boxes = [
    diagrams.Box("probe", "LR probe", 0, 1),
    diagrams.Box("g", "upsampling", 2, 1, "frozen"),
    diagrams.Box("f1", "face network $f$", 4, 1, "frozen"),
    diagrams.Box("gallery", "LR or HR photo\nof someone", 0, 0),
    diagrams.Box("g0", "upsampling\n(if LR)", 2, 0, "frozen"),
    diagrams.Box("f2", "face network $f$", 4, 0, "frozen"),
    diagrams.Box("s", "similarity $s$", 6, 0.5),
    diagrams.Box("same", "$s > \\theta$:\nthe same person", 8, 0.5),
]
arrows = [("probe", "g"), ("g", "f1"), ("gallery", "g0"), ("g0", "f2"), ("f1", "s"), ("f2", "s"), ("s", "same")]
figures.show(
    diagrams.flow(boxes, arrows, width=1.5),
    caption="The test (the paper's Figure 2): nothing learns, and one score is compared with a threshold. The paper "
    "writes the score as $d$ and accepts where it is high, so it is a similarity.",
    alt="A flow from a small probe and another photograph through upsampling and a face network to a similarity and a "
    "threshold.",
    name="ftlgan-test",
)

# %% [markdown]
# ## The loss that is never written
#
# The paper prints a contrastive loss (Eq. 1), FaceNet's constraint (Eq. 2) and ArcFace's loss (Eq. 3), but never its
# own: neither the margin $m$, nor whether the distance is squared, nor whether embeddings have length 1. We take
# FaceNet's hinge on squared Euclidean distances. What a choice decides is how many triplets teach
# anything: one that already keeps its margin has gradient 0. Anchors are AT&T faces {cite}`samaria1994` of 14 px,
# enlarged bicubically, seen by dlib's network {cite}`king2009`:

# %%
att = datasets.load("att")
people = att.subset(np.arange(run.n_images or len(att)))
judge = recognizers.load(record.TRAINED_WITH)
resident = Faces(people, torch.device("cpu"), judge)
anchors = np.arange(0, len(people), 2 if smoke else 1)
positives, negatives = Triplets(people.labels, run.seed)(anchors, 0)
upright = np.zeros(len(anchors), bool)
plain = Measured(people, methods.interpolation(14))
a = torch.from_numpy(plain.embedded(judge)[anchors])
p, n = (resident.embedded(index, upright) for index in (positives, negatives))
ways = {"squared Euclidean (ours)": {}, "Euclidean": {"squared": False}, "1 - cosine": {"cosine": True}}
margin = ftlgan.Settings().margin
rows = []
for name, how in ways.items():
    near, far = distance(a, p, **how), distance(a, n, **how)
    for m in (margin, 0.5, 1.0):
        rows.append(
            {
                "distance": name,
                "margin": f"{m:g}",
                "to the positive (median)": float(near.median()),
                "to the negative (median)": float(far.median()),
                "triplets that teach": f"{float((near + m > far).float().mean()):.0%}",
                "loss": float(triplet_loss(a, p, n, m, **how)),
            }
        )
figures.show_table(
    pd.DataFrame(rows),
    f"{len(anchors)} triplets of AT&T, LR anchor of 14 px, dlib: the same margin asks for more or less.",
)

# %% [markdown]
# Eq. 1 asks the same of pairs, with a margin for each kind, which the paper does not give either. On the pairs of these
# triplets, with margins at the median distances:

# %%
near, far = (float(distance(a, x, squared=False).median()) for x in (p, n))
pairs = torch.cat([a, a]), torch.cat([p, n]), torch.arange(2 * len(a)) < len(a)
for margins in ((near, far), (near / 2, 2 * far)):
    cost = contrastive_loss(*pairs, *margins)
    print(f"contrastive loss (Eq. 1), margins {margins[0]:.2f} and {margins[1]:.2f}: {float(cost):.3f}")

# %% [markdown]
# ## Paper and this study
#
# {glue:text}`ftlgan-silent` of the lines below are silent in the paper. Its extractor is FaceNet trained on VGGFace2
# {cite}`cao2018`, whose weights come in no package; dlib's network is metric-learned with Euclidean distances too, and
# stands in for it. The test set of the paper is cut from VGGFace2 as well: whether its 497 people were in the
# extractor's training, the paper does not say.

# %% tags=["hide-input"]
printed = {px: ftlgan.paper(112 // px) for px in SIZES}
size_of = {px: generators.parameters(printed[px].generator) for px in SIZES}
logs = {
    (px, name): methods.shipped_log(f"ftlgan-{px}-s0{end}")
    for px in SIZES
    for name, end in ((START, "-base"), (WHOLE, ""))
}


def shape(g):
    return f"{g.blocks} blocks, width {g.width}, growth {g.growth}"


p28, s28 = printed[28], logs[28, WHOLE]["settings"]
units = logs[28, WHOLE]["provenance"]["derived"]
in_units = f"at 28 px {units['perceptual_unit']:,.0f} and {units['triplet_unit']:.2f}"
rows = [
    (
        "generator (RRDBNet)",
        f"{p28.generator.blocks} blocks, otherwise ESRGAN's",
        shape(generators.settings_from(s28["generator"])),
    ),
    ("its output", "the picture", "added to the bicubic enlargement"),
    ("its start", "not given", f"trained by MSE alone ({START})"),
    ("steps x batch", f"{p28.schedule.steps * p28.schedule.batch_size:,} triplets, batch not given", "see below"),
    ("optimiser", "SGD, momentum not given", s28["optimizer"].capitalize()),
    (
        "learning rate",
        f"{p28.schedule.learning_rate:g}",
        f"{s28['schedule']['learning_rate']:g}, {s28['schedule']['decay']}",
    ),
    ("alpha, beta", f"{p28.alpha:g}, {p28.beta:g}", f"{s28['alpha']:g}, {s28['beta']:g}"),
    ("face network f", "FaceNet, VGGFace2", logs[28, WHOLE]["recognizer"]),
    ("distance in the triplet", "not given", f"{'squared ' if s28['squared'] else ''}Euclidean, as FaceNet"),
    ("margin", "not given", f"{s28['margin']:g}, best of three on validation faces"),
    ("scale of the two losses", "not given", f"each in units of what bicubic enlargement costs ({in_units})"),
    ("perceptual distance", "VGG19-54; norm not given", "VGG19-54, squared, bicubic enlargement = 1"),
    ("LR anchors", "real small photographs", "bicubic kernel (camera mixture: next page)"),
    ("test pairs", "LR-LR or LR-HR is not said", "both ways"),
    ("training faces", "163,564 photographs of 8,605 people", logs[28, WHOLE]["data"]),
]
silent = sum("not given" in theirs or "not said" in theirs for _, theirs, _ in rows)
chapter.glue_number("ftlgan-silent", silent, "d")
figures.show_table(
    pd.DataFrame(rows, columns=["setting", "paper", "this study"]),
    "What the paper says and what was done here. `ftlgan.paper(scale)` holds what the paper gives, ready to train; it "
    "was not trained here, and is not the printed training to the letter: batch, momentum, margin and distance are "
    "ours, and so is the unit of the perceptual loss, because the packaged VGG19 has features of another magnitude.",
)

# %% [markdown]
# ## What was trained
#
# Two trainings for each size, on the same people of CelebA {cite}`liu2015`: a start that restores pixels by MSE alone,
# and from it FTLGAN with both branches. What the second gains over the first is owed to the paper's losses and to
# {glue:text}`ftlgan-more-steps` more steps together: no run here goes on from the start by MSE alone for as long.
# Starting from nothing with a rate as low as the paper's needs the paper's number of steps. Each was trained once:
# intervals below are over people, not over trainings.

# %% tags=["hide-input"]
rows = []
for (px, name), log in logs.items():
    s, g = log["settings"], generators.settings_from(log["settings"]["generator"])
    planned = plans.find(log["run"])
    rows.append(
        {
            "px": px,
            "run": name,
            "generator": shape(g),
            "parameters": generators.parameters(g),
            "printed generator": size_of[px],
            "losses": "MSE" if s["mse"] else f"{s['alpha']:g} perceptual + {s['beta']:g} triplet",
            "steps x batch": f"{s['schedule']['steps']:,} x {s['schedule']['batch_size']}",
            "rate": f"{s['schedule']['learning_rate']:g}",
            "CPU minutes (plan)": f"{planned.minutes:.0f}",
        }
    )
figures.show_table(
    pd.DataFrame(rows),
    "Every shipped run. The generator is narrower than the printed one, to come to its plateau on two CPU cores.",
    formats={"parameters": ",", "printed generator": ","},
)
(more,) = {logs[px, WHOLE]["settings"]["schedule"]["steps"] for px in SIZES}  # the same at every size
chapter.glue_number("ftlgan-more-steps", more, ",d")

# %% tags=["hide-input"]
curves = {key: pd.DataFrame(log["curve"]) for key, log in logs.items()}
panels = {"triplet": "triplet loss (dlib)", "perceptual": "perceptual loss (bicubic = 1)", "mse": "MSE x 1000"}
figure, axes = plt.subplots(1, 3, figsize=(8, 2.9))
for axis, (column, title) in zip(axes, panels.items(), strict=True):
    for px in SIZES:
        curve = curves[px, WHOLE]
        smooth = curve[column].rolling(5, min_periods=1).mean() * (1000 if column == "mse" else 1)
        axis.plot(curve["step"], smooth, LINES[px], color=figures.method_colour(WHOLE), lw=1.3, label=f"{px} px")
    axis.set(title=title, xlabel="step")
axes[0].legend()
figures.show(
    figure,
    caption="FTLGAN's two losses at three sizes, means over five logged lines, and the MSE of the perceptual branch, "
    "which is watched and not minimised.",
    alt="Three plots over training steps, a line for each size: triplet loss, perceptual loss, MSE.",
    name="ftlgan-curves",
)

# %% tags=["hide-input"]
looks = {key: curve.dropna(subset=["validation_mse"]) for key, curve in curves.items()}
figure, axes = plt.subplots(2, 3, figsize=(8, 4.6))
went = []
for (upper, lower), px in zip(axes.T, SIZES, strict=True):
    begun = curves[px, START]["step"].max()
    for name, offset in ((START, 0), (WHOLE, begun)):
        seen, colour = looks[px, name], figures.method_colour(name)
        upper.plot(seen["step"] + offset, 1000 * seen["validation_mse"], color=colour, label=name, lw=1.4)
    lower.plot(seen["step"], seen["validation_identity"], color=colour, lw=1.4)
    early, late = seen["validation_identity"].iloc[[0, -1]]
    went.append(f"{early:.4f} to {late:.4f} at {px} px" + ", a rise" * bool(late > early))
    upper.set(title=f"{px} px", xlabel="step of both")
    lower.set_xlabel("step of FTLGAN")
axes[0, 0].set_ylabel("MSE x 1000")
axes[1, 0].set_ylabel("1 - cosine to HR (dlib)")
figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
figures.show(
    figure,
    caption="Ninety photographs of people that were not trained on. FTLGAN goes on where the start by MSE ends: above, "
    "what that does to the pixels. Below, how far from HR the face network sees them; it did not look at the start, so "
    f"this shows what FTLGAN's further steps do, from its first look to its last: {'; '.join(went)}. The margin was "
    "chosen by the lower row, nothing else.",
    alt="Six plots over training steps, a column a size: squared error of the start and then of FTLGAN, and below the "
    "distance to HR in the face network.",
    name="ftlgan-validation",
)

# %%
plateau = pd.DataFrame([{"px": px, "run": name, **tables.plateau(curve)} for (px, name), curve in curves.items()])
figures.show_table(
    plateau,
    "What the last fifth of the steps still gains on the validation faces; a plateau is less than one hundredth in all "
    "that is watched. Negative: it rose.",
)

# %% [markdown]
# ### A short training of your own
#
# A tiny generator on AT&T, which starts at the bicubic enlargement of 14 px: once with both branches, once with the
# triplet loss alone. A few faces are watched. The profile `study` takes CelebA's faces; `paper` trains the printed
# generator with `ftlgan.paper`'s settings (see above) on CelebA's official training partition, in `runs/`, where an
# interrupted training goes on, and with FaceNet where its weights are.

# %%
eye = runs.eye(printed[14].schedule)  # in the precision of the shipped runs, as far as this machine has units for it
full = run.profile == "paper"
if full:
    celeba.parts()  # is the official partition there? Said before a face is cut
    faces = celeba.partition(datasets.load("celeba"), 0)
    try:
        judge_live = recognizers.load("facenet", run.device)
    except LrfrError:
        judge_live = judge  # its weights come in no package
    settings = replace(
        printed[14], schedule=replace(printed[14].schedule, steps=run.steps, seed=run.seed, device=run.device)
    )
else:
    toys = people.subset(np.flatnonzero(np.isin(people.labels, np.unique(people.labels)[:6]))[:: 4 if smoke else 2])
    faces, judge_live = (datasets.load("celeba-train") if run.own_data else toys), judge
    steps = run.steps if run.own_data else min(run.steps, 16)
    short = Schedule(steps, 4, 5e-4, seed=run.seed, precision="32-true", device=run.device, log_every=2)
    settings = ftlgan.Settings(RRDBSettings(8, blocks=1, width=16, growth=8), short, margin=1.0)
watched = faces.subset(np.arange(0, len(faces), max(1, len(faces) // 10))[:10])
live, cost = (
    {},
    {"bicubic": perceptual_cost(eye, degradation.round_trip(watched.tensor(), settings.lr_size), watched.tensor())},
)
with tempfile.TemporaryDirectory() as scratch:
    for label, plan in (("both branches", settings), ("triplet alone", replace(settings, alpha=0.0))):
        folder = (repo_root() / "runs" if full else Path(scratch)) / f"ftlgan-live-{label.split()[0]}-s{run.seed}"
        weights = ftlgan.train(plan, faces, folder, judge_live, eye, watched=watched)
        sr = datasets.base.to_tensor(methods.restore(methods.trained(label, weights), watched.images))
        cost[label] = perceptual_cost(eye.cpu(), sr, watched.tensor())
        live[label] = pd.DataFrame(json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines())
looked = live["both branches"]["validation_identity"].dropna()
learnt = {
    "with both branches the watched faces come nearer to HR, in dlib's view": looked.iloc[-1] < looked.iloc[0],
    "... and in VGG19's view nearer than bicubic ones": cost["both branches"] < cost["bicubic"],
    "the triplet loss alone does less for VGG19": cost["triplet alone"] > cost["both branches"],
}
for said, true in learnt.items():
    print(f"{said}: {bool(true)}")
assert smoke or full or all(learnt.values())

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 3, figsize=(8, 2.9))
for label, style in (("both branches", "-"), ("triplet alone", "--")):
    log, colour = live[label], figures.method_colour(WHOLE)
    seen = log.dropna(subset=["validation_mse"])
    axes[0].plot(log["step"], log["triplet"], style, color=colour, label=label)
    axes[1].plot(seen["step"], seen["validation_identity"], style, color=colour)
    axes[2].plot(seen["step"], 1000 * seen["validation_mse"], style, color=colour)
for axis, title in zip(axes, ("triplet loss", "1 - cosine to HR, watched", "MSE x 1000, watched"), strict=True):
    axis.set(title=title, xlabel="step")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower right", ncols=2)
figures.show(
    figure,
    caption=f"Your trainings: {settings.schedule.steps} steps on {len(faces)} faces, {settings.schedule.batch_size} a "
    f"step, {len(watched)} faces watched. Neither branch compares pixels: see where the MSE goes.",
    alt="Three plots of a few steps each, with both branches and with the triplet loss alone: triplet loss, identity "
    "distance and squared error.",
    name="ftlgan-live",
)

# %% [markdown]
# ## The numbers are recomputed
#
# What is recorded for the packaged faces is computed again here from the shipped weights, and this cell fails where a
# value differs by more than a thousandth. The `demo` profile takes FTLGAN at 14 and 28 px and its start at 14 px,
# `study` everything on both sets, Caltech {cite}`weber1999` too, and the rows of 14 px and dlib on your own LFW.

# %%
if run.own_data:
    parts = [*((name, record.JUDGES, SIZES, None) for name in record.PACKAGED), ("view2", ("dlib",), (14,), None)]
elif smoke:
    parts = [("att", ("dlib",), (14,), ("HR", "bicubic", WHOLE))]
else:
    parts = [("att", ("dlib",), (14,), ("HR", "bicubic", WHOLE)), ("att", ("dlib",), (28,), (WHOLE,))]
    parts += [("att", ("mobilefacenet",), (14,), (START,))]
count = 0
for name, networks, px, only in parts:
    computed = record_ftlgan.recompute((name,), networks, px, run.replicates, only)
    expected = record.covered(results, (name,), networks, px)
    count += len(record.compare(expected if only is None else expected[expected["method"].isin(only)], computed))
print(f"{count} rows recomputed; the largest difference is below {record.TOLERANCE:g}.")

# %% [markdown]
# ## What d' measures
#
# The paper judges by $d'$ (Eq. 5): how far apart the mean scores of genuine and impostor pairs lie, in units of their
# spread,
#
# $$d' = \frac{|\mu_g - \mu_i|}{\sqrt{(\sigma_g^2 + \sigma_i^2) / 2}} .$$
#
# {numref}`ftlgan-dprime` draws what its Figures 3 and 4 explain. Where both kinds of scores are normal,
# $\mathrm{AUC} = \Phi(d' / \sqrt 2)$ whatever the two spreads are. So the two measures say nearly the same, unless one
# curve has a long tail: then $d'$ and AUC part.

# %% tags=["hide-input"]
every = AllPairs(plain.matrix(judge, "both"), people.labels, both_orders=False).pairs()
euclidean = -every.similarity
d, area = (f(every.similarity, every.genuine) for f in (verification.d_prime, verification.auc))
curve = verification.roc(every.similarity, every.genuine)
figure, axes = plt.subplots(1, 2, figsize=(7.6, 3))
for kind, part, colour in (("genuine", every.genuine, 2), ("impostor", ~every.genuine, 3)):
    axes[0].hist(
        euclidean[part], 40, density=True, histtype="stepfilled", alpha=0.5, color=figures.palette()[colour], label=kind
    )
axes[0].set(xlabel="Euclidean distance (dlib)", ylabel="density")
axes[0].legend()
axes[1].plot(curve.far, curve.tar, color=figures.palette()[0])
axes[1].plot([0, 1], [0, 1], color=figures.palette()[3], lw=1, ls="--")
axes[1].set(xlabel="false match rate", ylabel="1 - false non-match rate")
figures.show(
    figure,
    caption=f"Genuine and impostor pairs of {len(people)} AT&T faces at 14 px, bicubic, dlib (left), and their ROC "
    f"(right; dashed: guessing). d' = {d:.2f}, AUC = {area:.3f}; were both curves normal, that d' would make the AUC "
    f"{norm.cdf(d / np.sqrt(2)):.3f}.",
    alt="Two overlapping histograms of distances, and a ROC curve above the diagonal.",
    name="ftlgan-dprime",
)


# %% [markdown]
# ## Table I: twenty systems
#
# Each row is a way to enlarge and a face network. Our column is LFW {cite}`huang2007` View 1, both photographs
# restored, since the paper's own test set is not given out. Rows are never to be compared across the two, only their
# order. Most rows cannot be run here: what they would need stands beside them. "T.S.", "T. GAN" and "Baseline" are
# defined nowhere in the paper; they come from earlier work of the same group {cite}`prieto2022` and from a thesis.

# %% tags=["hide-input"]
LFW1 = {"set": "lfw", "protocol": "devtest", "setting": "both", "seed": 0}


def grid(method, network, px, metric="d_prime"):
    return tables.value(results, method=method, recognizer=network, px=px, metric=metric, **LFW1)


n_first = int(tables.pick(results, metric="d_prime", method="bicubic", px=14, **LFW1)["n"].iloc[0])
said = f"Ours: LFW View 1, {n_first:,} pairs, both restored."
quick = tables.precision_note(results, "devtest", ("auc", "d_prime"))
figures.show_table(
    tables.ftlgan_side_by_side(results, "d_prime", 2, **LFW1),
    f"Table I, d'. {said}{quick}",
    name="ftlgan-table-1-d-prime",
)

# %% tags=["hide-input"]
figures.show_table(
    tables.ftlgan_side_by_side(results, "auc", 3, **LFW1), f"Table I, AUC. {said}{quick}", name="ftlgan-table-1-auc"
)

# %% [markdown]
# Our own grid has more ways to enlarge: five kernels, the networks of the chapters before (where they were trained for
# the size), Real-ESRGAN {cite}`wang2021`, a published network that makes any picture pleasant, and FTLGAN with its
# start. Three face networks look at all of them: dlib's, SFace {cite}`zhong2021` and MobileFaceNet {cite}`chen2018`,
# which was trained with the angular loss of ArcFace {cite}`deng2019`.

# %%
UPSAMPLERS = list(dict.fromkeys(e.method.name for e in record_ftlgan.entries()[1:]))
UPSAMPLERS = [m for m in figures.METHODS if m in UPSAMPLERS]
rows = [
    {"upsampling": "HR (not made small)"}
    | {f"{px} px, {named(n)}": grid("HR", n, 112) for n in record.JUDGES for px in SIZES}
]
for method in UPSAMPLERS:
    row = {"upsampling": method}
    for network in record.JUDGES:
        for px in SIZES:
            row[f"{px} px, {named(network)}"] = (
                f"{grid(method, network, px):.2f}" if tables.has(results, method=method, px=px, **LFW1) else "–"
            )
    rows.append(row)
figures.show_table(pd.DataFrame(rows), f"d' of every pair of upsampling and recogniser. {said}{quick}", digits=2)

# %% tags=["hide-input"]
shown = [m for m in UPSAMPLERS if m != "bicubic"]
MARKS = dict(zip(shown, "ovs^DP*Xhd<>p", strict=False))
figure, axes = plt.subplots(1, 3, figsize=(8, 3.9), sharey=True)
for axis, network in zip(axes, record.JUDGES, strict=True):
    for i, method in enumerate(shown):
        here = [px for px in SIZES if tables.has(results, method=method, px=px, **LFW1)]
        y = [grid(method, network, px) - grid("bicubic", network, px) for px in here]
        x = [SIZES.index(px) + (i - len(shown) / 2) * 0.055 for px in here]
        axis.plot(x, y, MARKS[method], color=figures.method_colour(method), ms=5, label=method)
    axis.axhline(0, color=figures.method_colour("bicubic"), lw=1)
    axis.set_xticks(range(3), [f"{px} px" for px in SIZES])
    axis.set_title(record.seen_as(network))
axes[0].set_ylabel("d' minus bicubic's")
handles = {h.get_label(): h for axis in axes for h in axis.get_lines() if h.get_label() in shown}
figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4, fontsize=8)
worst = {n: min(grid("Real-ESRGAN", n, px) - grid("bicubic", n, px) for px in SIZES) for n in record.JUDGES}
figures.show(
    figure,
    caption="What each way to enlarge gains over bicubic in d', LFW View 1. Real-ESRGAN, made for pleasant pictures: "
    f"{min(worst.values()):+.2f} at worst. Networks of other chapters stand at the sizes they were trained for.",
    alt="Three plots, one a face network: difference in d prime to bicubic for every way to enlarge, at three sizes.",
    name="ftlgan-grid",
)

# %% [markdown]
# ## FTLGAN's aim
#
# The paper's aim is $d'$ with the same face network. LFW View 2, ten folds, nothing of it seen before; the intervals
# are over people, and differences are paired.


# %% tags=["hide-input"]
def view2(method, network, px, setting, metric="d_prime"):
    keys = {"set": "lfw", "protocol": "view2", "px": px, "recognizer": network, "setting": setting, "seed": 0}
    return tables.pick(results, method=method, metric=metric, **keys).iloc[0]


n_pairs = int(view2("bicubic", "dlib", 14, "both")["n"])
for setting, words in SETTINGS.items():
    rows = []
    for network in record.JUDGES:
        for px in SIZES:
            row = {"network": record.seen_as(network), "px": px}
            row |= {m: tables.written(view2(m, network, px, setting)) for m in ("bicubic", START, WHOLE)}
            row["HR"] = f"{view2('HR', network, 112, setting)['value']:.2f}"
            row["FTLGAN - bicubic"] = tables.written(view2(WHOLE, network, px, setting, "d_prime_minus_bicubic"))
            row["FTLGAN - start"] = tables.written(view2(WHOLE, network, px, setting, f"d_prime_minus_{START}"))
            rows.append(row)
    figures.show_table(
        pd.DataFrame(rows), f"d' on LFW View 2, {words}: {n_pairs:,} pairs, 95 % intervals, differences paired."
    )

# %% tags=["hide-input"]
figure, axes = plt.subplots(2, 3, figsize=(8, 5), sharex=True, sharey="row")
for row, setting in zip(axes, SETTINGS, strict=True):
    for axis, network in zip(row, record.JUDGES, strict=True):
        for i, method in enumerate((START, WHOLE)):
            found = pd.DataFrame([view2(method, network, px, setting, "d_prime_minus_bicubic") for px in SIZES])
            figures.intervals(
                axis, np.arange(3) + (i - 0.5) * 0.14, found, color=figures.method_colour(method), label=method
            )
        axis.axhline(0, color=figures.method_colour("bicubic"), lw=1)
        axis.set_xticks(range(3), [f"{px} px" for px in SIZES])
    row[0].set_ylabel(f"d' minus bicubic's\n({SETTINGS[setting]})")
for axis, network in zip(axes[0], record.JUDGES, strict=True):
    axis.set_title(record.seen_as(network))
figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
above = [view2(WHOLE, n, px, s, "d_prime_minus_bicubic")["low"] > 0 for n in UNSEEN for px in SIZES for s in SETTINGS]
figures.show(
    figure,
    caption=f"What both trainings gain over bicubic (line) in d': LFW View 2, {n_pairs:,} pairs, paired 95 % intervals."
    f" Of the {len(above)} cases of unseen networks FTLGAN's whole interval lies above 0 in {sum(above)}.",
    alt="Six plots, a column a face network, a row a setting: difference in d prime to bicubic at three sizes.",
    name="ftlgan-aim",
)

# %% [markdown]
# The paper counts gains in percent of the best rival's $d'$. Like for like, against bicubic with the same network:

# %%
MEAN = ("14x14", "28x28", "56x56", "Average")
pairs_of = {
    ("published, FaceNet", "not said"): [
        [published.value(paper, 1, r, "d_prime", c) for c in MEAN] for r in (OURS, RIVAL)
    ]
}
for setting, words in SETTINGS.items():
    for network in record.JUDGES:
        found = [[view2(m, network, px, setting)["value"] for px in SIZES] for m in (WHOLE, "bicubic")]
        pairs_of[f"ours, {record.seen_as(network)}", words] = [[*v, np.mean(v)] for v in found]
gains = pd.DataFrame(
    [
        {"numbers": numbers, "setting": words}
        | {c: f"{a / b - 1:+.1%}" for c, a, b in zip(("14 px", "28 px", "56 px", "mean of d'"), *pair, strict=True)}
        for (numbers, words), pair in pairs_of.items()
    ]
)
figures.show_table(gains, "Gain in d' over bicubic. Ours: LFW View 2.")

# %% [markdown]
# ## Figure 7: where the curves lie
#
# The paper's curves: as faces grow, the genuine curve moves away and the impostor curve stays near 0. That is a
# similarity, though the text calls it a distance. On AT&T, drawn live:

# %%
sight = {"dlib": judge} if smoke else {"dlib": judge, "mobilefacenet": recognizers.load("mobilefacenet")}
few = people.subset(people.first(3))
drawn = {}
for px in SIZES:
    if smoke and px == 56:
        continue
    seen = Measured(few, record.trained(f"ftlgan-{px}-s0", WHOLE).method)
    for name, network in sight.items():
        drawn[name, px] = AllPairs(seen.matrix(network, "both"), few.labels, both_orders=False).pairs()
for (name, px), found in drawn.items():
    s, g = found.similarity, found.genuine
    print(
        f"{named(name)}, {px} px: genuine mean {s[g].mean():+.2f}, impostor mean {s[~g].mean():+.2f}, "
        f"d' {verification.d_prime(s, g):.2f}, AUC {verification.auc(s, g):.3f}"
    )

# %% tags=["hide-input"]
genuine = next(iter(drawn.values())).genuine
n_genuine, n_impostor = int(genuine.sum()), int((~genuine).sum())
figure, axes = plt.subplots(len(sight), 4, figsize=(8, 2.3 * len(sight) + 0.4), squeeze=False)
for row, name in zip(axes, sight, strict=True):
    for px, axis in zip(SIZES, row, strict=False):
        if (name, px) not in drawn:
            axis.axis("off")
            continue
        found = drawn[name, px]
        for part, colour in ((found.genuine, 2), (~found.genuine, 3)):
            axis.hist(found.similarity[part], 30, density=True, alpha=0.5, color=figures.palette()[colour])
        axis.set(title=f"{named(name)}, {px} px", yticks=[])
        axis.set_xlabel("- distance" if name == "dlib" else "cosine")
        axis.locator_params(axis="x", nbins=3)  # four of dlib's run into each other
        curve = verification.roc(found.similarity, found.genuine)
        # two sizes may have one curve: the middle one is a broad pale line, on which the others still show
        look = {"lw": 4, "alpha": 0.4, "zorder": 1} if px == 28 else {"lw": 1.3}
        row[3].plot(curve.far, curve.tar, LINES[px], color=figures.method_colour(WHOLE), label=f"{px} px", **look)
    row[3].set(xlabel="FMR", title="ROC", xscale="log", xlim=(1e-3, 1))
    row[3].legend(fontsize=8)
figures.show(
    figure,
    caption=f"Figure 7 on AT&T alone: {len(few)} faces, {n_genuine:,} genuine pairs (green) and {n_impostor:,} "
    "impostor pairs (orange), both restored by FTLGAN, and their ROC (FMR: false match rate). dlib's similarity is "
    "minus its Euclidean distance.",
    alt="For each face network three pairs of histograms, which part as faces grow, and three ROC curves.",
    name="ftlgan-scores",
)

# %% [markdown]
# And on LFW View 2, with what the curves mean for a system whose threshold was set on HR faces and stays there:

# %%
rows = []
for network in record.JUDGES:
    for method, px in (("bicubic", 14), *((WHOLE, px) for px in SIZES), ("HR", 112)):
        keys = {"set": "lfw", "protocol": "scores", "px": px, "recognizer": network, "setting": "both", "seed": 0}
        v = tables.pick(results, method=method, **keys).set_index("metric")["value"]
        row = {"network": named(network), "method": method, "px": px}
        row |= {k: f"{v[f'{k}_mean']:+.2f} ± {v[f'{k}_sd']:.2f}" for k in ("genuine", "impostor")}
        row |= {"false accepts": f"{v['far_at_hr_threshold']:.1%}", "false rejects": f"{v['frr_at_hr_threshold']:.1%}"}
        rows.append(row)
figures.show_table(
    pd.DataFrame(rows),
    f"Similarities on LFW View 2, both restored ({n_pairs:,} pairs): mean and spread; both errors at the threshold at "
    "which HR accepts one impostor in a hundred.",
)

# %% [markdown]
# ## Figures 1 and 8: what it looks like
#
# The paper shows an actor, restored by bicubic interpolation, GFPGAN and "Real-SRGAN", which has no row in its Table I.
# Here two people of Caltech, and Real-ESRGAN as the network that makes faces pleasant. The paper sees FTLGAN close to
# bicubic, "with subtle differences in the smoothness", and its rivals invent: look at eyes and mouths.

# %% tags=["hide-input"]
caltech = datasets.load("caltech")
who = [int(np.flatnonzero(caltech.labels == person)[k]) for person, k in ((9, 1), (4, 0))]
some = caltech.subset(np.array(who[:1] if smoke else who))
shown = ("LR, nearest", "bicubic", "Real-ESRGAN", START, WHOLE, "HR")
pictures, cells, rows_of = {}, [], []
sizes = SIZES[:2] if smoke else SIZES
for px in sizes:
    ways = {"bicubic": methods.interpolation(px), "Real-ESRGAN": methods.real_esrgan(px)}
    ways |= {
        label: record.trained(f"ftlgan-{px}-s0{end}", label).method for label, end in ((START, "-base"), (WHOLE, ""))
    }
    for label, way in ways.items():
        pictures[label, px] = datasets.base.to_tensor(methods.restore(way, some.images))
for i in range(len(some)):
    for px in sizes:
        row = {label: pictures[label, px][i] for label in shown if (label, px) in pictures}
        row |= {"LR, nearest": degradation.degrade(some.tensor()[i : i + 1], px)[0], "HR": some.tensor()[i]}
        cells += [row[label] for label in shown]
        rows_of.append(f"{px} px")
figures.show(
    figures.face_strip(cells, shown, rows=rows_of, size=1.25),
    caption="Figures 1 and 8 on Caltech faces: the same photograph at three sizes, restored to 112 px.",
    alt="Rows of one face at 14, 28 and 56 px; columns: the small face, bicubic, Real-ESRGAN, the start, FTLGAN, HR.",
    name="ftlgan-faces",
)

# %%
for px in sizes:
    psnr = {k: float(quality.psnr(pictures[k, px], pictures["bicubic", px]).mean()) for k in ("Real-ESRGAN", WHOLE)}
    print(f"{px} px, PSNR to the bicubic enlargement: " + ", ".join(f"{k} {v:.1f} dB" for k, v in psnr.items()))
rows = []
for px in SIZES:
    for label in ("bicubic", START, WHOLE):
        keys = {"set": "lfw", "protocol": "quality", "px": px, "seed": 0, "method": label}
        row = {"px": px, "method": label, "PSNR to bicubic (dB)": "–"}
        if label != "bicubic":
            row["PSNR to bicubic (dB)"] = tables.cell(results, 1, metric="psnr_to_bicubic", **keys)
        for metric, column, digits in (("psnr", "PSNR (dB)", 2), ("ssim", "SSIM", 3), ("lpips_alexnet", "LPIPS", 3)):
            row[column] = tables.cell(results, digits, metric=metric, **keys)
        rows.append(row)
n_photos = int(tables.pick(results, set="lfw", protocol="quality", metric="psnr", px=14)["n"].iloc[0])
figures.show_table(
    pd.DataFrame(rows),
    f"{n_photos:,} photographs of LFW View 1: how close to the bicubic enlargement, and to HR (lower LPIPS is better).",
)

# %% tags=["hide-input"]
cases = [(n, px, s) for n in UNSEEN for px in SIZES for s in SETTINGS]
signs = [view2(WHOLE, n, px, s, "d_prime_minus_bicubic") for n, px, s in cases]
from_start = [view2(WHOLE, n, px, s, f"d_prime_minus_{START}") for n, px, s in cases]
for name, found in (("bicubic", signs), ("start", from_start)):
    better, worse = sum(r["low"] > 0 for r in found), sum(r["high"] < 0 for r in found)
    chapter.glue_text(f"ftlgan-summary-{name}", f"better in {better} and worse in {worse} of {len(found)}")
own = [view2(WHOLE, "dlib", px, s, "d_prime_minus_bicubic") for px in SIZES for s in SETTINGS]
chapter.glue_text("ftlgan-summary-own", f"{sum(r['low'] > 0 for r in own)} of {len(own)}")

# %% [markdown]
# ## Or no super-resolution at all?
#
# {doc}`logexp` leaves the picture as it is and teaches a recogniser small faces instead. That recogniser, *robust*,
# behind bicubic enlargement, against this chapter's method before the MobileFaceNet that *robust* was taught from:

# %%
figures.show_table(
    logexp_tables.beside("ftlgan"),
    "Two roads on the same pairs: LFW View 2, 95 % intervals over people, differences paired.",
    name="ftlgan-robust",
)

# %% [markdown]
# ## Summary
#
# - Seen by the network of the loss, FTLGAN's $d'$ lies above bicubic's in {glue:text}`ftlgan-summary-own` comparisons
#   (three sizes, both settings), whole intervals.
# - Seen by networks that had no part in the training it is {glue:text}`ftlgan-summary-bicubic` comparisons; against its
#   own start by MSE alone, {glue:text}`ftlgan-summary-start`. That difference is what the paper's two losses and
#   {glue:text}`ftlgan-more-steps` more steps are worth together.
# - The next page takes the method apart: {doc}`ftlgan_ablations`.
