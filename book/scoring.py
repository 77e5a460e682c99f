# %% [markdown]
# # How recognition is scored
#
# A face network gives a number for two photographs. Whether the number is good depends on what is asked: are these
# two one person, or who of many is this? This chapter computes every measure that the five papers use, on one
# example, and says what each hides.
#
# ```{admonition} What you will learn
# - what genuine and impostor scores are, and how d', ROC, AUC and EER sum them up;
# - why a true accept rate has to name the number of errors behind it;
# - how LFW's ten-fold accuracy chooses its threshold;
# - what rank 1, a CMC curve and k nearest neighbours ask;
# - what PSNR, SSIM and LPIPS see that a face network does not, and the other way round;
# - why people, not pairs, are drawn for a confidence interval.
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
import seaborn as sns

from lrfr import chapter, datasets, figures, recognizers
from lrfr import degradation as dg
from lrfr.evaluation import identification, quality, verification
from lrfr.evaluation.intervals import PairBootstrap, percentile_interval
from lrfr.evaluation.pairs import AllPairs

run = chapter.start(profile, seed, device, data_root)
rng = np.random.default_rng(run.seed)
colours = dict(zip((112, 28, 14), sns.color_palette("viridis", 3), strict=True))  # the smaller, the lighter

# %% [markdown]
# ## One example
#
# The example is the AT&T set and dlib's network {cite}`king2009`. The *probe* is the photograph in question: a small
# face, enlarged by bicubic interpolation. The *gallery* holds the photographs that are known, at 112 px. Every probe
# meets every gallery photograph but the one it was made from.

# %%
faces = datasets.load("att").subset(np.arange(run.n_images or 400))
network = recognizers.load("dlib", run.device)
gallery = recognizers.embed(network, faces.images)
matrix = {112: network.similarity_matrix(gallery, gallery)}
for size in (28, 14):
    probes = recognizers.embed(network, dg.round_trip(faces.tensor(), size))
    matrix[size] = network.similarity_matrix(probes, gallery)
everyone = {size: AllPairs(m, faces.labels, both_orders=size != 112) for size, m in matrix.items()}
pairs = {size: found.pairs() for size, found in everyone.items()}

# %% [markdown]
# ## Genuine and impostor
#
# A *genuine* pair shows one person twice, an *impostor* pair two people. A good network gives the first high scores
# and the second low ones (dlib's is a negative distance, so the highest score is 0).

# %% tags=["hide-input"]
blue, orange = figures.palette()[:2]
figure, axes = plt.subplots(3, 1, figsize=(6.4, 4.6), sharex=True)
bins = np.linspace(min(p.similarity.min() for p in pairs.values()), 0, 60)
for axis, (size, p) in zip(axes, pairs.items(), strict=True):
    axis.hist(p.similarity[p.genuine], bins, density=True, color=blue, alpha=0.6, label="genuine")
    axis.hist(p.similarity[~p.genuine], bins, density=True, color=orange, alpha=0.6, label="impostor")
    axis.axvline(verification.best_threshold(p.similarity, p.genuine), color="black", lw=1, ls=":")
    axis.set(yticks=[], title=f"probe at {size} px", ylabel="density")
axes[0].legend(loc="upper left")
axes[-1].set_xlabel("similarity (negative distance)")
d = {size: verification.d_prime(p.similarity, p.genuine) for size, p in pairs.items()}
figures.show(
    figure,
    caption="Scores of genuine (blue) and impostor pairs (orange) for three probe sizes. As the probe shrinks the "
    "genuine scores move towards the impostors: d' falls from "
    + " to ".join(f"{d[s]:.2f} ({s} px)" for s in matrix)
    + ". The dotted line is the threshold of highest accuracy: with so many more impostors it is a strict one.",
    alt="Three histograms below each other; two humps, apart in the first and overlapping in the last.",
    name="scoring-histograms",
)

# %% [markdown]
# The distance between the two humps, in units of their width, is *d prime*:
#
# $$d' = \frac{|\mu_g - \mu_i|}{\sqrt{(\sigma_g^2 + \sigma_i^2)/2}} .$$
#
# It knows means and widths only. What happens in the tails, where mistakes are made, it does not see; and as printed
# it has no sign, so a network that takes strangers for friends would score just as well.

