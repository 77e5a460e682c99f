# %% [markdown]
# # multiscale: one network for ten sizes
#
# Khazaie et al. {cite}`khazaie2020` ask what to do with small faces that do not all have one size. They enlarge every
# face bicubically to 128 px and let one U-Net {cite}`ronneberger2015` repair it, whatever its size was. In training,
# each face is first reduced to one of ten sizes, all equally likely. Two losses guide the U-Net: the pixels of the
# restored face, and its embedding in a frozen face network, shall be those of the HR face. The restored face is then
# looked for among HR photographs.
#
# ```{admonition} What you will learn
# - what a U-Net hands across, and what the paper's description of it leaves open;
# - why the same weight of a loss means one thing in the paper's words and another in its equations;
# - whether the identity loss earns anything over the pixels alone, a claim that the paper makes without a table;
# - what one network for all sizes costs against one for each, and what a second embedding beside it adds;
# - where all this stands against plain bicubic enlargement, seen by the network of the loss and by two unseen ones.
#
# Ablations, what we changed, the paper's slips and the table of claims are on {doc}`a second page <multiscale_claims>`.
# ```

# %% tags=["parameters"]
profile = None  # smoke, demo (the default), study or paper
seed = 0
device = "auto"
data_root = None  # the folder with lfw/ and celeba/

# %% tags=["hide-input"]
import contextlib
import tempfile
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch

from lrfr import (
    chapter,
    datasets,
    degradation,
    diagrams,
    figures,
    methods,
    needs,
    published,
    recognizers,
    record,
    tables,
)
from lrfr.errors import LrfrError
from lrfr.evaluation.validation import PLATEAU
from lrfr.losses.identity import embedding_mse_loss
from lrfr.losses.pixel import mse_loss
from lrfr.measure import RANKS
from lrfr.networks import generators, unet
from lrfr.papers import multiscale
from lrfr.papers.multiscale import SIZES
from lrfr.paths import repo_root
from lrfr.record import logexp_tables
from lrfr.record import multiscale as record_multiscale
from lrfr.record import multiscale_rows as at
from lrfr.record import multiscale_tables as large
from lrfr.record.multiscale import AR_SIZES, JOINED, LFW_SIZES, PIXEL, SQUARES, WHOLE
from lrfr.record.multiscale_rows import SETTINGS, SINGLE_7
from lrfr.training import Schedule

run = chapter.start(profile, seed, device, data_root)
smoke = run.profile == "smoke"
results = record.load("multiscale")
paper = published.load("multiscale")
OWN, UNSEEN = (record.TRAINED_WITH,), record.UNSEEN

# %% [markdown]
# ## The method, and the answer
#
# {numref}`multiscale-method` draws the paper's Figure 1 anew.

# %% tags=["hide-input"]
boxes = [
    diagrams.Box("hr", "HR face", 0, 0),
    diagrams.Box("lr", "LR face, one\nof ten sizes", 0, 1.2),
    diagrams.Box("up", "enlarged\n(bicubic, 128 px)", 2, 1.2),
    diagrams.Box("g", "U-Net\n7 down, 7 up", 4, 1.2, "learnt"),
    diagrams.Box("sr", "SR face", 6, 1.2),
    diagrams.Box("pixel", "pixel loss\n(Eq. 1)", 6, 0, "loss"),
    diagrams.Box("f1", "face network\n(of SR)", 8, 1.2, "frozen"),
    diagrams.Box("f2", "face network\n(of HR)", 4, -1.2, "frozen"),
    diagrams.Box("id", "embedding loss\n(Eq. 2)", 8, -1.2, "loss"),
    diagrams.Box("gallery", "HR gallery:\nwho is nearest?", 10, 1.2),
]
arrows = [("hr", "lr"), ("lr", "up"), ("up", "g"), ("g", "sr"), ("sr", "pixel"), ("hr", "pixel"), ("sr", "f1")]
arrows += [("hr", "f2"), ("f1", "id"), ("f2", "id"), ("f1", "gallery")]
figures.show(
    diagrams.flow(boxes, arrows, width=1.6),
    caption="Training and test of multiscale. Orange learns, blue is frozen, violet is a loss. In the test nothing "
    "learns: the SR face's embedding is looked for in the gallery.",
    alt="A flow from the HR face to the LR face, enlarged, through the U-Net to the SR face; the pixel loss compares "
    "SR and HR pixels, the embedding loss their embeddings; the SR embedding is searched in an HR gallery.",
    name="multiscale-method",
)

# %% tags=["hide-input"]
BETTER, BECAUSE, SINGLE, HELPS = (
    "Is its face found more often than the bicubic one?",
    "... more often than with the pixel loss alone?",
    "... than by a network for that size alone, trained as long?",
    "Does the bicubic face's embedding beside it help?",
)


def asked(networks):
    return {
        BETTER: at.contests(results, WHOLE, "bicubic", networks),
        BECAUSE: at.contests(results, WHOLE, PIXEL, networks),
        SINGLE: [r for one, where in at.OWN.items() for r in at.contests(results, WHOLE, one, networks, where)],
        HELPS: at.contests(results, JOINED, WHOLE, networks),
    }


