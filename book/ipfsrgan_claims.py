# %% [markdown]
# # ipfsrgan: sizes, ablations, slips and claims
#
# The second page on Li et al. {cite}`li2020`; the method, its training and pilots, the tables and the pictures are on
# {doc}`the first <ipfsrgan>`. You will learn which faces should be super-resolved if faces come in all sizes, why the
# best PSNR of a table may come from a weight of the loss and not from its idea, whether L1 blurs less than the MSE,
# where the paper slips, and which of its claims hold here.

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
from scipy.stats import spearmanr

from lrfr import (
    catalogue,
    chapter,
    datasets,
    degradation,
    diagrams,
    errata,
    figures,
    methods,
    published,
    recognizers,
    record,
    runs,
    tables,
)
from lrfr.evaluation import quality, verification
from lrfr.evaluation.intervals import PairBootstrap
from lrfr.evaluation.pairs import AllPairs
from lrfr.evaluation.validation import PLATEAU
from lrfr.losses import adversarial
from lrfr.losses.pixel import mse_loss
from lrfr.losses.pull import pulls
from lrfr.papers import ipfsrgan
from lrfr.plans import LONGER
from lrfr.record import fooled_rows, logexp_tables, protocol, protocol_rows
from lrfr.record import ipfsrgan as record_ipfsrgan
from lrfr.record import ipfsrgan_rows as at
from lrfr.record.ipfsrgan import ALPHAS, MIXED, PX, THRESHOLDS
from lrfr.record.ipfsrgan_rows import ESRGAN, IP, ORDER, PHOTO, SETS, SRCNN, SRCNN_L1, SRGAN, SWAPPED

run = chapter.start(profile, seed, device, data_root)
smoke = run.profile == "smoke"
results = record.load("ipfsrgan")
paper = published.load("ipfsrgan")
UNSEEN, named = record.UNSEEN, recognizers.title
METHODS = (*ORDER, PHOTO, SWAPPED)
NAMES = record.SET_NAMES


def value(keys):
    return tables.value(results, **keys)


# %% [markdown]
# ## Figure 2: which faces should be super-resolved?
#
# {numref}`ipfsrgan-figure-2` draws the paper's pipeline anew: faces *under a threshold of resolution* are
# super-resolved, the others pass. The paper names no threshold and measures none.

# %% tags=["hide-input"]
boxes = [
    diagrams.Box("photo", "two photo-\ngraphs", 0, 0),
    diagrams.Box("cut", "faces found\nand aligned", 2, 0),
    diagrams.Box("small", "at most\nthe threshold", 4, 0.75),
    diagrams.Box("large", "larger", 4, -0.75),
    diagrams.Box("g", "generator $G$", 6, 0.75, "frozen"),
    diagrams.Box("f", "recogniser $F$", 8, 0, "frozen"),
    diagrams.Box("same", "cosine: the\nsame person?", 10, 0),
]
arrows = [
    ("photo", "cut"),
    ("cut", "small"),
    ("cut", "large"),
    ("small", "g"),
    ("g", "f"),
    ("large", "f"),
    ("f", "same"),
]
figures.show(
    diagrams.flow(boxes, arrows, width=1.5),
    caption="The pipeline of the paper's Figure 2. Nothing learns any more. Each of two faces goes its own way by its "
    "size: small ones through the generator, large ones straight to the face network.",
    alt="A flow from two photographs to aligned faces; faces up to the threshold go through the generator, larger ones "
    "do not; both go to a recogniser and to the cosine of two faces.",
    name="ipfsrgan-figure-2",
)

# %% [markdown]
# Here every photograph of LFW has a size of its own, drawn from a list, and both photographs of a pair are compared at
# theirs. The threshold is chosen on View 1 and confirmed on View 2. A face that is already HR is never touched.

# %% tags=["hide-input"]
n_one, n_two = (
    int(tables.pick(results, **at.pipeline(IP, "sface", 0, view))["n"].iloc[0]) for view in ("devtest", "view2")
)
steps = np.arange(len(THRESHOLDS))
figure, axes = plt.subplots(2, 3, figsize=(8, 5.2), sharex=True, sharey="row")
for (upper, lower), network in zip(axes.T, record.JUDGES, strict=True):
    for i, method in enumerate(ORDER[1:]):
        x, colour = steps + (i - 1.5) * 0.09, figures.method_colour(method)
        best = THRESHOLDS.index(at.best_threshold(results, method, network))
        found = pd.concat([tables.pick(results, **at.pipeline(method, network, t)) for t in THRESHOLDS])
        y = found["value"].to_numpy()
        error = np.abs(found[["low", "high"]].to_numpy().T - y)
        upper.errorbar(x, y, error, color=colour, label=method, lw=1.2, elinewidth=0.8)
        upper.plot(x[best], y[best], "o", color=colour, markersize=5)
        gains = [at.gain(results, method, network, t) for t in THRESHOLDS]
        y = np.array([g.value for g in gains])
        error = np.abs(np.array([[g.low, g.high] for g in gains]).T - y)
        lower.errorbar(x, y, error, color=colour, lw=1.2, elinewidth=0.8)
        lower.plot(x[best], y[best], "o", color=colour, markersize=5)
    lower.axhline(0, color="#666666", linewidth=1)
    upper.set_title(record.seen_as(network))
    lower.set_xlabel("super-resolved up to (px)")
    lower.set_xticks(steps, ["none", *THRESHOLDS[1:]])
