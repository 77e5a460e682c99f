# %% [markdown]
# # Faces, and how they get small
#
# Every experiment of this book starts here: a photograph is cut to one frame, and the cut face is made small. Both
# steps look harmless, and both decide results.
#
# ```{admonition} What you will learn
# - which face sets the book uses, and for what;
# - how five points put every face at the same place;
# - what is left of a face at 56, 28, 14 and 7 pixels, for the eye and for a face network;
# - why the kernel and the antialiasing behind the word "downsampled" have to be named;
# - what blur, noise and JPEG add.
# ```

# %% tags=["parameters"]
profile = None  # smoke, demo (the default), study or paper
seed = 0
device = "auto"
data_root = None  # the folder with lfw/ and celeba/

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch

from lrfr import alignment, chapter, datasets, figures, recognizers, record
from lrfr import degradation as dg
from lrfr.datasets import celeba, overlap
from lrfr.evaluation import quality, verification
from lrfr.paths import data_dir

run = chapter.start(profile, seed, device, data_root)
SIZES = (7, 14, 28, 56)
TITLES = {kernel: "Lanczos" if kernel == "lanczos" else kernel for kernel in dg.KERNELS}

# %% [markdown]
# ## Four sets of faces
#
# Two sets are small enough to travel inside software packages, so that this page can be recomputed by anyone at once:
# the AT&T faces {cite}`samaria1994`, grey, taken in a laboratory, and the Caltech faces {cite}`weber1999`, in colour,
# taken in offices and corridors. All pictures in this book come from these two. Two larger sets have to lie on the
# reader's own disk. Labeled Faces in the Wild, LFW {cite}`huang2007,huang2012`, is the usual test: photographs of
# public figures from the news. CelebA {cite}`liu2015` is what the networks of this book are trained on; the book uses a
# part of it, "CelebA-299", and holds {glue:text}`faces-held-out` of its people out. What these sets are, legally and
# ethically, is told on the page on [faces, consent and evidence](ethics.md).

# %%
names = {"att": "AT&T", "caltech": "Caltech"} | ({"lfw": "LFW", "celeba": "CelebA"} if run.own_data else {})
sets = {title: datasets.load(name) for name, title in names.items()}