answers, each = asked(record.JUDGES), {n: asked((n,)) for n in record.JUDGES}
rows = [
    {"question": question}
    | {record.seen_as(n): tables.counted(each[n][question]) for n in record.JUDGES}
    | {"answer": tables.answer(found)}
    for question, found in answers.items()
]
figures.show_table(
    pd.DataFrame(rows),
    f"The answer in short: rank-1 among HR photographs, {len(AR_SIZES)} sizes on AT&T "
    f"({at.photographs(results, 'att')} photographs) and {len(LFW_SIZES)} on LFW ({at.photographs(results, 'lfw'):,}), "
    "paired 95 % intervals over people. Yes: all lie above 0. No: more lie below than chance puts there. Trained as "
    "long: in as many steps, so that the network for ten sizes saw each a tenth as often.",
)
for name, question in (("bicubic", BETTER), ("pixel", BECAUSE), ("single", SINGLE), ("joined", HELPS)):
    chapter.glue_text(
        f"multiscale-answer-{name}", f"{tables.answer(answers[question])}, {tables.counted(answers[question])}"
    )

# %% [markdown]
# Found more often than the bicubic face: {glue:text}`multiscale-answer-bicubic`. More often for the identity loss:
# {glue:text}`multiscale-answer-pixel`. The rest of the page shows where, and how much.
#
# ## The U-Net, layer by layer
#
# Seven blocks halve the picture (convolution of stride 2, batch norm, leaky ReLU), seven double it again (transposed
# convolution, batch norm, dropout, ReLU). Of $n = 14$ layers, what layer $i$ gives goes into layer $n-i+1$ beside what
# comes from below, so that no detail has to pass through one pixel. The paper says neither how many channels there are
# nor what turns the last block's features into a picture. We take kernels, channels and dropout for the printed network
# from the image translation networks that it follows {cite}`isola2017`, and train a narrow one.

# %% tags=["hide-input"]
ours, printed = multiscale.study(run.seed)["both"], multiscale.paper()
layers = {"ours": unet.layers(ours.generator), "printed": unet.layers(printed.generator)}
whole = {"ours": generators.parameters(ours.generator), "printed": generators.parameters(printed.generator)}
n = len(layers["ours"])
boxes = [
    diagrams.Box("in", f"enlarged face\n3 x {ours.generator.size} px", 0, 0),
    diagrams.Box("out", f"last layer, added:\nSR face, {ours.generator.output} px", 5, 0, "learnt"),
]
for i, layer in enumerate(layers["ours"], 1):
    text = f"{i}: {layer.name} ({layer.parameters:,})\n{layer.after[0]} x {layer.after[1]} px"
    boxes.append(diagrams.Box(str(i), text, 0 if 2 * i <= n else 5, -0.82 * min(i, n + 1 - i), "learnt"))