# %% [markdown]
# ## Every threshold at once: ROC, AUC, EER
#
# A system has to decide, so it accepts a pair when the score reaches a threshold. Two rates follow: of the genuine
# pairs, the share accepted (true accept rate, TAR), and of the impostor pairs, the share accepted by mistake (false
# accept rate, FAR). Each threshold is a point; all points are the ROC curve. It takes one sort of the scores, and no
# grid of thresholds.

# %%
curves = {size: verification.roc(p.similarity, p.genuine) for size, p in pairs.items()}

# %% tags=["hide-input"]
figure, (linear, tail) = plt.subplots(1, 2, figsize=(6.8, 3.2), sharey=True)
for size, curve in curves.items():
    p = pairs[size]
    equal = verification.eer(p.similarity, p.genuine)
    for axis in (linear, tail):
        axis.plot(curve.far, curve.tar, color=colours[size], label=f"{size} px")
        axis.plot([equal], [1 - equal], "o", color=colours[size], markersize=6)
linear.plot([0, 1], [1, 0], color="black", lw=0.8, ls=":")
linear.set(xlabel="false accept rate", ylabel="true accept rate")
tail.set(xlabel="false accept rate (logarithmic)", xscale="log", xlim=(1e-5, 1))
tail.axvline(1e-3, color="black", lw=0.8, ls="--")
tail.legend(loc="lower right")
figures.show(
    figure,
    caption="ROC curves. Left: the area below is the AUC; the dots, on the dotted line, are the equal error rates. "
    "Right: the same curves with the false accept rate drawn on a logarithmic scale. The dashed line marks 1 in "
    "1,000: what looks alike on the left is far apart there.",
    alt="Two panels with three rising curves, for probes of 112, 28 and 14 pixels.",
    name="scoring-roc",
)

# %% tags=["hide-input"]
table = pd.DataFrame(
    [
        {
            "probe (px)": size,
            "genuine": int(p.genuine.sum()),
            "impostor": int((~p.genuine).sum()),
            "d'": d[size],
            "AUC": verification.auc(p.similarity, p.genuine),
            "EER": verification.eer(p.similarity, p.genuine),
        }
        for size, p in pairs.items()
    ]
)
figures.show_table(
    table,
    "Pairs and their scores. At 112 px each pair is counted once; a small probe against a large photograph is "
    "another comparison than the reverse, so there are twice as many.",
    {"genuine": ",", "impostor": ",", "d'": ".2f", "AUC": ".4f", "EER": ".1%"},
)
chapter.glue_number("scoring-auc-14", table["AUC"][2], ".2f")

# %% [markdown]
# The AUC is a probability: draw a genuine and an impostor pair, how often does the genuine one score higher? At 14 px
# that is {glue:text}`scoring-auc-14`, where guessing gives one half. The equal error rate (EER) is where both kinds
# of mistake are equally frequent. The AUC weighs all thresholds alike, the EER looks at one. A border or a police
# search works at another, at one end of the curve.

# %% [markdown]
# ## A rate needs its number of errors
#
# So the rate that counts is the TAR at a low FAR. It is easy to print and hard to measure.

# %% tags=["hide-input"]
rows = []
for far in (1e-1, 1e-2, 1e-3, 1e-4):
    for size in (28, 14):
        point = everyone[size].tar_at_far(far)
        rows.append(
            {
                "FAR": f"{far:g}",
                "probe (px)": size,
                "TAR": point.tar,
                "false accepts": point.false_accepts,
                "of impostor pairs": point.impostors,
            }
        )
figures.show_table(
    pd.DataFrame(rows),
    "True accept rate at four false accept rates, and how many false accepts each rests on.",
    {"TAR": ".3f", "false accepts": ",", "of impostor pairs": ","},
)

# %% [markdown]
# LFW's list has {glue:text}`scoring-lfw` impostor pairs. A FAR of 1 in 1,000 then rests on
# {glue:text}`scoring-lfw-errors` of them, and which these are is chance. To see how much chance, draw such lists from
# all the impostor pairs at hand.