axes[0, 0].set_ylabel("AUC, LFW View 2")
axes[1, 0].set_ylabel("AUC minus none")
figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
figures.show(
    figure,
    caption=f"The pipeline on LFW View 2 ({n_two:,} pairs), sizes "
    + ", ".join(map(str, MIXED))
    + " px, equally likely; 95 % intervals over people, below paired with no super-resolution at all. Dots: the "
    f"threshold that was best on View 1 ({n_one:,} pairs)." + tables.precision_note(results, "further"),
    alt="Three plots, one a face network: AUC against the threshold up to which faces are super-resolved; below, its "
    "difference to no super-resolution.",
    name="ipfsrgan-pipeline",
)

# %%
rows = []
for network in record.JUDGES:
    best, last = at.best_threshold(results, IP, network), THRESHOLDS[-1]
    row = {"network": named(network), "best threshold (View 1)": f"{best} px" if best else "none"}
    for name, threshold in (("none", 0), ("best", best)):
        for metric, label in (("auc", "AUC"), ("accuracy", "accuracy")):
            keys = at.pipeline(IP, network, threshold, metric=metric)
            row[f"{label}, {name}"] = tables.cell(results, 4, **keys)
    for name, threshold in (("best", best), ("all but HR", last)):
        g = at.gain(results, IP, network, threshold)
        row[f"AUC, {name} - none"] = figures.with_interval(g.value, g.low, g.high, 4) if threshold else "–"
    rows.append(row | {"best on View 2 too": at.best_threshold(results, IP, network, "view2") == best})
figures.show_table(
    pd.DataFrame(rows),
    f"The pipeline with IP-FSRGAN: the threshold of highest AUC on View 1, measured on View 2 ({n_two:,} pairs), 95 % "
    "intervals over people; differences are paired.",
    name="ipfsrgan-thresholds",
)

# %% [markdown]
# Super-resolving an HR face is said to add noise (Sec. III-C). Here AT&T faces of 112 px go through the 4x network and
# back to 112 px, and, for comparison, through 28 px and the network. Judged by a network that the loss never saw:

# %%
trained = record.trained("ipfsrgan-s0-ip", IP).method
att = datasets.load("att")
count = 16 if smoke else 40
pairs_of = att.first(2, count // 2)
sample = att.subset(pairs_of)
other = recognizers.load("mobilefacenet")
enlarge = methods.at_size(trained, ipfsrgan.HR).enlarge
with torch.no_grad():
    through = torch.cat([degradation.quantize(enlarge(part)) for part in sample.tensor().split(4)])
small = datasets.base.to_tensor(methods.restore(trained, sample.images))
faces_of = {"HR, untouched": sample.tensor(), "HR through the network": through, f"{PX} px, restored": small}
scores = {}
for label, images in faces_of.items():
    vectors = recognizers.embed(other, images)
    scores[label] = AllPairs(other.similarity_matrix(vectors, vectors), sample.labels, both_orders=False).pairs()
reference = scores["HR, untouched"]
bootstrap = PairBootstrap(reference.identity_a, reference.identity_b, reference.genuine, run.replicates)
noise = {}
for label, found in scores.items():
    noise[label] = bootstrap.difference(verification.d_prime, found.similarity, reference.similarity)
    said = f"{label}: d' {verification.d_prime(found.similarity, found.genuine):.1f}"
    if label != "HR, untouched":
        gained, psnr = noise[label].value, float(quality.psnr(faces_of[label], sample.tensor()).mean())
        said += f" ({round(gained, 1) + 0.0:+.1f}), PSNR {psnr:.1f} dB"  # + 0.0: no minus before a rounded zero
    print(said)
print(f"{len(sample)} photographs of {len(sample.identities)} people, two of each")

# %% [markdown]
# ## Two ablations that the paper lacks
#
# **Pairs.** The paper compares the SR face with other photographs, of the same person and of others; its code compares
# it with the HR version of the very same photograph. That changes more than the photograph: no strangers are left, and
# the pull towards the person, which was half of the mean over both kinds of pairs, is now the whole. **Weights.** The
# code gives pixels a hundredth of what features get, as ESRGAN does; the paper prints it the other way round. With the
# code's weights IP-FSRGAN is ESRGAN plus the identity loss (and squared features): same start, same faces, same
# schedule. So the difference to ESRGAN shows what that loss is worth where little else differs, in one training each.

# %%
rows = []
for setting in ("probe", "both"):
    for network in record.JUDGES:
        row = {"setting": setting, "network": named(network)}
        row |= {m: tables.cell(results, 2, **at.view2(m, network, setting, "d_prime")) for m in METHODS}
        rows.append(row)
figures.show_table(
    pd.DataFrame(rows),
    f"d' on LFW View 2 at {PX} px, {n_two:,} pairs, 95 % intervals. Probe: one photograph is LR, the other HR; both: "
    "both restored.",
)

# %%
COMPARED = {
    "IP-FSRGAN - ESRGAN": (IP, ESRGAN),
    "swapped weights - ESRGAN": (SWAPPED, ESRGAN),
    "swapped weights - IP-FSRGAN": (SWAPPED, IP),
    "same photo - IP-FSRGAN": (PHOTO, IP),
}
rows = []
for setting in ("probe", "both"):
    for network in record.JUDGES:
        row = {"setting": setting, "network": named(network)}
        for label, (method, baseline) in COMPARED.items():
            row[label] = tables.cell(results, 4, **at.view2(method, network, setting, f"auc_minus_{baseline}"))
        rows.append(row)
figures.show_table(pd.DataFrame(rows), f"Paired differences in AUC, LFW View 2 at {PX} px, 95 % intervals over people.")

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 2, figsize=(8, 3.8), sharey=True)
for axis, setting in zip(axes, ("probe", "both"), strict=True):
    for k, (label, (method, baseline)) in enumerate(COMPARED.items()):
        keys = [at.view2(method, n, setting, f"d_prime_minus_{baseline}") for n in record.JUDGES]
        found = pd.concat([tables.pick(results, **k) for k in keys])
        x, colour = np.arange(len(found)) + (k - 1.5) * 0.16, figures.method_colour(method)
        filled = colour if baseline == ESRGAN else "white"
        figures.intervals(axis, x, found, color=colour, markerfacecolor=filled, markersize=5, label=label)
    axis.axhline(0, color="#666666", linewidth=1)
    axis.set_xticks(range(len(record.JUDGES)), [f"{named(n)}\n({record.role(n)})" for n in record.JUDGES])
    axis.set_title("LR probe against HR" if setting == "probe" else "both restored")