arrows = [("in", "out"), ("in", "1"), *((str(i), str(i + 1)) for i in range(1, n)), (str(n), "out")]
arrows += [(str(i), str(n - i + 1)) for i in range(1, n // 2)]
figures.show(
    diagrams.flow(boxes, arrows, width=2.1, height=0.55),
    caption="Our U-Net: each layer's parameters, and channels and side behind it. Across: what layer i gives goes into "
    f"layer {n + 1} - i, for i = 1 to {n // 2 - 1}; between layers {n // 2} and {n // 2 + 1} that is the only way. The "
    f"arrow on top is our addition: the network draws what is to be changed. {whole['ours']:,} parameters.",
    alt="Two columns of seven boxes, down on the left and up on the right, with arrows across between boxes of one "
    "size, and an arrow from the enlarged face to the result.",
    name="multiscale-unet",
)

# %% tags=["hide-input"]
figures.show_table(
    large.layers(ours.generator, printed.generator),
    "What enters and leaves each layer, and its parameters: ours, and the printed blocks at the width of Isola et al. "
    f"The printed network is {whole['printed'] / whole['ours']:.0f} times as large.",
)

# %% [markdown]
# ## Ten sizes
#
# The sizes are written 7x6, 11x8, 14x12 and so on. Which number is the height, the paper does not say; a face is higher
# than wide, so here it is the first. Every face of a batch draws its own size.

# %% tags=["hide-input"]
att = datasets.load("att")
face = att.tensor([15])
low = [degradation.degrade(face, size) for size in SIZES]
chances = torch.Generator().manual_seed(run.seed)
_, drawn = multiscale.enlarged(torch.zeros(10_000, 3, 1, 1), SIZES, 1, chances)
share = torch.bincount(drawn, minlength=len(SIZES)) / len(drawn)
figures.show(
    figures.face_strip(
        [degradation.upscale(x, 112, "nearest")[0] for x in low] + [degradation.upscale(x, 128)[0] for x in low],
        [at.named(size) for size in SIZES],
        rows=["LR", "enlarged"],
        size=0.95,
    ),
    caption=f"An AT&T face {{cite}}`samaria1994` at the ten sizes (height x width), and what the U-Net sees of it. "
    f"{np.prod(SIZES[0])} to {np.prod(SIZES[-2]):,} pixels, and one size that is hardly reduced. In {len(drawn):,} "
    f"draws each size had a share between {share.min():.1%} and {share.max():.1%}.",
    alt="One face in ten columns, from a few squares to a sharp picture; below, the same enlarged smoothly.",
    name="multiscale-sizes",
)

# %% [markdown]
# ## One loss, two readings
#
# The paper prints norms (Eqs 1, 2) and calls them mean squared errors; $F$ are faces, $E$ embeddings, $n$ samples:
#
# $$L_{pixel} = \frac{1}{n}\sum_i \lVert F_i^{SR} - F_i^{HR} \rVert, \qquad
# L_{embedding} = \frac{1}{n}\sum_i \lVert E_i^{SR} - E_i^{HR} \rVert, \qquad
# L = L_{embedding} + \beta L_{pixel}, \quad \beta = 5 .$$
#
# That $\beta$ was found "after some experiments". What it means depends on the reading, on the range of the pixels and
# on the length of an embedding; the paper settles none of the three. Here both readings are measured at the start of a
# training, where our U-Net gives the bicubic enlargement, with colours in [0, 1] and dlib's network {cite}`king2009`.
# "Sum" is a third one: squares, but added up over an embedding's components instead of averaged.

# %%
judge = recognizers.load(record.TRAINED_WITH)
people = datasets.load("celeba-train") if run.own_data else att
count = 4 if smoke else 48 if run.own_data else 12
some = people.subset(np.linspace(0, len(people) - 1, count).astype(int)).tensor()
begins = unet.UNet(ours.generator).eval()
sizes = SIZES[::3] if smoke else (*SIZES[::3][:3], SIZES[-2], SIZES[-1])
weighed = large.readings(begins, judge, some, sizes, ours.beta)
figures.show_table(
    weighed.rename(columns={"share": "share of L", "ratio": "pull, embedding / pixel"}),
    f"Both terms of Eq. 3 on {count} {'CelebA' if run.own_data else 'AT&T'} faces, bicubic, dlib. Pull: length of the "
    "term's gradient at the SR pixels.",
    formats={"embedding": ".3g", "beta x pixel": ".3g", "share of L": ".1%", "pull, embedding / pixel": ".3g"},
    name="multiscale-readings",
)
reach = {
    key: [weighed.loc[weighed["reading"] == key, "ratio"].agg(end) for end in ("min", "max")] for key in ("MSE", "norm")
}
for key, (least, most) in reach.items():
    chapter.glue_text(f"multiscale-pull-{key.lower()}", f"{least:.2g} to {most:.2g}")

# %% [markdown]
# With one $\beta$, the identity pulls {glue:text}`multiscale-pull-mse` times as hard as the pixels in the reading by
# words, and {glue:text}`multiscale-pull-norm` times in the reading by symbols. We train the words; the symbols and the
# sum are ablations on {doc}`the second page <multiscale_claims>`.
#
# ## What was trained
#
# Four networks of one shape, on the same faces of CelebA {cite}`liu2015` in the same order: the whole method, its
# control without identity loss, and one network for each of two sizes. The paper has millions of faces of VGGFace2
# {cite}`cao2018` and a FaceNet trained on MS-Celeb-1M {cite}`guo2016`, which is withdrawn. All that differs stands on
# {doc}`the second page <multiscale_claims>`.
#
# All four make the same number of steps. So a network for one size sees {glue:text}`multiscale-seen-one` faces of that
# size, a network for ten about {glue:text}`multiscale-seen-ten` of each.

# %% tags=["hide-input"]
KEYS = record_multiscale.NETWORKS | record_multiscale.SINGLES
logs = {name: methods.shipped_log(f"multiscale-s0-{key}") for key, name in KEYS.items()}
curves = {name: large.curve(log) for name, log in logs.items()}
seen_faces = {s["steps"] * s["batch_size"] for s in (log["settings"]["schedule"] for log in logs.values())}
(in_all,) = seen_faces  # the same for all four
each_size = in_all / len(logs[WHOLE]["settings"]["sizes"])
chapter.glue_text("multiscale-seen-one", f"{in_all:,}")
chapter.glue_text("multiscale-seen-ten", f"{each_size:,.0f}")
figures.show_table(
    large.trained(logs),
    "Every shipped run; each reached its last step, and every logged number is finite. Losses in the reading by words.",
    formats={"parameters": ","},
)

# %% tags=["hide-input"]
figure, axes = plt.subplots(2, 3, figsize=(8, 4.9), sharex=True)
panels = {"pixel": "pixel loss x 1000", "embedding": "embedding loss x 1000", "share": "embedding's share of L"}
panels |= {"validation_mse": "MSE x 1000, held-out", "validation_identity": "1 - cosine to HR, held-out"}
for axis, (column, title) in zip(axes.flat, panels.items(), strict=False):
    for name, curve in curves.items():
        if column in curve:
            seen = curve.dropna(subset=[column])
            y = seen[column] if "validation" in column else seen[column].rolling(5, min_periods=1).mean()
            times = 1000 if column in ("pixel", "embedding", "validation_mse") else 1
            style = "--" if name == SINGLE_7 else "-"
            axis.plot(seen["step"], times * y, style, color=figures.method_colour(name), lw=1.3, label=name)
    axis.set_title(title, fontsize=9)
axes[1, 2].axis("off")
axes[1, 2].legend(*axes[0, 0].get_legend_handles_labels(), loc="center", title="trained as")
for axis in (axes[0, 2], axes[1, 0], axes[1, 1]):
    axis.set_xlabel("step")
    axis.tick_params(labelbottom=True)
figures.show(
    figure,
    caption="Above: the losses, means over five logged lines. Below: ninety photographs of people that were not "
    f"trained on, at {at.named(multiscale.LOOK)} (dashed: at {at.named(SIZES[0])}, a harder size). The pixel loss "
    "alone looks at no embedding, so it has no curve there.",
    alt="Five small plots over training steps: pixel loss, embedding loss, the embedding's share of the whole, and "
    "squared error and identity distance on held-out faces, a line a training.",
    name="multiscale-curves",
)

# %%
ends = [{"run": name, **tables.plateau(curve)} for name, curve in curves.items()]
chapter.glue_text("multiscale-plateaus", f"{sum(bool(e['on its plateau']) for e in ends)} of {len(ends)}")
figures.show_table(
    pd.DataFrame(ends),
    "What the last fifth of the steps still gains on the held-out faces; a plateau is less than "
    f"{PLATEAU:.0%} in all that is watched. Negative: it rose.",
)

# %% [markdown]
# ### A short training of your own
#
# A few steps on AT&T, each time from the start: with $\beta = 5$, with the identity weighed more (the sum of above),
# and with the blocks as printed, which begin with noise instead of the enlarged face. `study` takes CelebA's faces;
# `paper` trains the printed network on VGGFace2 by the printed settings, in `runs/`, where an interrupted training goes
# on, with both losses and with the pixels alone, through FaceNet where its weights are.

# %%
full = run.profile == "paper"
judge_live = judge
if full:
    faces = datasets.load("vggface2")
    with contextlib.suppress(LrfrError):  # its weights come in no package: then dlib judges
        judge_live = recognizers.load("facenet", run.device)
    settings = replace(printed, schedule=replace(printed.schedule, steps=run.steps, seed=run.seed, device=run.device))
    trials = {"both losses": settings, "pixels alone": replace(settings, identity=0.0)}
else:
    faces = people if run.own_data else att.subset(np.arange(0, len(att), 20 if smoke else 5))
    steps = run.steps if run.own_data else min(run.steps, 16)
    short = Schedule(steps, 4, 1e-3, seed=run.seed, precision="32-true", device=run.device, log_every=2)
    others = {"identity first": "sum", "printed blocks": "printed"}
    trials = {name: replace(multiscale.ablations()[key], schedule=short) for name, key in others.items()}
    trials["both losses"] = replace(ours, schedule=short)
watched = faces.subset(np.arange(0, len(faces), max(1, len(faces) // 8))[:8])
ways = {"bicubic": methods.interpolation(multiscale.LOOK)}
with tempfile.TemporaryDirectory() as scratch:
    for name, plan in trials.items():
        folder = (repo_root() / "runs" if full else Path(scratch)) / f"multiscale-live-{name.split()[0]}-s{run.seed}"
        weights = multiscale.train(plan, faces, folder, judge_live, watched if full else None)
        ways[name] = methods.trained(name, weights, size=multiscale.LOOK)
apart = {}
with torch.no_grad():
    for name, way in ways.items():
        sr = datasets.base.to_tensor(methods.restore(way, watched.images))
        apart["pixels", name] = float(mse_loss(sr, watched.tensor()))
        apart["dlib", name] = float(embedding_mse_loss(*map(judge, (sr, watched.tensor()))))
if not smoke:  # a short training's digits are each processor's own
    rows = [{"training": n, "pixels": 1000 * apart["pixels", n], "embeddings": 1000 * apart["dlib", n]} for n in ways]
    figures.show_table(
        pd.DataFrame(rows),
        f"Mean squared errors x 1000 at {at.named(multiscale.LOOK)}, {len(watched)} faces.",
        digits=2,
    )
learnt = {}
if not full:
    near, far = (apart[view, "identity first"] < apart[view, "both losses"] for view in ("dlib", "pixels"))
    learnt["where the identity weighs more, restored faces end nearer to HR in dlib's view"] = near
    learnt["... and farther from it in pixels"] = not far
    behind = apart["pixels", "printed blocks"] > 2 * apart["pixels", "both losses"]
    learnt["after so few steps the printed blocks are far behind in pixels"] = behind
print("\n".join(f"{said}: {true}" for said, true in learnt.items()))
assert run.profile != "demo" or all(learnt.values())

# %% [markdown]
# ## The numbers are recomputed
#
# What is recorded for the packaged faces is computed again here from the shipped weights; the cell fails where a value
# differs by more than a thousandth. `demo` takes every network of this chapter on AT&T at 11x8, `smoke` a sample.
# `study` takes all of AT&T and Caltech {cite}`weber1999`, and on your own LFW {cite}`huang2007` Table IV's whole search
# and the pairs at 14 px. Elsewhere what needs LFW is quoted from `data/results`, as `lrfr record multiscale view2
# identification ablations` left it, with its provenance.

# %%
EVERY = ("bicubic", WHOLE) if smoke else ("bicubic", *KEYS.values(), JOINED)
parts = [("att", ("mobilefacenet",), (11,), EVERY)]
if run.own_data:
    parts = [(name, record.JUDGES, None, None) for name in (*record.PACKAGED, record_multiscale.IDENTIFICATION)]
    parts += [("view2", record.JUDGES, (14,), None)]
count = 0
for name, networks, px, only in parts:
    computed = record_multiscale.recompute((name,), networks, px, run.replicates, only)
    expected = record_multiscale.covered(results, (name,), networks, px, only)
    count += len(record.compare(expected, computed))
print(f"{count} rows recomputed; the largest difference is below {record.TOLERANCE:g}.")

# %% [markdown]
# ## Figure 2: what it looks like
#
# The paper shows AR faces {cite}`martinez1998`, which nobody may hand on; here are AT&T faces. The identity loss may
# leave marks that the pixel loss does not, and neither knows more than the small face tells.

# %% tags=["hide-input"]
who = att.subset(np.array([15]))
shown = AR_SIZES[::3] if smoke else AR_SIZES
networks = {name: f"multiscale-s0-{key}" for key, name in record_multiscale.NETWORKS.items()}
grid = {"LR": [degradation.upscale(degradation.degrade(who.tensor(), s), 112, "nearest")[0] for s in shown]}
for label in ("bicubic", *networks):
    grid[label] = []
    for size in shown:
        way = methods.interpolation(size) if label == "bicubic" else record.trained(networks[label], label, size=size)
        way = way if label == "bicubic" else way.method
        grid[label].append(datasets.base.to_tensor(methods.restore(way, who.images))[0])
grid["HR"] = [who.tensor()[0]] * len(shown)
figures.show(
    figures.face_strip(
        [picture for row in grid.values() for picture in row], [at.named(s) for s in shown], rows=list(grid), size=1.1
    ),
    caption="Figure 2 on an AT&T face: one network restores all columns. U-Net (pixel) has the pixel loss alone.",
    alt="A face in columns of growing size; rows: the small face, bicubic, U-Net with the pixel loss alone, U-Net, HR.",
    name="multiscale-faces",
)

# %% [markdown]
# ## Table I: one gallery photograph, one probe
#
# On AR, each of 100 people has one HR photograph in the gallery and one LR photograph, taken two weeks earlier, as the
# probe {cite}`li2019`. A hundred probes give whole per cents, and another choice of photographs gives other ones. AT&T
# stands in: fewer people, no days, and no choice to make, because the mean over *all* choices of gallery and probe can
# be computed (`identification.single_gallery_chance`). Our "SRGAN" is the 4x network of {doc}`ipfsrgan`, fed with these
# sizes. Compare orders, not numbers.

# %% tags=["hide-input"]
in_percent = paper.assign(value=100 * paper["value"])
SHIPPED = {"Bicubic": "bicubic", "SRGAN": "ipfsrgan-s0-srgan", "Ours": "multiscale-s0-both"}
there = in_percent[in_percent["table"] == 1]
cells = zip(there["row"], there["column"], strict=True)
on_ar = {(row, c): at.readers_copy(1, c, SHIPPED[row]) for row, c in cells if row in SHIPPED}
shown = at.side_by_side(results, paper, 1, "att")
shown.insert(3, "ours, AR", needs.side_by_side(there, "ar", on_ar)["ours"].str.split(":").str[0])
figures.show_table(
    shown,
    f"Table I, rank-1 in per cent. AT&T: {len(att.identities)} people, all choices averaged, 95 % intervals over "
    f"people. AR: {datasets.ACCESS['ar'].how}. Each cell there: lrfr evaluate ar --upsampler multiscale-s0-both --px "
    "11x8. LapSRN and ScSR, which know of no identity, were not built anew: SRGAN here, and U-Net (pixel) in the next "
    "figure, stand for such.",
    name="multiscale-table-1",
)
hr = [f"{recognizers.title(n)} {at.percent(results, 'att', (112, 112), 'HR', n)}" for n in record.JUDGES]
print("HR photographs searched in the same way, per cent: " + "; ".join(hr))

# %% tags=["hide-input"]
figure, axes = plt.subplots(2, 3, figsize=(8, 5.2), sharex=True, sharey="row")
place = np.arange(len(AR_SIZES))
for (upper, lower), network in zip(axes.T, record.JUDGES, strict=True):
    for i, method in enumerate(("bicubic", PIXEL, WHOLE)):
        found = pd.concat([tables.pick(results, **at.search("att", s, method, network)) for s in AR_SIZES])
        how = {"color": figures.method_colour(method), "label": method, "linestyle": "-"}
        figures.intervals(upper, place + (i - 1) * 0.12, found, **how)
    whole_face = tables.value(results, **at.search("att", (112, 112), "HR", network))
    upper.axhline(whole_face, color=figures.method_colour("HR"), lw=1, ls="--", label="HR")
    for i, method in enumerate((PIXEL, WHOLE)):
        found = pd.DataFrame(at.contests(results, method, "bicubic", (network,), at.SEARCHES[: len(AR_SIZES)]))
        figures.intervals(lower, place + (i - 0.5) * 0.16, found, color=figures.method_colour(method))
    lower.axhline(0, color=figures.method_colour("bicubic"), lw=1)
    upper.set_title(record.seen_as(network))
    lower.set_xticks(place, [at.named(s) for s in AR_SIZES], rotation=60)
axes[0, 0].set_ylabel("rank-1, AT&T")
axes[1, 0].set_ylabel("minus bicubic")
figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
over = at.contests(results, WHOLE, "bicubic", UNSEEN, at.SEARCHES[: len(AR_SIZES)])
figures.show(
    figure,
    caption=f"The search on AT&T ({len(att)} photographs, all choices averaged): rank-1 at seven sizes and, below, "
    "what both networks gain over bicubic, paired 95 % intervals over people. U-Net, seen by the two unseen networks: "
    f"{tables.counted(over)}.",
    alt="Six plots, a column a face network: rank-1 rises with the size of the face; below, differences to bicubic.",
    name="multiscale-search",
)

# %% tags=["hide-input"]
rivals = [r for r in there["row"].unique() if r not in ("Bicubic", "Ours")]
wide = there.pivot_table("value", "row", "column").loc[[*rivals, "Bicubic"]].dropna(axis=1)
signs = np.sign((wide.loc[rivals] - wide.loc["Bicubic"]).round(9)).to_numpy().ravel().tolist()
for word, sign in (("wins", 1), ("ties", 0), ("loses", -1)):
    chapter.glue_number(f"multiscale-blind-{word}", signs.count(sign), "d")
blind = at.contests(results, PIXEL, "bicubic", record.JUDGES)
chapter.glue_text("multiscale-blind-ours", tables.counted(blind))

# %% [markdown]
# Table I holds another result, of which the paper says nothing: super-resolution that does not know about identity
# (SRGAN {cite}`ledig2017`, LapSRN, ScSR) against plain bicubic wins {glue:text}`multiscale-blind-wins`, ties
# {glue:text}`multiscale-blind-ties` and loses {glue:text}`multiscale-blind-loses`. Is our U-Net with the pixel loss
# alone worse than bicubic too? AT&T and LFW, three networks: {glue:text}`multiscale-blind-ours`.
#
# ### The curve that is announced
#
# Sec. V-A computes "the cumulative match characteristic up to rank-100" and prints none. Ours, on both sets:

# %% tags=["hide-input"]
figure, axes = plt.subplots(2, 3, figsize=(8, 5.2), sharey="row")
CURVED = (("att", (11, 8), "AT&T"), ("lfw", (14, 12), "LFW"))
for row, (name, size, label) in zip(axes, CURVED, strict=True):
    ranks = [k for k in RANKS if tables.has(results, **at.search(name, size, WHOLE, record.JUDGES[0], f"rank_{k}"))]
    for axis, network in zip(row, record.JUDGES, strict=True):
        for method in ("bicubic", PIXEL, WHOLE, "HR"):
            y = [tables.value(results, **at.search(name, size, method, network, f"rank_{k}")) for k in ranks]
            axis.plot(ranks, y, marker="o", ms=2.5, lw=1.3, color=figures.method_colour(method), label=method)
        axis.set(xscale="log", ylim=(0, 1.03))
        axis.set_xticks([k for k in ranks if k in (1, 2, 5, 10, 20, 50, 100)])
        axis.xaxis.set_major_formatter("{x:g}")
        axis.minorticks_off()
    row[0].set_ylabel(f"CMC, {label}, {at.named(size)}")
for top, bottom, network in zip(*axes, record.JUDGES, strict=True):
    top.set_title(record.seen_as(network))
    bottom.set_xlabel("rank")
figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
figures.show(
    figure,
    caption=f"CMC with one gallery photograph a person: AT&T at {at.named(CURVED[0][1])} ({len(att.identities)} "
    f"people), LFW at {at.named(CURVED[1][1])} ({at.photographs(results, 'lfw') // 2:,} people). It is the share of "
    "probes of a rank or better, not, as the paper says, a sum of ranks.",
    alt="Six curves of the share of probes found within the first ranks, four methods each, two sets, three networks.",
    name="multiscale-cmc",
)

# %% [markdown]
# ## Tables II and III: surveillance cameras
#
# SCface {cite}`grgic2011` has natural small faces: five cameras at three distances, and one frontal photograph of each
# person. The paper brings all to 64x64, restores them, and puts two embeddings side by side, of the enlarged and of the
# restored face. In Table III the gallery is taken near by and the probes farther off. The protocols are here and
# tested; the faces need a signature.

# %%
command = "lrfr evaluate scface --upsampler multiscale-s0-both --px 64 --concatenate"
for table, what in (
    (2, "HR frontal gallery, probes at three distances"),
    (3, "gallery near by, probes at the middle distance"),
):
    there = in_percent[in_percent["table"] == table]
    on_scface = {("Ours", c): at.readers_copy(table, c, "multiscale-s0-both + bicubic") for c in there["column"]}
    figures.show_table(
        needs.side_by_side(there, "scface", on_scface),
        f"Table {'I' * table}, rank-1 in per cent: {what}. Our cells come from: {command}.",
        name=f"multiscale-table-{table}",
    )

# %% [markdown]
# ## Table IV: in the wild
#
# That "we followed the protocol in [34]" {cite}`lai2019` is all that is said of LFW: neither who is in the gallery, nor
# how many probes there are. Ours is therefore another protocol: everybody's first two photographs, one the gallery and
# the other the probe, both ways averaged. The row "EDSR" cites [34] too, which is not by the authors of the network of
# that name {cite}`lim2017`; who measured it is not said.

# %% tags=["hide-input"]
figures.show_table(
    at.side_by_side(results, paper, 4, "lfw"),
    f"Table IV, rank-1 in per cent. Ours: {at.photographs(results, 'lfw'):,} photographs of LFW, two of each person, "
    "95 % intervals over people. Recorded by: lrfr record multiscale identification. SHI and EDSR were not built anew: "
    "for a network that is trained by pixels alone stands U-Net (pixel), next figure.",
    name="multiscale-table-4",
)

# %% [markdown]
# ## What the identity loss earns
#
# That "the second loss showed to be very helpful and increased the performance in comparison to the case when only the
# pixel loss is applied" (Sec. III-B), "especially in very low-resolution cases" (Sec. VI), is a claim without a table.
# Both networks here have one shape, one order of faces and one number of steps.

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 2, figsize=(8, 3.6), sharey=True)
for axis, (name, label, sizes) in zip(axes, (("att", "AT&T", AR_SIZES), ("lfw", "LFW", LFW_SIZES)), strict=True):
    place = np.arange(len(sizes))
    for i, network in enumerate(record.JUDGES):
        found = pd.DataFrame(at.contests(results, WHOLE, PIXEL, (network,), [(name, s) for s in sizes]))
        colour = figures.palette()[i]
        figures.intervals(axis, place + (i - 1) * 0.16, found, color=colour, label=record.seen_as(network))
    axis.axhline(0, color=figures.method_colour(PIXEL), lw=1)
    axis.set_xticks(place, [at.named(s) for s in sizes], rotation=45)
    axis.set_title(f"{label}, {at.photographs(results, name):,} photographs")
axes[0].set_ylabel("rank-1, U-Net minus U-Net (pixel)")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
by = {n: tables.counted(at.contests(results, WHOLE, PIXEL, (n,))) for n in record.JUDGES}
figures.show(
    figure,
    caption="What the identity loss adds to rank-1, paired 95 % intervals over people. "
    + "; ".join(f"{record.seen_as(n)}: {words}" for n, words in by.items())
    + ".",
    alt="Two plots of differences in rank-1 with error bars against the size of the face, three face networks each.",
    name="multiscale-identity",
)

# %% [markdown]
# ## One network for all sizes, or one for each?
#
# The paper trains ten sizes into one network "to make our proposed model robust", and shows no network for one size.
# Two of ours were trained for one size alone and are fed with all seven. The trainings are equally long, so that the
# network for ten has seen each size about {glue:text}`multiscale-seen-ten` times and its rival
# {glue:text}`multiscale-seen-one` times; on its plateau are {glue:text}`multiscale-plateaus`. What is compared is ten
# sizes or one *for the same number of steps*: whether the network for ten would catch up in a longer training is not
# measured here.

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 3, figsize=(8, 3.5), sharey=True)
place = np.arange(len(AR_SIZES))
for axis, network in zip(axes, record.JUDGES, strict=True):
    for i, single in enumerate(at.OWN):
        found = pd.DataFrame(at.contests(results, single, WHOLE, (network,), [("att", s) for s in AR_SIZES]))
        x, colour = place + (i - 0.5) * 0.18, figures.method_colour(single)
        figures.intervals(axis, x, found, color=colour, linestyle="-", label=single)
        mine = AR_SIZES.index(at.OWN[single][0][1])
        axis.plot(x[mine], found["value"].iloc[mine], "s", color=colour, ms=9, mfc="none")
    axis.axhline(0, color=figures.method_colour(WHOLE), lw=1, label="U-Net, ten sizes")
    axis.set_xticks(place, [at.named(s) for s in AR_SIZES], rotation=60)
    axis.set_title(record.seen_as(network))
axes[0].set_ylabel("rank-1 minus U-Net's, AT&T")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
foreign = [r for single, where in at.FOREIGN.items() for r in at.contests(results, single, WHOLE, record.JUDGES, where)]
figures.show(
    figure,
    caption="Networks for one size against the network for ten (line at 0), AT&T, paired 95 % intervals over people; a "
    f"square marks the size that each was made for, of which it saw {in_all:,} faces and the network for ten about "
    f"{each_size:,.0f}. At the sizes that they never saw: {tables.counted(foreign)}.",
    alt="Three plots, one a face network: difference in rank-1 of both one-size networks to the ten-size network.",
    name="multiscale-single",
)

# %%
figures.show_table(
    large.one_size(results),
    f"At the very size that a network was made for: rank-1 in per cent, differences paired. Of that size it saw "
    f"{in_all:,} faces, the network for ten about {each_size:,.0f}.",
)

# %% [markdown]
# ## Two embeddings side by side
#
# On SCface the paper concatenates the embeddings of the enlarged and of the restored face "to increase the
# performance", and shows no row without it. With and without, on our searches:

# %%
figures.show_table(
    large.joined(results),
    "Embeddings of the bicubic and of the restored face side by side (both): rank-1 in per cent, 95 % intervals over "
    f"people, differences paired. Over U-Net alone: {tables.counted(answers[HELPS])}; over bicubic alone: "
    f"{tables.counted(at.contests(results, JOINED, 'bicubic'))}.",
    name="multiscale-joined",
)

# %% [markdown]
# ## Pairs, at sizes that were not trained
#
# Squares of 7, 14 and 28 px, as in the other chapters: none of them is one of the ten sizes. LFW View 2, ten folds.

# %% tags=["hide-input"]
n_pairs = int(tables.pick(results, **at.view2(WHOLE, 14, "dlib", "both"))["n"].iloc[0])
for setting, words in SETTINGS.items():
    figures.show_table(
        large.pairs(results, setting),
        f"AUC on LFW View 2, {words}: {n_pairs:,} pairs, 95 % intervals over people, differences paired; and the "
        "10-fold accuracy.",
    )

# %% tags=["hide-input"]
figure, axes = plt.subplots(2, 3, figsize=(8, 5), sharex=True, sharey="row")
for row, setting in zip(axes, SETTINGS, strict=True):
    for axis, network in zip(row, record.JUDGES, strict=True):
        for i, method in enumerate((PIXEL, WHOLE)):
            keys = [at.view2(method, px, network, setting, "auc_minus_bicubic") for px in SQUARES]
            found = pd.concat([tables.pick(results, **k) for k in keys])
            x = np.arange(len(SQUARES)) + (i - 0.5) * 0.14
            figures.intervals(axis, x, found, color=figures.method_colour(method), label=method)
        axis.axhline(0, color=figures.method_colour("bicubic"), lw=1)
        axis.set_xticks(range(len(SQUARES)), [f"{px} px" for px in SQUARES])
    row[0].set_ylabel(f"AUC minus bicubic's\n({SETTINGS[setting]})")
for axis, network in zip(axes[0], record.JUDGES, strict=True):
    axis.set_title(record.seen_as(network))
figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
pairs = {b: at.verifications(results, WHOLE, b, UNSEEN) for b in ("bicubic", PIXEL)}
figures.show(
    figure,
    caption=f"What both networks gain over bicubic (line) on pairs: LFW View 2, {n_pairs:,} pairs, paired 95 % "
    f"intervals over people. U-Net, seen by unseen networks: {tables.counted(pairs['bicubic'])}.",
    alt="Six plots, a column a face network, a row a setting: difference in AUC to bicubic at three sizes.",
    name="multiscale-pairs",
)

# %% [markdown]
# Networks of the other chapters were each made for one size. The U-Net beside them, where they are recorded, and beside
# the recogniser that was taught small faces instead:

# %%
figures.show_table(
    large.beside(results, ("frloss", "ipfsrgan", "ftlgan", "logexp")),
    f"AUC of an LR probe against HR, LFW View 2, {n_pairs:,} pairs, 95 % intervals: every way to enlarge that is "
    "recorded; robust is the recogniser of the chapter on logexp, – where it was not tried behind an upsampler.",
)

# %% [markdown]
# ## Or no super-resolution at all?
#
# {doc}`logexp` leaves the picture as it is and teaches a recogniser small faces instead. That recogniser, *robust*,
# behind bicubic enlargement, against this chapter's method before the MobileFaceNet that *robust* was taught from:

# %%
figures.show_table(
    logexp_tables.beside("multiscale"),
    "Two roads on the same pairs: LFW View 2, 95 % intervals over people, differences paired.",
    name="multiscale-robust",
)

# %% tags=["hide-input"]
for name, found in (
    ("unseen", at.contests(results, WHOLE, "bicubic", UNSEEN)),
    ("unseen-pixel", at.contests(results, WHOLE, PIXEL, UNSEEN)),
    ("own-pixel", at.contests(results, WHOLE, PIXEL, OWN)),
    ("pairs", pairs["bicubic"]),
    ("pairs-pixel", pairs[PIXEL]),
    ("foreign", foreign),
):
    chapter.glue_text(f"multiscale-summary-{name}", tables.counted(found))

# %% [markdown]
# ## Summary
#
# - Searched for among HR photographs by networks that had no part in the training, faces restored by the U-Net against
#   bicubic ones: {glue:text}`multiscale-summary-unseen`. Pairs of LFW, at sizes that were not trained:
#   {glue:text}`multiscale-summary-pairs`.
# - What the identity loss adds to the pixels alone: {glue:text}`multiscale-summary-own-pixel`, seen by its own network;
#   {glue:text}`multiscale-summary-unseen-pixel`, seen by others; on pairs {glue:text}`multiscale-summary-pairs-pixel`.
# - Is the network for ten sizes better than one made for the size? {glue:text}`multiscale-answer-single`. But it had
#   seen that size about {glue:text}`multiscale-seen-ten` times, its rival {glue:text}`multiscale-seen-one` times: how
#   many sizes and how long a training are not told apart. At sizes that they never saw, networks for one size against
#   it: {glue:text}`multiscale-summary-foreign`.
# - A second embedding beside it: {glue:text}`multiscale-answer-joined`.
# - Tables I to III of the paper need faces that nobody may hand on; the protocols run on a copy of your own. The next
#   page takes the loss apart and holds the claims: {doc}`multiscale_claims`.