# %% tags=["hide-input"]
rows = []
for title, faces in sets.items():
    each = np.bincount(faces.labels)
    genuine = int((each * (each - 1) // 2).sum())
    rows.append(
        {
            "set": title,
            "people": len(each),
            "photographs": len(faces),
            "per person": f"{each.min()} to {each.max()}",
            "genuine pairs": genuine,
            "impostor pairs": len(faces) * (len(faces) - 1) // 2 - genuine,
        }
    )
figures.show_table(
    pd.DataFrame(rows),
    "The sets at hand, after cutting: people, photographs, and how many pairs show one person (genuine) or two "
    "(impostor).",
    {"genuine pairs": ",", "impostor pairs": ","},
)
chapter.glue_number("faces-held-out", celeba.HELD_OUT, "d")

# %% [markdown]
# The Caltech set comes without names. Its identities were found by clustering face embeddings, and checked against
# the order of the files, which runs person by person. Drawings, people with a single photograph, and a run of files
# that may show one woman in two sessions or two women are left out.

# %% tags=["hide-input"]
shown = {t: [int(np.flatnonzero(sets[t].labels == i)[0]) for i in range(0, 16, 2)] for t in ("AT&T", "Caltech")}
figures.show(
    figures.face_strip([sets[t].images[i] for t in shown for i in shown[t]], [""] * 8, rows=list(shown), size=0.95),
    caption="Eight people of each packaged set, cut to 112 x 112 pixels. AT&T's photographs end close to the head: "
    "where the frame reaches beyond them it is black.",
    alt="Two rows of eight cut faces; the upper row is grey, the lower row in colour.",
    name="faces-sets",
)

# %% [markdown]
# ## How a face is cut out
#
# A face network is not told where the eyes are. It expects them always at the same pixels. So five points are found
# on each photograph (eyes, tip of the nose, corners of the mouth), and the photograph is turned, scaled and shifted
# until the points lie as near as possible to five fixed points of a 112 x 112 frame, those of ArcFace
# {cite}`deng2019`. Turning, scaling and shifting have four parameters, the points have ten coordinates, so the fit is
# by least squares,
#
# $$\min_{s, R, t} \sum_{k=1}^{5} \lVert s R\, p_k + t - q_k \rVert^2 ,$$
#
# and no face is stretched to fit.

# %%
photographs = [p for p in datasets.photographs("caltech") if p.landmarks is not None]
example = photographs[89]
matrix = alignment.similarity_transform(example.landmarks)
cut = alignment.warp(example.open(), matrix)

# %% tags=["hide-input"]
frame = np.array([[0, 0], [112, 0], [112, 112], [0, 112], [0, 0]])
corners = (frame - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
moved = example.landmarks @ matrix[:, :2].T + matrix[:, 2]
orange, blue = figures.palette()[1], figures.palette()[0]
figure, (left, right) = plt.subplots(1, 2, figsize=(6.6, 3.1), width_ratios=(1.55, 1))
left.imshow(example.open())
left.plot(*corners.T, color=orange)
left.plot(*example.landmarks.T, "o", color=orange, markersize=3)
right.imshow(cut)
right.plot(*alignment.TEMPLATE.T, "+", color=blue, markersize=12, markeredgewidth=2, label="where they should be")
right.plot(*moved.T, "o", color=orange, markersize=4, label="where they came to lie")
right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), fontsize=8)
for axis, title in ((left, "photograph"), (right, "cut, 112 x 112 px")):
    axis.set(xticks=[], yticks=[], title=title)
    axis.grid(False)
figures.show(
    figure,
    caption="Left: a photograph with its five points and the frame that they define. Right: the cut face. The "
    "circles do not hit the crosses: this face has its own proportions, and they are kept.",
    alt="A man before a wall with a tilted square around his face; beside it the square, upright, with five marked "
    "points.",
    name="faces-cut",
)

# %% [markdown]
# How far do the points miss? The table gives the root mean square over the five points, in pixels of the frame, and
# how strongly the photographs were scaled and turned. A typical Caltech face is reduced to
# {glue:text}`faces-scale-caltech` of its size. A typical AT&T face is enlarged to {glue:text}`faces-scale-att`: at
# 112 px that set is a little softer than it looks.

# %% tags=["hide-input"]
rows = []
for name, title in (("att", "AT&T"), ("caltech", "Caltech")):
    found = [p.landmarks for p in datasets.photographs(name) if p.landmarks is not None]
    fits = [alignment.similarity_transform(points) for points in found]
    miss = [
        np.sqrt(((p @ m[:, :2].T + m[:, 2] - alignment.TEMPLATE) ** 2).sum(1).mean())
        for p, m in zip(found, fits, strict=True)
    ]
    scale = [np.hypot(*m[:, 0]) for m in fits]
    turn = [abs(np.degrees(np.arctan2(m[1, 0], m[0, 0]))) for m in fits]
    rows.append(
        {
            "set": title,
            "n": len(found),
            "miss, median (px)": np.median(miss),
            "miss, 95th percentile (px)": np.percentile(miss, 95),
            "scale, median": np.median(scale),
            "turn, median (degrees)": np.median(turn),
        }
    )
figures.show_table(pd.DataFrame(rows), "How well five points fit the frame, and what it took.", digits=2)
for name, row in zip(("att", "caltech"), rows, strict=True):
    chapter.glue_number(f"faces-scale-{name}", row["scale, median"], ".0%")

# %% [markdown]
# Cutting is worth the trouble. {numref}`faces-mean` lays all of AT&T's faces on top of each other, as the photographs
# come and as they are cut.

# %% tags=["hide-input"]
raw = [np.asarray(p.open().convert("RGB").resize((112, 112)), np.float32) / 255 for p in datasets.photographs("att")]
att = sets["AT&T"]
means = [np.mean(raw, 0), att.images.astype(np.float32).mean(0) / 255]
before, after = (float(np.ptp(mean[40:64, 24:88].mean((1, 2))) * 255) for mean in means)  # rows around the eyes
figures.show(
    figures.face_strip(means, ["as photographed", "cut"], size=1.8),
    caption=f"The mean of all {len(att)} AT&T faces, before and after cutting. Only after it are eyes and mouth "
    f"where they are on everyone: going down across the eyes, the mean photograph changes by {before:.0f} grey "
    f"levels, the mean cut face by {after:.0f}.",
    alt="Two averaged faces: a blurred oval, and a face with clear eyes, nose and mouth.",
    name="faces-mean",
)

# %% [markdown]
# ### Who finds the points
#
# MTCNN {cite}`zhang2016` does. For AT&T and Caltech it did so once; its points are part of the book (`data/landmarks`),
# so that every machine cuts the same faces. In CelebA-299 it looks for them in every photograph; a full CelebA brings
# points of its own, and then these are taken. LFW is the exception. Its *deep-funneled* edition {cite}`huang2012` was
# aligned by its makers, so that the faces already lie at one place, and one transform, that of the median points, cuts
# them all without a detector that could fail. In the merely *funneled* edition, which scikit-learn fetches, faces still
# turn and shift: a copy of that name is cut by MTCNN. All of this book's LFW numbers come from the deep-funneled one.
#
# What the one transform costs has been measured on LFW's View 1, with both photographs of a pair cut alike.

# %% tags=["hide-input"]
cuts = pd.read_csv(data_dir() / "results" / "alignment.csv")
cuts["recogniser"] = cuts["recognizer"].map(record.NETWORK_NAMES)
apart = cuts["cut"] == "MTCNN - fixed"
cuts["AUC"] = [figures.with_interval(r.value, r.low, r.high) for r in cuts.itertuples()]
side_by_side = cuts.pivot_table(["AUC"], ["px", "recogniser"], "cut", "first", sort=False)["AUC"].reset_index()
figures.show_table(
    side_by_side[["px", "recogniser", "fixed", "MTCNN", "MTCNN - fixed"]].rename(
        columns={"px": "probe (px)", "fixed": "one transform", "MTCNN - fixed": "difference, paired"}
    ),
    f"AUC on LFW View 1 DevTest ({cuts['n'][0]:,} pairs), cut by one transform and by MTCNN, with 95 % intervals over "
    "people. Small probes are enlarged bicubically; the other photograph keeps its 112 px.",
)
surely = {px: int((cuts["low"][apart & (cuts["px"] == px)] > 0).sum()) for px in (112, 14)}
chapter.glue_number("faces-cuts-large", surely[112], "d")
chapter.glue_number("faces-cuts-small", surely[14], "d")
chapter.glue_number("faces-cuts-networks", cuts["recognizer"].nunique(), "d")
chapter.glue_number("faces-cuts-most", cuts["value"][apart].max(), ".3f")
chapter.glue_number("faces-cuts-least", cuts["value"][apart].min(), "+.3f")

# %% [markdown]
# MTCNN's cut is the better one, by little: of {glue:text}`faces-cuts-networks` networks
# {glue:text}`faces-cuts-large` gain at 112 px and {glue:text}`faces-cuts-small` at 14 px with an interval above 0, and
# the difference lies between {glue:text}`faces-cuts-least` and +{glue:text}`faces-cuts-most`. It is not the same for
# every network, and no upsampler was measured so: all methods are compared on the same cut faces, but what the other
# cut would change in a comparison is not known.

# %% [markdown]
# ## A face at five sizes
#
# Now the face becomes small ({numref}`faces-five-sizes`). Unless another way is named, "small" in this book means:
# reduced by antialiased bicubic interpolation and rounded to 8 bits, as a file on disk would hold it. To look at it,
# or to hand it to a network that expects 112 x 112 pixels, it is enlarged again by plain bicubic interpolation.

# %%
people = [int(np.flatnonzero(sets["Caltech"].labels == i)[3]) for i in (1, 5)]
faces = sets["Caltech"].tensor(people)
small = {size: dg.degrade(faces, size) for size in SIZES}
large = {size: dg.upscale(low) for size, low in small.items()}

# %% tags=["hide-input"]
grid = []
for k in range(len(people)):
    for versions in (small, large):
        grid += [versions[s][k] for s in SIZES] + [faces[k]]
figures.show(
    figures.face_strip(grid, [f"{s} px" for s in (*SIZES, 112)], ["LR", "bicubic", "LR", "bicubic"], size=1.15),
    caption="Two faces at five sizes: as stored (LR, every pixel a square) and enlarged to 112 px by bicubic "
    "interpolation. At 28 px eyes and mouth still have a shape; at 7 px hair, skin and light are left.",
    alt="Two faces, each as a row of mosaics from 7 to 112 pixels and a row of blurred enlargements.",
    name="faces-five-sizes",
)

# %% tags=["hide-input"]
sample = sets["Caltech"].tensor(slice(0, None, 5))
eyes = float(np.hypot(*(alignment.TEMPLATE[1] - alignment.TEMPLATE[0])))
rows = []
for size in (*SIZES, 112):
    back = dg.round_trip(sample, size)
    rows.append(
        {
            "size (px)": size,
            "values": 3 * size**2,
            "share of 112 px": size**2 / 112**2,
            "between the eyes (px)": eyes * size / 112,
            "PSNR (dB)": np.nan if size == 112 else float(quality.psnr(back, sample).mean()),
            "SSIM": np.nan if size == 112 else float(quality.ssim(back, sample).mean()),
        }
    )
sizes_table = pd.DataFrame(rows)
figures.show_table(
    sizes_table,
    "What a size leaves: numbers in the picture, pixels from eye to eye, and how near the bicubic enlargement "
    f"comes to the original (mean of {len(sample)} Caltech faces).",
    {"values": ",", "share of 112 px": ".1%", "between the eyes (px)": ".1f", "PSNR (dB)": ".1f", "SSIM": ".2f"},
)
chapter.glue_number("faces-eyes-7", eyes * 7 / 112, ".1f")
chapter.glue_number("faces-values-14", 3 * 14**2, ",d")
chapter.glue_number("faces-speaks-for", (112 // 14) ** 2, "d")

# %% [markdown]
# At 7 px the eyes are {glue:text}`faces-eyes-7` pixels apart. Whatever a method paints between them is a guess. At 14
# px a colour face is {glue:text}`faces-values-14` numbers: no method can know more about the person than they say and
# than it has learnt about faces in general.

# %% [markdown]
# ## Five kernels
#
# A kernel says how an enlarged pixel is mixed from its neighbours: take the closest one (*nearest*), weigh the
# closest four by distance (*bilinear*), sixteen with a cubic curve (*bicubic*) or thirty-six with a windowed sinc
# (*Lanczos*), or let each small pixel cover its share of the large grid (*area*). These five, in
# {numref}`faces-kernels`, are the baselines that every method of this book has to beat.

# %%
low = dg.degrade(sample, 14)
enlarged = {kernel: dg.upscale(low, 112, kernel) for kernel in dg.KERNELS}

# %% tags=["hide-input"]
first = {kernel: dg.round_trip(faces[:1], 14, up=kernel) for kernel in dg.KERNELS}
figures.show(
    figures.face_strip(
        [small[14][0], *(x[0] for x in first.values()), faces[0]],
        ["14 px", *(f"{TITLES[k]}\n{float(quality.psnr(x, faces[:1])[0]):.1f} dB" for k, x in first.items()), "112 px"],
        size=1.15,
    ),
    caption="One face at 14 px, enlarged by five kernels. Nearest and area give the same squares, and the others "
    "differ in smoothness only: none of them adds anything that was not there.",
    alt="Seven versions of one face: a mosaic, five enlargements, and the original.",
    name="faces-kernels",
)

# %% tags=["hide-input"]
table = pd.DataFrame(
    [
        {"kernel": TITLES[kernel]}
        | {f"{s} px": float(quality.psnr(dg.round_trip(sample, s, up=kernel), sample).mean()) for s in SIZES}
        for kernel in dg.KERNELS
    ]
)
figures.show_table(
    table, f"PSNR in dB against the original, by enlarging kernel (mean of {len(sample)} faces).", digits=1
)
same = torch.equal(dg.quantize(enlarged["area"]), dg.quantize(enlarged["nearest"]))
best = table.set_index("kernel").drop(["area"]).mean(axis=1)
chapter.glue_text("faces-best-kernel", str(best.idxmax()))
chapter.glue_number("faces-kernel-spread", float(best.max() - best.min()), ".1f")
print("Enlarging 14 px by 'area' and by 'nearest' gives the same picture:", same)

# %% [markdown]
# On average over the sizes {glue:text}`faces-best-kernel` interpolation comes nearest to the original,
# {glue:text}`faces-kernel-spread` dB before the worst. Enlarging by a whole factor, *area* and *nearest* are one and
# the same.
#
# ```{admonition} Two curves, one name
# :class: note
# "Bicubic" is a family of curves with one parameter, a. Antialiased reducing uses a = -1/2 (as Pillow does), plain
# enlarging a = -3/4 (as OpenCV does): the second is sharper and rings more. None of the five papers names its
# program.
# ```

# %%
soft, sharp = dg.resize(low, 112, antialias=True), dg.resize(low, 112, antialias=False)
gap = (soft - sharp).abs() * 255
print(f"a = -1/2 against a = -3/4: {gap.mean():.1f} grey levels apart on average, {gap.max():.0f} at most")

# %% [markdown]
# ## What aliasing does
#
# Reducing 112 pixels to 14 means that one pixel has to speak for {glue:text}`faces-speaks-for`. An antialiased kernel
# asks all of them; without
# antialiasing a cubic kernel asks 16 and never looks at the others, nearest asks a single one. Detail between the
# asked pixels does not vanish, it turns into false detail ({numref}`faces-aliasing`).

# %% tags=["hide-input"]
glasses = att.tensor([11])
kinds = {"antialiased": ("bicubic", True), "not antialiased": ("bicubic", False), "nearest": ("nearest", False)}
thinned = {name: [dg.resize(glasses, s, *how).clamp(0, 1)[0] for s in (56, 28, 14)] for name, how in kinds.items()}
figures.show(
    figures.face_strip(
        [image for row in thinned.values() for image in row], ["56 px", "28 px", "14 px"], list(thinned), size=1.5
    ),
    caption="The same face reduced with and without antialiasing. Without it the rim of the glasses breaks into "
    "dots at 28 px; at 14 px it becomes single dark and bright pixels that depend on where the grid happened to "
    "fall.",
    alt="A man with glasses in nine mosaics; the antialiased row is smooth, the others are speckled.",
    name="faces-aliasing",
)

# %% [markdown]
# A measure of it: shift the photograph by one of its own pixels before reducing. The person has not changed, and a
# face network should not notice. At 14 px the small picture changes several times as much without antialiasing.

# %% tags=["hide-input"]
rows = []
for name, how in kinds.items():
    row: dict[str, object] = {"reduced": name}
    for size in (56, 28, 14):
        here = dg.resize(sample[..., :-8, :-8], 104 * size // 112, *how)
        there = dg.resize(sample[..., 1:-7, 1:-7], 104 * size // 112, *how)
        row[f"{size} px"] = float((here - there).square().mean().sqrt() * 255)
    rows.append(row)
shift_table = pd.DataFrame(rows)
figures.show_table(
    shift_table,
    "How much the small picture changes (root mean square, grey levels of 255) when the photograph moves by one pixel.",
    digits=1,
)
assert (shift_table["14 px"][1:] > 2 * shift_table["14 px"][0]).all()  # "several times as much"
chapter.glue_number("faces-alias-factor", shift_table["14 px"][2] / shift_table["14 px"][0], ".1f")

# %% [markdown]
# At 14 px the nearest-pixel picture changes {glue:text}`faces-alias-factor` times as much as the antialiased one. A
# network trained on one kind of small face and tested on the other meets something it has never seen, so every result
# of this book names its kernel.

# %% [markdown]
# ## What cameras add
#
# A face that is far from a real camera is not only small. The lens and the air blur it, the sensor adds noise, and
# JPEG throws away what it thinks nobody looks at. The *camera mixture* does all of it in this order, with strengths
# drawn anew for every picture, each uniform: blur of up to {glue:text}`faces-camera-blur` pixels (of the small
# picture), noise of up to {glue:text}`faces-camera-noise` grey levels, JPEG quality
# {glue:text}`faces-camera-quality`.

# %%
one, camera = faces[:1], dg.Camera()
clean = dg.degrade(one, 28)
noisy = dg.add_noise(clean, camera.noise[1], torch.Generator().manual_seed(run.seed))
corrupted = {
    "clean": clean,
    "blur": dg.degrade(dg.add_blur(one, camera.blur[1] * 112 / 28), 28),
    "noise": dg.quantize(noisy),
    "JPEG": dg.jpeg(clean, camera.quality[0]),
} | {f"camera {i + 1}": camera(one, 28, [i], run.seed) for i in range(3)}

# %% tags=["hide-input"]
chapter.glue_number("faces-camera-blur", camera.blur[1], "g")
chapter.glue_number("faces-camera-noise", camera.noise[1], "g")
chapter.glue_text("faces-camera-quality", "{} to {}".format(*camera.quality))
loss = {name: float(quality.psnr(x, clean)[0]) for name, x in corrupted.items() if name != "clean"}
listed = ", ".join(f"{decibel:.0f} dB ({name})" for name, decibel in loss.items())
figures.show(
    figures.face_strip(
        [x[0] for x in corrupted.values()] + [dg.upscale(x)[0] for x in corrupted.values()],
        list(corrupted),
        ["28 px", "bicubic"],
        size=1.1,
    ),
    caption="One face at 28 px: clean, with the strongest blur, noise and JPEG of the mixture, and in three draws of "
    f"it. Against the clean small picture they lie at {listed}.",
    alt="Seven versions of a face at 28 pixels, from clean to blurred, noisy and blocky.",
    name="faces-camera",
)

# %% [markdown]
# ## How much of the person is left
#
# The eye is a poor judge of this question, so three face networks are asked: dlib's {cite}`king2009`, SFace
# {cite}`zhong2021` and MobileFaceNet {cite}`chen2018`, which was trained with the ArcFace loss {cite}`deng2019`. Each
# turns a face into a vector, and the vectors of one person should lie close together. Each small face, enlarged
# bicubically, is compared with its own photograph at full size, and with the photographs of everyone else
# ({numref}`faces-identity`).

# %%
each = 2 if run.profile == "smoke" else 5  # photographs a person
chosen = sets["Caltech"].first(each)
crops, labels = sets["Caltech"].tensor(chosen), sets["Caltech"].labels[chosen]
networks = {title: name for name, title in record.NETWORK_NAMES.items()}
other = labels[:, None] != labels[None, :]

records = []
for title, name in networks.items():
    network = recognizers.load(name, run.device)
    original = recognizers.embed(network, crops)
    for size in (*SIZES, 112):
        seen = original if size == 112 else recognizers.embed(network, dg.round_trip(crops, size))
        matrix = network.similarity_matrix(seen, original)
        own, others = np.diag(matrix), matrix[other]
        records.append(
            {
                "network": title,
                "size (px)": size,
                "own": own.mean(),
                "others": others.mean(),
                "own low": np.percentile(own, 5),
                "own high": np.percentile(own, 95),
                "others low": np.percentile(others, 5),
                "others high": np.percentile(others, 95),
                "AUC": verification.auc(np.concatenate([own, others]), np.arange(len(own) + len(others)) < len(own)),
                "found": float((labels[matrix.argmax(1)] == labels).mean()),
            }
        )
identity = pd.DataFrame(records)

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 3, figsize=(7.4, 2.9))
for axis, title in zip(axes, networks, strict=True):
    part = identity[identity["network"] == title]
    for what, colour, label in (("own", blue, "own photograph"), ("others", orange, "other people's")):
        axis.plot(part["size (px)"], part[what], "o-", color=colour, label=label, markersize=4)
        axis.fill_between(part["size (px)"], part[f"{what} low"], part[f"{what} high"], color=colour, alpha=0.2, lw=0)
    axis.set(xscale="log", title=title, xlabel="size (px)")
    axis.set_xticks([*SIZES, 112], [str(s) for s in (*SIZES, 112)])
    axis.minorticks_off()
axes[0].set_ylabel("similarity to the 112 px photograph")
axes[0].legend(fontsize=8, loc="upper left")
figures.show(
    figure,
    caption="Similarity between a small face and photographs at full size: its own (blue) and other people's "
    f"(orange); lines are means over {len(chosen)} Caltech photographs, bands hold nine pairs in ten. Where the "
    "bands meet, the network begins to take people for one another. dlib's similarity is a negative distance, the "
    "others' a cosine.",
    alt="Three panels, one per network; a blue curve rises with the size of the face and leaves a flat orange one "
    "behind.",
    name="faces-identity",
)

# %% tags=["hide-input"]
figures.show_table(
    identity[["network", "size (px)", "own", "others", "AUC", "found"]],
    "Mean similarity to the own photograph and to other people's, the chance that the own one is closer (AUC), and "
    f"the share of small faces whose closest photograph, of all {len(chosen)}, shows the right person.",
    {"own": ".2f", "others": ".2f", "AUC": ".3f", "found": ".0%"},
)
at = identity.set_index(["network", "size (px)"])
lost = {title: 1 - at.loc[(title, 7), "found"] for title in networks}
chapter.glue_text("faces-lost-7", ", ".join(f"{v:.0%} ({k})" for k, v in lost.items()))
chapter.glue_text("faces-found-28", ", ".join(f"{at.loc[(k, 28), 'found']:.0%} ({k})" for k in networks))
found = {size: np.array([at.loc[(k, size), "found"] for k in networks]) for size in (28, 14, 7)}
assert found[28].min() > 0.9 and found[7].max() < 0.5 and np.ptp(found[14]) > 0.2  # the summary's last line

# %% [markdown]
# This is the easiest test there is: among the photographs is the very one that the small face was made from. At 28 px
# the person is found in {glue:text}`faces-found-28` of the cases. At 7 px the person is missed in
# {glue:text}`faces-lost-7`. Between these two lies the range in which super-resolution and robust recognisers can
# make a difference. How recognition is scored when the photographs are *not* the same is the subject of [the next
# chapter](scoring).

# %% [markdown]
# ## Is anyone in both sets?
#
# A test is worth little if its people were trained on. LFW and CelebA both hold famous people, and CelebA hides their
# names. So every photograph of LFW was compared with every training photograph, by MobileFaceNet and its cosine. What a
# cosine means can be seen on the Caltech faces: two photographs of one person, two of different people, and a
# photograph against its own copy, moved by two pixels and saved as JPEG of quality 50.

# %%
detective = recognizers.load("mobilefacenet", run.device)
known = recognizers.embed(detective, crops)
copies = recognizers.embed(detective, dg.jpeg(crops.roll(2, dims=3), 50))
cosine = detective.similarity_matrix(known, known)
same = (labels[:, None] == labels[None, :]) & ~np.eye(len(labels), dtype=bool)
scale = {
    "one person": cosine[same],
    "two people": cosine[other],
    "a photograph and its copy": np.diag(detective.similarity_matrix(known, copies)),
}

# %% tags=["hide-input"]
figures.show_table(
    pd.DataFrame({"pair": k, "lowest": v.min(), "mean": v.mean(), "highest": v.max()} for k, v in scale.items()),
    f"MobileFaceNet's cosine between Caltech photographs ({len(chosen)} of them).",
    digits=2,
)
near = pd.read_csv(data_dir() / "results" / "near_duplicates.csv")
figures.show_table(
    near[["threshold", "photographs", "people"]].rename(columns={"threshold": "cosine, at least"}),
    f"How many of LFW's {near['of'][0]:,} photographs come so close to a training photograph, and how many people they "
    "show. Recorded.",
    {"cosine, at least": ".1f", "photographs": ",", "people": ","},
)
effect = pd.read_csv(data_dir() / "results" / "near_duplicates_effect.csv")
effect["recognizer"] = effect["recognizer"].map(record.NETWORK_NAMES)
effect["difference"] = effect["auc_without"] - effect["auc"]
left_out = int(effect["pairs"][0] - effect["pairs_without"][0])
figures.show_table(
    effect[["method", "px", "recognizer", "auc", "auc_without", "difference"]].rename(
        columns={"px": "probe (px)", "recognizer": "recogniser", "auc": "AUC", "auc_without": "AUC without them"}
    ),
    f"AUC on LFW View 2, and without the {left_out} of {effect['pairs'][0]:,} pairs that show one of the "
    f"{near['people'][0]} people. Recorded.",
    {"AUC": ".4f", "AUC without them": ".4f", "difference": "+.4f"},
)
assert near["threshold"][0] == overlap.SUSPECT
assert near.loc[near["threshold"] == overlap.COPY, "photographs"].item() == 0
assert scale["a photograph and its copy"].min() > overlap.COPY
chapter.glue_number("faces-copy", overlap.COPY, "g")
chapter.glue_number("faces-suspect", overlap.SUSPECT, "g")
chapter.glue_number("faces-suspects", near["people"][0], "d")
chapter.glue_number("faces-suspects-of", near["photographs"][0], "d")
chapter.glue_number("faces-overlap-most", effect["difference"].abs().max(), ".4f")
learnt = effect.loc[effect["weights"].notna(), "method"].unique()  # only what was trained on CelebA has weights here
chapter.glue_text("faces-overlap-of", " and ".join(effect["method"].unique()))
chapter.glue_text(
    "faces-overlap-learnt",
    f"of the methods that learnt from CelebA, {', '.join(learnt)} is among these, and no other was measured so"
    if len(learnt)
    else "none of these learnt from CelebA, and what those that did owe to these people was not measured",
)

# %% [markdown]
# No photograph of LFW reaches {glue:text}`faces-copy`, and every copy above does: there is no sign that one was trained
# on. {glue:text}`faces-suspects-of` photographs of {glue:text}`faces-suspects` people reach {glue:text}`faces-suspect`:
# some of these people may be in both sets, others only look like someone who is. They are left in, so that LFW's list
# stays the official one. Without them the AUC of {glue:text}`faces-overlap-of` changes by
# {glue:text}`faces-overlap-most` at most; {glue:text}`faces-overlap-learnt`.

# %% [markdown]
# ## Summary
#
# - All faces are cut alike: five points, one similarity transform, 112 x 112 pixels.
# - "Small" means antialiased bicubic and 8 bits; another kernel is another task.
# - Interpolation adds nothing: the five kernels differ by {glue:text}`faces-kernel-spread` dB on average.
# - Three networks lose the person between 28 and 7 px, not all at the same size; that range is what the book is
#   about.
# - No photograph of LFW shows a sign of having been trained on. The few people who may be in both sets change the AUC
#   of {glue:text}`faces-overlap-of` by {glue:text}`faces-overlap-most` at most; {glue:text}`faces-overlap-learnt`.