axes[0].set_ylabel("difference in d'")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
figures.show(
    figure,
    caption=f"What pairs and weights change, LFW View 2 at {PX} px, {n_two:,} pairs, 95 % intervals over people. "
    "Filled: against ESRGAN; open: against IP-FSRGAN as printed.",
    alt="Two plots of differences in d prime with error bars, three face networks and four comparisons each.",
    name="ipfsrgan-ablation",
)

# %%
rows = []
for method in METHODS:
    row = {"method": method}
    for name in ("celeba-held-out", "lfw"):
        row[f"PSNR (dB), {NAMES[name]}"] = tables.cell(results, 2, **at.quality(name, method, "psnr"))
    row["LPIPS"] = tables.cell(results, **at.quality("lfw", method, "lpips_alexnet"))
    row["sharpness"] = tables.cell(results, **at.sharpness("lfw", method))
    row |= {f"cosine, {named(n)}": tables.cell(results, **at.likeness("lfw", method, n)) for n in record.JUDGES}
    rows.append(row)
figures.show_table(
    pd.DataFrame(rows),
    f"The same methods by picture, {PX} px: PSNR, and on LFW View 2 LPIPS (lower is better), sharpness (HR = 1) and "
    "cosine to the own HR face.",
)

# %% [markdown]
# ## Would a longer training say something else?
#
# By its identity distance the shipped IP-FSRGAN still gains in the last fifth of its steps; ESRGAN does not
# ({doc}`the first page <ipfsrgan>`). So IP-FSRGAN was trained on from what is shipped, for half as many steps again, at
# the rate it had two thirds of the way. The discriminator, which is not shipped, learnt anew. Does IP-FSRGAN stand
# still then, and does its difference from ESRGAN depend on where it is stopped?

# %% tags=["hide-input"]
logs = {IP: methods.shipped_log("ipfsrgan-s0-ip"), record_ipfsrgan.ON: runs.kept_log(LONGER)}
figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.2))
done, rows = 0, []
for (name, log), style in zip(logs.items(), ("-", "--"), strict=True):
    seen = pd.DataFrame(log["curve"]).dropna(subset=["validation_mse"])
    for axis, column, factor in ((axes[0], "validation_mse", 1000), (axes[1], "validation_identity", 1)):
        axis.plot(
            done + seen["step"], factor * seen[column], style, color=figures.method_colour(IP), marker=".", label=name
        )
    steps_made = log["settings"]["schedule"]["steps"]
    done += steps_made
    rows.append({"run": name, "steps": f"{steps_made:,}", **tables.plateau(pd.DataFrame(log["curve"]))})
axes[0].set(xlabel="step", ylabel="MSE x 1000", title="90 photographs of held-out people")
axes[1].set(xlabel="step", ylabel="1 - cosine to HR (dlib)", title="seen by the face network")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8)
figures.show(
    figure,
    caption="Faces that were not trained on, while IP-FSRGAN is trained (solid) and trained on (dashed). Where the "
    "second begins, the new discriminator has no say yet, and the MSE falls. MSE on colours in [0, 1], times 1000.",
    alt="Two line plots over the steps of two trainings in a row: squared error, and distance in the face network.",
    name="ipfsrgan-longer-curve",
)

# %%
figures.show_table(
    pd.DataFrame(rows),
    "What the last fifth of each training's steps still gained on those photographs; a plateau is less than "
    f"{PLATEAU:.0%} in both. The weights of the second are not shipped.",
    name="ipfsrgan-longer-plateau",
)


# %%
rows, same = [], []
for setting in ("probe", "both"):
    for network in record.JUDGES:
        row = {"setting": setting, "network": record.seen_as(network)}
        once = at.view2(IP, network, setting, f"auc_minus_{ESRGAN}")
        more, over = (at.longer(record_ipfsrgan.ON, network, setting, f"auc_minus_{other}") for other in (ESRGAN, IP))
        row[f"{IP} - {ESRGAN}"] = tables.cell(results, 4, **once)
        row[f"trained on - {ESRGAN}"] = tables.cell(results, 4, **more)
        row[f"trained on - {IP}"] = tables.cell(results, 4, **over)
        before, now = (tables.decided([tables.pick(results, **keys).iloc[0]]) for keys in (once, more))
        same.append(before == now)
        rows.append(row)