# %%
LFW_IMPOSTORS = 3000
p = pairs[28]
impostors = np.flatnonzero(~p.genuine)
few = min(LFW_IMPOSTORS, len(impostors) // 2)
drawn = []
for _ in range(200):
    keep = np.concatenate([np.flatnonzero(p.genuine), rng.choice(impostors, few, replace=False)])
    drawn.append(verification.tar_at_far(p.similarity[keep], p.genuine[keep], 1e-3))

# %% tags=["hide-input"]
rates = np.array([point.tar for point in drawn])
low, high = np.percentile(rates, [2.5, 97.5])
whole = everyone[28].tar_at_far(1e-3)
print(
    f"{few:,} impostor pairs: TAR from {low:.2f} to {high:.2f} in 19 of 20 lists, {drawn[0].false_accepts} false "
    "accepts"
)
print(f"all of them: {whole}")
chapter.glue_text("scoring-lists", f"{low:.2f} to {high:.2f}")
chapter.glue_text("scoring-few", f"{few:,}")
chapter.glue_number("scoring-lfw", LFW_IMPOSTORS, ",d")
chapter.glue_number("scoring-lfw-errors", LFW_IMPOSTORS // 1000, "d")

# %% [markdown]
# The same network on the same faces gets a TAR of {glue:text}`scoring-lists`, depending on which
# {glue:text}`scoring-few` impostor pairs were drawn. So where this book gives a TAR at a FAR of 1 in 1,000, it takes
# all pairs of different people that a set's photographs make, and puts the number of errors beside it.

# %% [markdown]
# ## Ten folds: LFW's accuracy
#
# LFW asks for one number, the accuracy, with a rule: the threshold must not be chosen on the pairs that it is tested
# on. So people are divided into ten folds, each fold is tested with the threshold that was best on the nine others,
# and the mean is reported. Here is the same protocol on our faces: as many impostor as genuine pairs in each fold,
# both photographs from people of that fold.

# %%
people = len(faces.identities)
folds = min(10, people // 4)
fold_of = rng.permutation(people) % folds
p = pairs[14]
fold = np.where(fold_of[p.identity_a] == fold_of[p.identity_b], fold_of[p.identity_a], -1)
chosen = np.concatenate(
    [
        kind
        for k in range(folds)
        for genuine in [np.flatnonzero((fold == k) & p.genuine)]
        for kind in (genuine, rng.choice(np.flatnonzero((fold == k) & ~p.genuine), len(genuine), replace=False))
    ]
)
listed, is_genuine = p.similarity[chosen], p.genuine[chosen]
result = verification.fold_accuracy(listed, is_genuine, fold[chosen])

# %% tags=["hide-input"]
best = verification.best_threshold(listed, is_genuine)
order = np.sort(listed)[::-1]
curve = verification.roc(listed, is_genuine)
accuracy = (curve.tar + 1 - curve.far) / 2  # as many genuine as impostor pairs
figure, axis = plt.subplots(figsize=(6.0, 3.0))
axis.plot(curve.threshold[1:], accuracy[1:], color=blue, lw=1)
axis.plot(
    result.thresholds,
    np.interp(-result.thresholds, -curve.threshold[1:], accuracy[1:]),
    "o",
    color=orange,
    markersize=5,
)
axis.set(xlabel="threshold", ylabel="accuracy")
at_best = float(((listed >= best) == is_genuine).mean())
figures.show(
    figure,
    caption=f"Accuracy of {len(listed):,} pairs at 14 px at every threshold (line), and the thresholds that the "
    f"{folds} folds chose (dots). Tested on other people than it was chosen on, the threshold gives "
    f"{result.mean:.3f} (standard deviation over folds {result.sd:.3f}); chosen on the very pairs it is tested on, "
    f"{at_best:.3f}.",
    alt="A hill of accuracy over the threshold; the dots lie close together near its top.",
    name="scoring-folds",
)

# %% [markdown]
# The line is a staircase: between two neighbouring scores nothing changes, at each score one pair changes sides.
# Common evaluators try a fixed grid instead, such as 400 squared distances from 0 to 4, and take the best of those.
# Sorting the scores finds the best of all, exactly, and in less time.

# %%
grid = -np.sqrt(np.arange(0, 4, 0.01))
on_grid = max(float(((listed >= t) == is_genuine).mean()) for t in grid)
print(f"{len(listed):,} pairs in {folds} folds: accuracy {result.mean:.3f}, standard deviation {result.sd:.3f}")
print(f"best threshold on all of them: accuracy {at_best:.4f}; best of {len(grid)} grid points: {on_grid:.4f}")

# %% [markdown]
# ## Who is this?
#
# Identification compares one probe with a whole gallery and sorts it. *Rank 1* is the share of probes whose closest
# gallery photograph shows the right person; the *CMC* curve gives the share found among the first k. *k nearest
# neighbours* let the k closest photographs vote. {cite:t}`abello2019` leave one photograph out at a time: each probe
# searches all the others, among them several of the same person.

# %%
voting = {size: identification.leave_one_out_knn(m, faces.labels, (1, 5)) for size, m in matrix.items()}
ranked = {size: identification.cmc(m, faces.labels, max_rank=20) for size, m in matrix.items()}
single = {size: identification.single_gallery_cmc(m, faces.labels, max_rank=20) for size, m in matrix.items()}

# %% tags=["hide-input"]
figure, axis = plt.subplots(figsize=(6.2, 3.2))
for size in matrix:
    axis.plot(
        range(1, len(ranked[size]) + 1), ranked[size], "o-", color=colours[size], markersize=3, label=f"{size} px"
    )
    axis.plot(range(1, len(single[size]) + 1), single[size], "--", color=colours[size], lw=1.2)
axis.set(xlabel="rank", ylabel="share of probes found", ylim=(0, 1.02))
axis.set_xticks([1, 5, 10, 15, 20])
axis.legend(loc="lower right")
figures.show(
    figure,
    caption=f"CMC curves. Solid: all {len(faces) - 1} other photographs are in the gallery, and k counts "
    f"photographs. Dashed: one photograph for each of the {people} people, averaged over every choice, and k counts "
    "people. Only at rank 1 does k count the same: the k closest photographs may show fewer than k people.",
    alt="Three pairs of rising curves; for 14 pixels both start low and the dashed one rises faster.",
    name="scoring-cmc",
)

# %% tags=["hide-input"]
rows = [
    {
        "probe (px)": size,
        "rank 1, all photographs": ranked[size][0],
        "rank 1, one photograph a person": single[size][0],
        "1-NN": voting[size][1].mean(),
        "5-NN": voting[size][5].mean(),
    }
    for size in matrix
]
figures.show_table(
    pd.DataFrame(rows),
    "Identification by size of the probe. 1-NN and rank 1 with all photographs ask the same question.",
    dict.fromkeys(rows[0].keys() - {"probe (px)"}, ".1%"),
)
chapter.glue_number("scoring-rank10-all", ranked[14][9], ".0%")
chapter.glue_number("scoring-rank10-single", single[14][min(9, people - 1)], ".0%")

# %% [markdown]
# Within the first ten, 14 px probes find their person in {glue:text}`scoring-rank10-all` of the cases in one protocol
# and in {glue:text}`scoring-rank10-single` in the other, with the same network and the same scores. Two CMC curves
# can be compared only if both say what the gallery holds and what k counts.

# %% [markdown]
# ## Does the picture look right?
#
# Super-resolution is judged by how near the picture comes to the original. *PSNR* is the logarithm of the mean
# squared error, in dB, here on luminance. *SSIM* {cite}`wang2004` compares means, contrasts and structure in small
# windows. *LPIPS* {cite}`zhang2018` compares the features of a network trained on photographs of things; it is a
# distance, so lower is better. None of them has ever been told what a person is. Seven ways to spoil a face, chosen
# by us as an illustration, show what they see.

# %%
people_shown = np.unique(datasets.load("caltech").labels, return_index=True)[1]
original = datasets.load("caltech").tensor(np.sort(people_shown)[: None if run.n_images is None else 8])
spoilt = {
    "moved by 3 px": original.roll(3, dims=3),
    "a tenth brighter": (original * 1.1).clamp(0, 1),
    "noise": dg.add_noise(original, 16.0, dg.keyed_generator(run.seed, 0)),
    "JPEG, quality 20": dg.jpeg(original, 20),
    "56 px": dg.round_trip(original, 56),
    "28 px": dg.round_trip(original, 28),
    "14 px": dg.round_trip(original, 14),
}

# %% tags=["hide-input"]
judge = recognizers.load("mobilefacenet", run.device)
reference = recognizers.embed(judge, original)
records = []
for name, images in spoilt.items():
    scores = quality.measure(images, original)
    alike = judge.similarity(recognizers.embed(judge, images), reference)
    records.append(
        {
            "spoilt": name,
            "PSNR (dB)": float(scores["psnr"].mean()),
            "SSIM": float(scores["ssim"].mean()),
            "LPIPS": float(scores["lpips_alexnet"].mean()),
            "similarity": float(alike.mean()),
        }
    )
looks = pd.DataFrame(records)
figures.show_table(
    looks,
    f"Four judges of seven spoilt pictures (means over {len(original)} people of the Caltech set): three of the "
    "picture, and MobileFaceNet's similarity to the original.",
    {"PSNR (dB)": ".1f", "SSIM": ".2f", "LPIPS": ".2f", "similarity": ".2f"},
)

# %% tags=["hide-input"]
k = 4
place = {c: int((looks[c] > looks[c].iloc[0]).sum()) + 1 for c in ("PSNR (dB)", "similarity")}
by_psnr = looks.sort_values("PSNR (dB)", ascending=False)
figures.show(
    figures.face_strip(
        [spoilt[name][k] for name in by_psnr["spoilt"]],
        [
            f"{n.replace(', quality', '')}\n{a:.1f} dB\nsimilarity {b:.2f}"
            for n, a, b in zip(by_psnr["spoilt"], by_psnr["PSNR (dB)"], by_psnr["similarity"], strict=True)
        ],
        size=1.25,
    ),
    caption="One face, spoilt in seven ways, in the order of PSNR (mean over all people), with MobileFaceNet's "
    f"similarity below it. The face moved by three pixels is number {place['PSNR (dB)']} of {len(looks)} to PSNR and "
    f"number {place['similarity']} to the network.",
    alt="Seven versions of one face with their PSNR and similarity written above.",
    name="scoring-quality",
)
ranks = looks.rank()
for column in ("PSNR (dB)", "SSIM", "LPIPS"):
    sign = -1 if column == "LPIPS" else 1
    print(
        f"{column} and similarity, rank correlation over these seven: "
        f"{sign * ranks[column].corr(ranks['similarity']):.2f}"
    )
indexed = looks.set_index("spoilt")
chapter.glue_number("scoring-moved-psnr", indexed.loc["moved by 3 px", "PSNR (dB)"], ".1f")
chapter.glue_number("scoring-small-psnr", indexed.loc["14 px", "PSNR (dB)"], ".1f")
chapter.glue_number("scoring-moved-similarity", indexed.loc["moved by 3 px", "similarity"], ".2f")
chapter.glue_number("scoring-small-similarity", indexed.loc["14 px", "similarity"], ".2f")

# %% [markdown]
# Moving a face by three pixels leaves {glue:text}`scoring-moved-psnr` dB and a similarity of
# {glue:text}`scoring-moved-similarity`; shrinking it to 14 px leaves {glue:text}`scoring-small-psnr` dB and a
# similarity of {glue:text}`scoring-small-similarity`. A method that is trained to please PSNR is not trained to keep
# the person. Whether the two go together at all is one of the questions that the chapters on the papers answer with
# numbers.

# %% [markdown]
# ## How sure are we?
#
# Thousands of pairs look like a lot. But one photograph is in {glue:text}`scoring-in-pairs` of them, and one person's
# {glue:text}`scoring-resemble` other photographs all resemble it in the same way. If a person is easy to recognise, all
# of that person's pairs are. The pairs are not independent, and a bootstrap that draws pairs as if they were promises
# too much. So this book draws people: in each replicate a person has a multiplicity $w_i$, a genuine pair weighs $w_i$
# and an impostor pair $w_i w_j$.

# %%
p = pairs[14]
bootstrap = PairBootstrap(p.identity_a, p.identity_b, p.genuine, min(run.replicates, 300), run.seed)
by_person = bootstrap.replicate(verification.auc, p.similarity)
n = len(p.genuine)
by_pair = np.array(
    [
        verification.auc(p.similarity, p.genuine, np.bincount(rng.integers(n, size=n), minlength=n))
        for _ in range(len(by_person) // 3)
    ]
)

# %% [markdown]
# Which of the two is right can be tested. Take half of the people, at random, again and again, and look how much the
# AUC varies from half to half: its standard deviation is, to good approximation, the one that an honest interval for
# all of the people must have. (Half the people double the variance; drawing them without replacement halves it
# again.)

# %%
halves = []
for _ in range(len(by_person) // 2):
    half = np.isin(faces.labels, rng.permutation(people)[: people // 2])
    some = AllPairs(matrix[14][np.ix_(half, half)], faces.labels[half]).pairs()
    halves.append(verification.auc(some.similarity, some.genuine))

# %% tags=["hide-input"]
spread = {"drawing pairs": by_pair.std(), "drawing people": by_person.std(), "from half to half": np.std(halves)}
value = verification.auc(p.similarity, p.genuine)
figure, axis = plt.subplots(figsize=(6.2, 2.2))
for row, (draws, colour) in enumerate(((by_pair, orange), (by_person, blue), (np.array(halves), colours[112]))):
    low, high = np.percentile(draws, [2.5, 97.5])
    axis.plot([low, high], [row, row], color=colour, lw=6, solid_capstyle="butt")
axis.axvline(value, color="black", lw=0.8, ls=":")
axis.set(yticks=range(3), yticklabels=list(spread), ylim=(-0.6, 2.6), xlabel="AUC at 14 px")
axis.invert_yaxis()
figures.show(
    figure,
    caption=f"Where 19 of 20 AUC values lie, at 14 px (dotted: all {n:,} pairs, {value:.3f}). Drawing pairs "
    "promises far too much; drawing people comes near to what really happens when the people change.",
    alt="Three horizontal bars; the first is short, the second and third are long.",
    name="scoring-intervals",
)
figures.show_table(
    pd.DataFrame({"how": list(spread), "standard deviation of the AUC": list(spread.values())}),
    "How much the AUC varies, by three ways of asking.",
    {"standard deviation of the AUC": ".4f"},
)
chapter.glue_number("scoring-in-pairs", 2 * (len(faces) - 1), "d")  # as probe and in the gallery
chapter.glue_number("scoring-resemble", np.bincount(faces.labels).max() - 1, "d")
chapter.glue_number("scoring-too-narrow", spread["from half to half"] / spread["drawing pairs"], ".0f")

# %% [markdown]
# Two methods that meet the same faces share their luck: an easy person is easy for both. So a comparison draws the
# same people for both and looks at the difference. Here are two ways to enlarge a 14 px face, bicubic and Lanczos,
# one by one and as a pair.

# %%
windowed = recognizers.embed(network, dg.round_trip(faces.tensor(), 14, up="lanczos"))
lanczos = AllPairs(network.similarity_matrix(windowed, gallery), faces.labels).pairs().similarity
draws = {"bicubic": by_person, "Lanczos": bootstrap.replicate(verification.auc, lanczos)}
values = {"bicubic": value, "Lanczos": bootstrap.value(verification.auc, lanczos)}
report = {name: percentile_interval(values[name], draws[name]) for name in draws}
report["Lanczos - bicubic"] = percentile_interval(
    values["Lanczos"] - values["bicubic"], draws["Lanczos"] - draws["bicubic"]
)

# %% tags=["hide-input"]
figures.show_table(
    pd.DataFrame(
        {
            "AUC at 14 px": list(report),
            "value and interval": [figures.with_interval(i.value, i.low, i.high) for i in report.values()],
            "width": [i.high - i.low for i in report.values()],
        }
    ),
    f"Each method by itself, and their difference under the same draws ({bootstrap.replicates} replicates over "
    f"{people} people).",
)
apart = report["bicubic"].high < report["Lanczos"].low or report["Lanczos"].high < report["bicubic"].low
chapter.glue_text("scoring-overlap", "lie apart" if apart else "overlap")
chapter.glue_text("scoring-differ", "does not contain 0" if report["Lanczos - bicubic"].excludes_zero else "contains 0")
low_far = 1e-2
at_low_far = everyone[14].tar_interval(low_far, bootstrap.replicates, run.seed)
print(f"TAR at FAR {low_far:g} and 14 px: {at_low_far}")

# %% [markdown]
# The two intervals {glue:text}`scoring-overlap`; the interval of the difference {glue:text}`scoring-differ`. Where
# this book calls one method better than another on LFW's pairs, it goes by such a paired interval. Many tables hold
# single values, and two of these side by side are no test: their difference may be luck.

# %% [markdown]
# ### A list of pairs
#
# AT&T's people meet each other in all pairs. LFW's lists hold a pair or two of each of thousands of people. There the
# draw of people goes too far the other way: an impostor pair weighs $w_i w_j$, which varies more than the pair's people
# and its own chance do together {cite:p}`owen2007`. How much is told by lists whose truth is known. Drawn here, without
# any face: people and pairs as many as LFW's View 2 has, scores normal, some part of their variance the person's and
# the rest the pair's. Hundreds of such lists say how much the AUC really varies; then each way of drawing guesses it
# from one list.

# %%
PEOPLE, SEVERAL, LISTED = 5749, 1680, 3000  # LFW's people, those with two photographs, View 2's pairs of either kind
APART, THRESHOLD = 2.0, 2.33  # d' of about two; an impostor in a hundred is above
genuine = np.repeat([True, False], LISTED)


def drawn(share):
    """Scores of one list, and its people: the first and the second of each pair."""
    person = np.sqrt(share) * rng.normal(size=PEOPLE)
    twice, one = rng.integers(SEVERAL, size=LISTED), rng.integers(PEOPLE, size=LISTED)
    other = (one + 1 + rng.integers(PEOPLE - 1, size=LISTED)) % PEOPLE
    of_people = np.concatenate([APART + person[twice], (person[one] + person[other]) / np.sqrt(2)])
    score = of_people + np.sqrt(1 - share) * rng.normal(size=2 * LISTED)
    return score, np.concatenate([twice, one]), np.concatenate([twice, other])


def false_accepts(score, weight):
    return weight @ (~genuine & (score > THRESHOLD)) / (weight @ ~genuine)


lists, replicates = 300, 40 if run.profile == "smoke" else 200
ones, rows = np.ones((1, 2 * LISTED)), []
for share in (0, 0.2, 0.5):
    true = [drawn(share)[0] for _ in range(lists)]
    true = np.std([[verification.auc(s, genuine, ones)[0], false_accepts(s, ones)[0]] for s in true], axis=0)
    guessed = []
    for _ in range(5):
        score, a, b = drawn(share)
        people_drawn = np.concatenate([*PairBootstrap(a, b, genuine, replicates, run.seed).weights()])
        counts = [np.bincount(rng.integers(2 * LISTED, size=2 * LISTED), minlength=2 * LISTED) for _ in people_drawn]
        ways = (people_drawn, np.array(counts, float))
        guessed.append([[verification.auc(score, genuine, w).std(), false_accepts(score, w).std()] for w in ways])
    rows.append([f"{share:.0%}", *(np.mean(guessed, axis=0) / true).T.ravel()])
columns = [f"{metric}, drawing {what}" for metric in ("AUC", "FAR") for what in ("people", "pairs")]
table = pd.DataFrame(rows, columns=["of the variance the person's", *columns])

# %% tags=["hide-input"]
figures.show_table(
    table,
    "How far a bootstrap's standard deviation is from the true one (times), for lists like View 2: AUC, and the false "
    f"accept rate at a threshold that stays. Mean of five lists, truth by {lists}.",
    digits=2,
    name="scoring-lists",
)
wide = {metric: table[f"{metric}, drawing people"] for metric in ("AUC", "FAR")}
for metric, found in wide.items():
    chapter.glue_text(f"scoring-wide-{metric.lower()}", f"{found.min():.1f} to {found.max():.1f}")

# %% [markdown]
# So on LFW's lists this book's intervals are {glue:text}`scoring-wide-auc` times as wide as they need be for the AUC
# and {glue:text}`scoring-wide-far` times for the false accept rate. They err on the careful side: what is called sure
# there is surer than it says, and "not sure" is weak evidence that nothing is there. Drawing pairs would come nearer
# on these lists, and promise too much where people matter.

# %% [markdown]
# ## Summary
#
# - d', AUC and EER sum up the whole curve; the TAR at a low FAR tells what a system would do, and rests on few errors
#   unless all pairs are used.
# - An accuracy needs a threshold from other people than those it is tested on.
# - Ranks depend on what the gallery holds and on what is counted, photographs or people.
# - PSNR, SSIM and LPIPS judge pictures, not people.
# - Drawing pairs makes intervals {glue:text}`scoring-too-narrow` times too narrow here. People are drawn instead, and a
#   difference between two methods is tested on the same draws. On LFW's lists that makes intervals too wide, for the
#   AUC {glue:text}`scoring-wide-auc` times.