figures.show_table(
    pd.DataFrame(rows),
    f"Paired differences in AUC, LFW View 2 at {PX} px, {n_two:,} pairs, 95 % intervals over people: as shipped, and "
    f"trained on. {sum(same)} of {len(same)} comparisons with {ESRGAN} are decided as before.",
    name="ipfsrgan-longer",
)

# %% [markdown]
# ## Does L1 blur less?
#
# "The L1-norm distance rather than L2-norm distance used here encourages less blurring" (Sec. III-B). SRCNN was trained
# twice, by the MSE and by L1, equal in all else. Sharpness is the mean length of the gradient as a share of HR's: less
# than 1 is blurred.

# %%
BLURRED = ("att", "caltech", "celeba-held-out")
rows = []
for name in BLURRED:
    row = {"set": NAMES[name]}
    row |= {f"sharpness, {m}": tables.cell(results, **at.sharpness(name, m)) for m in ("bicubic", SRCNN, SRCNN_L1)}
    row["L1 - MSE"] = tables.cell(results, 4, **at.sharpness(name, SRCNN_L1, SRCNN))
    row |= {f"PSNR (dB), {m}": tables.cell(results, 2, **at.quality(name, m, "psnr")) for m in (SRCNN, SRCNN_L1)}
    rows.append(row)
figures.show_table(
    pd.DataFrame(rows),
    f"SRCNN by the MSE and by L1, {PX} px, 95 % intervals over people; the difference is paired.",
    name="ipfsrgan-l1",
)

# %% [markdown]
# ## Table 4: one face in numbers
#
# Face A of {doc}`the first page <ipfsrgan>`, whose error maps stand there in the place of the paper's Figure 6.

# %%
rivals = {label: record.trained(f"ipfsrgan-s0-{key}", label).method for key, label in record_ipfsrgan.RIVALS.items()}
caltech = datasets.load("caltech")
face = caltech.subset(np.flatnonzero(caltech.labels == 9)[[1]])
rows, means, in_colour = [], {}, {}
for name, method in {"bicubic": methods.interpolation(PX), **rivals}.items():
    sr = datasets.base.to_tensor(methods.restore(method, face.images))
    means[name] = float(figures.error_map(sr[0], face.tensor()[0]).mean())
    mse = float(mse_loss(quality.luminance(sr), quality.luminance(face.tensor()))) * 255**2
    theirs = {metric: at.printed(paper, 4, metric, name) for metric in ("mse", "psnr", "ssim")}
    row = {"method": name, "MSE, published": f"{theirs['mse']:.2f}", "MSE, ours": f"{mse:.1f}"}
    row |= {"PSNR, published": f"{theirs['psnr']:.2f}", "from its MSE": f"{errata.psnr_of(theirs['mse']):.2f}"}
    row |= {
        "PSNR, ours": f"{float(quality.psnr(sr, face.tensor())[0]):.2f}",
        "RGB PSNR, ours": f"{float(quality.rgb_psnr(sr, face.tensor())[0]):.2f}",
        "SSIM, published": f"{theirs['ssim']:.3f}",
    }
    rows.append(row | {"SSIM, ours": f"{float(quality.ssim(sr, face.tensor())[0]):.3f}"})
    rows[-1]["of the error, colour"] = f"{float(quality.colour_share(sr, face.tensor())[0]):.0%}"
    in_colour[name] = rows[-1]
figures.show_table(
    pd.DataFrame(rows),
    "Table 4, one photograph each, theirs and ours. MSE in squared grey levels (ours: luma, as its PSNR in dB; RGB: "
    "all channels). 'From its MSE' is what the published PSNR should be. Colour: the part of the squared error in "
    "which the three channels differ.",
    name="ipfsrgan-table-4",
)

# %% tags=["hide-input"]
for key, column in (("luma", "PSNR, ours"), ("rgb", "RGB PSNR, ours")):
    gained = float(in_colour[IP][column]) - float(in_colour["bicubic"][column])
    chapter.glue_text(f"ipfsrgan-table-4-{key}", f"{gained:+.2f}")
chapter.glue_text("ipfsrgan-table-4-colour", in_colour[IP]["of the error, colour"])
chapter.glue_text("ipfsrgan-table-4-colour-bicubic", in_colour["bicubic"]["of the error, colour"])

# %% [markdown]
# The paper trains "in RGB channels" and names no channel for its metrics. On this face IP-FSRGAN has
# {glue:text}`ipfsrgan-table-4-luma` dB over bicubic by luma and {glue:text}`ipfsrgan-table-4-rgb` dB by all channels,
# since {glue:text}`ipfsrgan-table-4-colour` of its squared error is colour (bicubic's:
# {glue:text}`ipfsrgan-table-4-colour-bicubic`), which luma hides and the error map of {doc}`the first page <ipfsrgan>`
# shows. A table there has both kinds of PSNR for more faces.
#
# ## Where the paper slips
#
# Each line is checked by the cell that prints it, from the published values or by autograd.

# %% tags=["hide-input"]
HR_TEXT = 0.993  # Sec. V, in the text alone
TRAIN, TEST, CELEBA, PEOPLE = 162_019, 40_580, 202_599, 10_177  # Sec. IV-A; all of CelebA
printed, released, rival = ipfsrgan.paper(), ipfsrgan.released_code(), ipfsrgan.study(run.seed)["esrgan"]
one, mean = ({m: at.printed(paper, 3, "accuracy", m, column) for m in ORDER} for column in ("Factor=1", "Avg. Acc."))
left = {m: (mean[m] - 0.5) / (one[m] - 0.5) for m in ORDER}
t1 = {(s, k, m): at.printed(paper, 1, k, m, s) for s in SETS for k in ("psnr", "ssim") for m in ORDER}
t4 = {(k, m): at.printed(paper, 4, k, m) for k in ("mse", "psnr", "ssim") for m in ORDER}
true_psnr = {m: errata.psnr_of(t4["mse", m]) for m in ORDER}
off = [m for m in ORDER if abs(true_psnr[m] - t4["psnr", m]) > 0.006]
gans = [(k, m) for k in ("psnr", "ssim") for m in (SRGAN, ESRGAN)]
fails = [f"{s} {k.upper()}, {m}" for s in SETS for k, m in gans if t1[s, k, SRCNN] <= t1[s, k, m]]
fails += [f"Table 4 {k.upper()}, {m}" for k, m in gans if t4[k, SRCNN] <= t4[k, m]]
beaten = sum(t1[s, "psnr", IP] > t1[s, "psnr", SRCNN] for s in SETS)
untypical = [
    all(t4[k, m] - t4[k, "bicubic"] < t1[s, k, m] - t1[s, k, "bicubic"] for s in SETS)
    for k in ("psnr", "ssim")
    for m in ORDER[1:]
]
alone = (TEST / CELEBA) ** (CELEBA / PEOPLE - 1)  # all other photographs of a test person are test photographs
draws = torch.Generator().manual_seed(run.seed)
real, fake = (2 * torch.randn(6, generator=draws) for _ in range(2))
right, misprint = adversarial.relativistic_generator_loss, adversarial.misprinted_generator_loss
both = float(misprint(real, fake) + adversarial.misprinted_discriminator_loss(real, fake))
halves = float(right(real, fake, halved=True) / right(real, fake))
same = (rival.pixel, rival.perceptual) == (released.pixel, released.perceptual)
slips = [
    (
        "1 - log(D) (Eqs 3 and 4)",
        f"log(1 - D) is meant: where the discriminator wins by 8, Eq. 3 pulls with {pulls(misprint, [8.0])[0]:.2f} "
        f"instead of {pulls(right, [8.0])[0]:.2f}, and both equations add up to {both:.0f}",
    ),
    ("two expectations (Eqs 3 and 4)", f"the released code takes {halves:g} of their sum"),
    (
        "D : Y -> {0, 1} (Sec. III-A)",
        "Eq. 2 is a function of two faces with values between, such as "
        f"{float(torch.sigmoid(real[0] - fake.mean())):.3f}",
    ),
    (
        "pixel weight over perceptual weight (Sec. IV-B)",
        f"paper {printed.pixel:g} and {printed.perceptual:g}, released code {released.pixel:g} and "
        f"{released.perceptual:g}, which are {'' if same else 'not '}ESRGAN's own",
    ),
    (
        "steps, rate and decay (Secs IV-B and IV-C)",
        "; ".join(
            f"{who} {s.schedule.steps:,}, {s.schedule.learning_rate:g}, {tables.decay(s.schedule)}"
            for who, s in (("paper", printed), ("code", released))
        ),
    ),
    (
        "MSE and PSNR of one picture (Table 4)",
        f"{len(ORDER) - len(off)} of {len(ORDER)} agree; "
        + ", ".join(f"{m}: MSE {t4['mse', m]} is {true_psnr[m]:.2f} dB, printed {t4['psnr', m]}" for m in off),
    ),
    (
        "SRCNN obtains better PSNR and SSIM values than SRGAN and ESRGAN (Sec. IV-C)",
        f"not for {'; '.join(fails)}; the reason given, training on the PSNR, does not explain why IP-FSRGAN beats "
        f"SRCNN on {beaten} of {len(SETS)} sets",
    ),
    (
        "SRCNN, SRGAN and ESRGAN produce much better results compared with LR (Sec. IV-C)",
        f"ESRGAN in Table 4: SSIM {t4['ssim', ESRGAN]:g} under LR's {t4['ssim', 'bicubic']:g}, PSNR "
        f"{t4['psnr', ESRGAN] - t4['psnr', 'bicubic']:+.2f} dB",
    ),
    (
        "Table 4 shows one picture",
        f"no typical one: in {sum(untypical)} of {len(untypical)} cases (method, PSNR or SSIM) the gain over LR is "
        "smaller than the mean gain on each of the three sets",
    ),
    (
        f"{one[IP]:.1%} is quite close to HR's {HR_TEXT:.1%} (Sec. V)",
        f"{(1 - one[IP]) / (1 - HR_TEXT):.1f} times as many errors",
    ),
    (
        "excellent robustness (Abstract)",
        "of the accuracy above chance the averaging leaves "
        + ", ".join(f"{share:.0%} ({'LR' if m == 'bicubic' else m})" for m, share in left.items()),
    ),
    (
        "cosine similarity as a metric (Table 2)",
        "the judge is LightCNN, the network of the loss (Secs IV-B and IV-C)",
    ),
    (
        "extensibility to various face verification models (Abstract)",
        "Table 3 and Figure 7 show one beside the loss's own: SphereFace",
    ),
    (
        "randomly separate CelebA (Sec. IV-A)",
        f"{TRAIN:,} + {TEST:,} = {TRAIN + TEST:,}, all of the set: at the mean of {CELEBA / PEOPLE:.0f} photographs "
        f"a person, all others of a test person lie in the test part with probability {alone:.0e}",
    ),
    ("compared with the target HR face in Figure ?? (caption of Figure 6)", "the reference was never filled in"),
]
figures.show_table(
    pd.DataFrame(slips, columns=["The paper", "What it is"]),
    f"{len(slips)} slips and gaps of the paper.",
    name="ipfsrgan-slips",
)

# %% [markdown]
# The paper calls itself the first to put an identity loss into a GAN for face super-resolution. SiGAN {cite}`hsu2019`
# and FH-GAN {cite}`bayramli2019` had been published the year before: one trains pairs of faces by whether they show one
# person, the other through a face network.
#
# One thing the paper could have said and does not: on LFW, accuracy ranks its five columns exactly as the cosine of
# Table 2 does, and not as PSNR or SSIM. Ours beside it, over bicubic and the six trained methods: View 2, both
# photographs restored, by the two networks that the loss never saw, each with its own cosine. Over all upsamplers of
# the book and four sizes {doc}`protocol` asks the same ({numref}`protocol-pretty`).

# %%
rows = []
theirs = [one[m] for m in ORDER]
row = {"numbers": "published, SphereFace", "methods": len(ORDER)}
row["cosine"] = spearmanr([at.printed(paper, 2, "cosine", m, "LFW") for m in ORDER], theirs).statistic
row |= {k.upper(): spearmanr([t1["LFW", k, m] for m in ORDER], theirs).statistic for k in ("psnr", "ssim")}
rows.append(row)
for network in UNSEEN:
    ours = [value(at.view2(m, network, "both", "accuracy")) for m in METHODS]
    row = {"numbers": f"ours, {named(network)}", "methods": len(METHODS)}
    row["cosine"] = spearmanr([value(at.likeness("lfw", m, network)) for m in METHODS], ours).statistic
    for k in ("psnr", "ssim"):
        row[k.upper()] = spearmanr([value(at.quality("lfw", m, k)) for m in METHODS], ours).statistic
    rows.append(row)
figures.show_table(
    pd.DataFrame(rows),
    f"Spearman correlation with accuracy on LFW (Factor=1; ours: View 2, {PX} px, {n_two:,} pairs), over methods.",
    formats=dict.fromkeys(("cosine", "PSNR", "SSIM"), "+.2f"),
)

# %% [markdown]
# ## What holds?
#
# Claims of an order (the best, above all others) are counted over the rows and points that we have. Claims of a gain
# are decided by paired 95 % intervals on the same people: yes where all lie above 0; no where more lie below than
# chance explains (the {doc}`glossary <glossary>` says how that is counted); mixed where that is so on both sides; in
# part where it is so above alone; else not decided. Each method was trained once: intervals are over people, not over
# trainings.

# %% tags=["hide-input"]
pictures = {(n, k): {m: value(at.quality(n, m, k)) for m in METHODS} for n in SETS.values() for k in ("psnr", "ssim")}
grid = {key: {m: v[m] for m in ORDER} for key, v in pictures.items()}
likeness = {(n, j): {m: value(at.likeness(n, m, j)) for m in ORDER} for n in SETS.values() for j in record.JUDGES}
accuracy = {(j, a): {m: value(at.further(m, j, a)) for m in ORDER} for j in UNSEEN for a in ALPHAS}


def first(found):
    """In how many of these IP-FSRGAN has the highest value."""
    return sum(max(v, key=v.get) == IP for v in found)


def apart(a, b):
    """Whether two intervals have nothing in common."""
    return a["low"] > b["high"] or b["low"] > a["high"]


def better(found):
    return f"{int((found['verdict'] == 'better').sum())} of {len(found)}"


first_own = first(v for (_, j), v in likeness.items() if j == record.TRAINED_WITH)
first_unseen = first(v for (_, j), v in likeness.items() if j != record.TRAINED_WITH)
averages = [{m: at.mean_accuracy(results, m, j, alphas) for m in ORDER} for j in UNSEEN for alphas in at.GRIDS.values()]
stays = {
    j: {m: (at.mean_accuracy(results, m, j, ALPHAS) - 0.5) / (accuracy[j, 1.0][m] - 0.5) for m in ORDER} for j in UNSEEN
}
over_lr = at.duels(results, IP, "bicubic", UNSEEN, "accuracy").query("setting == 'both'")
verified = {j: [value(at.view2(m, j, "both", "accuracy")) for m in ("bicubic", IP)] for j in UNSEEN}
gained = {j: tables.pick(results, **at.view2(IP, j, "both", "accuracy_minus_bicubic")).iloc[0] for j in UNSEEN}
over_esrgan, identity_alone = (at.duels(results, m, ESRGAN, UNSEEN) for m in (IP, SWAPPED))
over_bicubic, ssim_over = (
    {m: float(in_colour[m][f"{k}, ours"]) - float(in_colour["bicubic"][f"{k}, ours"]) for m in ORDER[1:]}
    for k in ("PSNR", "SSIM")
)
costs = {n: pictures[n, "psnr"][SWAPPED] - pictures[n, "psnr"][IP] for n in SETS.values()}
kept = [pictures[n, "psnr"][SWAPPED] >= pictures[n, "psnr"][SRCNN] for n in SETS.values()]
srcnn_first = [v[SRCNN] > max(v[SRGAN], v[ESRGAN]) for v in grid.values()]
srcnn_last = [v[SRCNN] < min(v[SRGAN], v[ESRGAN], v[IP]) for v in likeness.values()]
wrong = {(j, m): 1 - value(at.view2(m, j, "both", "accuracy")) for j in UNSEEN for m in ("HR", "bicubic", IP)}
errors = {m: [wrong[j, m] / wrong[j, "HR"] for j in UNSEEN] for m in (IP, "bicubic")}
close = {m: max(times) < 2 for m, times in errors.items()}
printed_errors = {m: (1 - one[m]) / (1 - HR_TEXT) for m in errors}
through_hr = noise["HR through the network"]
hr_change = " to ".join(f"{round(v, 1) + 0.0:+.1f}" for v in (through_hr.low, through_hr.high))
touched = {j: at.gain(results, IP, j, THRESHOLDS[-1], at.best_threshold(results, IP, j)) for j in UNSEEN}
blur = tables.duels(results, SRCNN_L1, SRCNN, ("sharpness",))
sharper = [value(at.sharpness(n, SRCNN_L1, SRCNN)) for n in BLURRED]
one_protocol = protocol_rows.recorded()
aligned = [m for m in protocol.MOVED if m in catalogue.NETWORKS]
lost = {
    (m, n): fooled_rows.moved(one_protocol, "devtest", m, protocol.MOVED_PX, n)
    for m in (*aligned, "bicubic")
    for n in UNSEEN
}
more = [lost[m, n]["high"] < lost["bicubic", n]["low"] for m in aligned for n in UNSEEN]
losses = ", ".join(f"{m} {tables.gained(r)} ({named(n)})" for (m, n), r in lost.items())
claims = [
    figures.Claim(
        "Best PSNR, SSIM and cosine on all sets (C1)",
        f"first in {first(grid.values())} of {len(grid)} PSNR and SSIM rows; by cosine in {first_own} of {len(SETS)} "
        f"seen by the loss's network and {first_unseen} of {2 * len(SETS)} by unseen ones",
        first(grid.values()) == len(grid) and first_own == len(SETS),
    ),
    figures.Claim(
        f"Super-resolved faces are verified better than LR ones ({one['bicubic']:.1%} to {one[IP]:.1%}, C2)",
        "; ".join(f"{named(j)}: {lr:.1%} to {sr:.1%}, {tables.gained(gained[j])}" for j, (lr, sr) in verified.items())
        + f"; {better(over_lr)} intervals of the accuracy's difference above 0",
        tables.verdict(over_lr),
    ),
    figures.Claim(
        "Excellent robustness under further reduction, here: the highest mean accuracy (C3)",
        f"highest mean accuracy in {first(averages)} of {len(averages)} (grid, unseen network); of the accuracy above "
        "chance " + ", ".join(f"{s[IP]:.0%} stays ({named(j)}; bicubic {s['bicubic']:.0%})" for j, s in stays.items()),
        first(averages) == len(averages),
    ),
    figures.Claim(
        "It extends to face networks that the loss never saw (C4, C16)",
        f"against ESRGAN: {better(over_esrgan)} AUC intervals above 0 (two networks, probe and both); with ESRGAN's "
        f"own weights {better(identity_alone)}",
        tables.verdict(over_esrgan),
    ),
    figures.Claim(
        "The first identity loss in a GAN for face super-resolution (C5)",
        "SiGAN and FH-GAN, both of 2019, are GANs for it with such a loss",
        False,
    ),
    figures.Claim(
        "Training on random patches is quite limited (C7)",
        "not tried: it needs a training of its own, whose face network sees parts of faces",
        None,
    ),
    figures.Claim(
        "The best PSNR is due to rightly synthesised details (C8)",
        f"with the code's weights it keeps SRCNN's PSNR on {sum(kept)} of {len(kept)} sets: "
        + ", ".join(f"{cost:+.2f} dB on {NAMES[n]}" for n, cost in costs.items()),
        True if all(kept) else f"on {sum(kept)} of {len(kept)} sets" if any(kept) else False,
    ),
    figures.Claim(
        "SRCNN has better PSNR and SSIM than SRGAN and ESRGAN (C9)",
        f"in {sum(srcnn_first)} of {len(srcnn_first)} rows (set, metric)",
        all(srcnn_first),
    ),
    figures.Claim(
        "By cosine SRCNN is the last of the four (C10)",
        f"in {sum(srcnn_last)} of {len(srcnn_last)} (set, network)",
        all(srcnn_last),
    ),
    figures.Claim(
        "The error map of IP-FSRGAN is the lowest (C11)",
        f"face A: {min(means, key=means.get)} is lowest with {min(means.values()):.1f} grey levels, IP-FSRGAN has "
        f"{means[IP]:.1f}, the worst of three channels at each pixel; of its squared error "
        f"{in_colour[IP]['of the error, colour']} is colour",
        min(means, key=means.get) == IP,
    ),
    figures.Claim(
        "LR differs most from HR, and all networks are much better (C12)",
        "face A, PSNR over bicubic: "
        + ", ".join(f"{v:+.2f} dB ({m})" for m, v in over_bicubic.items())
        + "; SSIM: "
        + ", ".join(f"{v:+.3f}" for v in ssim_over.values())
        + "; better: above 0",
        all(v > 0 for v in (*over_bicubic.values(), *ssim_over.values())),
    ),
    figures.Claim(
        "Performance varies significantly with the resolution of the input (C13)",
        "accuracy of IP-FSRGAN from "
        + f"{ALPHAS[0]:g} to {ALPHAS[-1]:g} of the size: "
        + "; ".join(
            f"{accuracy[j, ALPHAS[0]][IP]:.1%} to {accuracy[j, ALPHAS[-1]][IP]:.1%} ({named(j)})" for j in UNSEEN
        )
        + "; significantly: the intervals of the ends are apart",
        all(
            apart(*(tables.pick(results, **at.further(IP, j, a)).iloc[0] for a in (ALPHAS[0], ALPHAS[-1])))
            for j in UNSEEN
        ),
    ),
    figures.Claim(
        "Its accuracy curve lies above all others (C14)",
        f"first in {first(accuracy.values())} of {len(accuracy)} points (alpha, unseen network)."
        + tables.precision_note(results, "further", ("accuracy",)),
        first(accuracy.values()) == len(accuracy),
    ),
    figures.Claim(
        "Quite close to HR (C15)",
        f"errors over HR's, {' and '.join(map(named, UNSEEN))}: "
        + "; ".join(f"{m} {' and '.join(f'{t:.1f}' for t in times)} times" for m, times in errors.items())
        + f"; in the paper {printed_errors[IP]:.1f} times, LR {printed_errors['bicubic']:.1f}. Close, a matter of "
        "taste: less than twice; where bicubic is so too, that says nothing of the method",
        "bicubic too" if all(close.values()) else close[IP],
    ),
    figures.Claim(
        "Super-resolving an HR face hurts (C17)",
        f"AT&T, {named('mobilefacenet')}: d' changes by {hr_change} (95 % interval); on LFW, all "
        "sizes instead of those up to the threshold: AUC "
        + ", ".join(f"{figures.with_interval(g.value, g.low, g.high, 4)} ({named(j)})" for j, g in touched.items()),
        bool(through_hr.high < 0) if through_hr.excludes_zero else "not decided",
    ),
    figures.Claim(
        "L1 blurs less than L2 (C18)",
        f"SRCNN by L1 is sharper than by the MSE in {better(blur)} intervals; mean gradient over HR's "
        f"{min(sharper):+.3f} to {max(sharper):+.3f}",
        tables.verdict(blur),
    ),
    figures.Claim(
        "Training and test need the same crop (C19)",
        f"networks for aligned faces before faces moved by three HR pixels, {protocol.MOVED_PX} px, LFW View 1, AUC "
        f"against the same faces as cut: {losses}; surely more than bicubic in {sum(more)} of {len(more)}. {IP} was "
        "not moved",
        True if all(more) else "not decided",
    ),
]
figures.claims_table(claims, "ipfsrgan")

# %% tags=["hide-input"]
pairs = at.duels(results, PHOTO, IP, UNSEEN)
wins, losses = ((pairs["verdict"] == word).sum() for word in ("better", "worse"))
limits = sorted({at.best_threshold(results, IP, j) for j in UNSEEN})
paid = [at.gain(results, IP, j, at.best_threshold(results, IP, j)).low > 0 for j in UNSEEN]
blurs = tables.said(tables.verdict(blur))
moves = "costs PSNR" if max(costs.values()) < 0 else "gains PSNR" if min(costs.values()) > 0 else ""
for name, words in (
    ("gain", f"in {better(over_esrgan)} comparisons"),
    ("alone", f"in {better(identity_alone)}"),
    ("weights", f"{moves} on every set" if moves else "moves PSNR both ways"),
    (
        "pairs",
        f"makes faces better recognised in {wins} and worse in {losses} of {len(pairs)} comparisons"
        if wins + losses
        else "makes no difference in AUC that the intervals can tell",
    ),
    ("limit", " or ".join("none" if t == 0 else f"those up to {t} px" for t in limits)),
    ("paid", f"{sum(paid)} of {len(paid)}"),
    ("blur", f"{blurs}, {better(blur)} intervals say less"),
):
    chapter.glue_text(f"ipfsrgan-summary-{name}", words)

# %% [markdown]
# ## Or no super-resolution at all?
#
# {doc}`logexp` leaves the picture as it is and teaches a recogniser small faces instead. That recogniser, *robust*,
# behind bicubic enlargement, against this chapter's method before the MobileFaceNet that *robust* was taught from:

# %%
figures.show_table(
    logexp_tables.beside("ipfsrgan"),
    "Two roads on the same pairs: LFW View 2, 95 % intervals over people, differences paired.",
    name="ipfsrgan-robust",
)

# %% [markdown]
# ## Summary
#
# - Seen by face networks that had no part in the training, IP-FSRGAN beats ESRGAN {glue:text}`ipfsrgan-summary-gain`;
#   with ESRGAN's own weights, where little but the identity loss differs, {glue:text}`ipfsrgan-summary-alone`.
# - Exchanging the weights of pixels and features, where paper and code disagree, {glue:text}`ipfsrgan-summary-weights`;
#   comparing with the same photograph and no stranger, as the code does, {glue:text}`ipfsrgan-summary-pairs`.
# - Among faces of mixed sizes View 1 would super-resolve {glue:text}`ipfsrgan-summary-limit`. On View 2 that is a sure
#   gain over no super-resolution for {glue:text}`ipfsrgan-summary-paid` unseen networks.
# - Does L1 blur less than the MSE? {glue:text}`ipfsrgan-summary-blur`.
