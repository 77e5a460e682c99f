# %% [markdown]
# # Low-resolution face recognition
#
# A camera far away records a face in a few pixels. A network can enlarge the picture until it looks like a photograph
# again. Does that help to *recognise* the person, or does it only look better?
#
# Five papers answer with five different methods. This book computes their experiments anew, with the same faces, the
# same recognisers and the same measures for all, and prints what they report beside what it finds. Every number comes
# out of a cell that you can run yourself.

# %% tags=["parameters"]
profile = None  # smoke, demo (the default), study or paper
seed = 0
device = "auto"
data_root = None  # the folder with lfw/ and celeba/

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from lrfr import catalogue, chapter, datasets, degradation, figures, methods, record, tables
from lrfr.record import benchmark, combinations, logexp_rows, logexp_tables, protocol_choice, protocol_rows
from lrfr.record.logexp_rows import BASELINE, ROBUST

run = chapter.start(profile, seed, device, data_root)
results = record.load("frloss")
METHODS = ["bicubic", "SRResNet (MSE)", "SRResNet (FR)", "HR"]
PART = {n: "trained with" if n == record.TRAINED_WITH else "never seen" for n in record.JUDGES}
NETWORKS = {n: f"{name} ({PART[n]})" for n, name in record.NETWORK_NAMES.items()}
LOOKING = {n: "dlib (in some losses)" if n == record.TRAINED_WITH else name for n, name in NETWORKS.items()}
PX = 14
view2 = {"set": "lfw", "protocol": "view2", "setting": "probe", "seed": 0}

# %% [markdown]
# ## One face, four sizes
#
# {numref}`index-sizes` makes one face small four times and lets some methods enlarge it. *Helps* says that two
# recognition networks which no method was trained with both tell people apart more surely than after bicubic
# enlargement, *hurts* that both do less surely. All methods but Real-ESRGAN and bicubic are trainings of this book: on
# a subset of CelebA, on two processor cores, far smaller than those of the papers whose names they bear.

# %% tags=["hide-input"]
caltech = datasets.load("caltech")
example = caltech.subset([int(np.flatnonzero(caltech.labels == 5)[0])])
sizes = (56, 28, 14, 7)
SHOWN = ["bicubic", "Real-ESRGAN", "RRDB (MSE)", "SRResNet (FR)", "IP-FSRGAN", "FTLGAN", "U-Net"]
VIEWS = {"view2": 2, "devtest": 1}
benchmarked, combined = protocol_rows.recorded(), protocol_rows.recorded(combinations.RESULTS)
papers = [results, record.load("ipfsrgan"), record.load("ftlgan"), record.load("multiscale")]


def gains(method, px):
    """Paired differences in AUC to bicubic on LFW, LR probe against HR, one a network, and the view; or none.

    Of the one protocol, or of the method's paper where that does not have it.
    """
    for view in VIEWS:
        where = {n: protocol_rows.at(view, method, px, "auc_minus_bicubic", n, "probe") for n in NETWORKS}
        sources = [(benchmarked, where), *((t, {n: k | {"protocol": view} for n, k in where.items()}) for t in papers)]
        for table, keys in sources:
            found = {n: tables.matching(table, **keys[n]) for n in NETWORKS}
            if all(map(len, found.values())):
                return {n: rows.iloc[0] for n, rows in found.items()}, view
    return {}, None


def verdict(found):
    """What the networks that no loss knew say together."""
    unseen = [found[n] for n in record.UNSEEN if n in found]
    if not unseen:
        return "not measured"
    if all(r["low"] > 0 for r in unseen):
        return "helps"
    return "hurts" if all(r["high"] < 0 for r in unseen) else "unsure"


FRAMES = {
    "helps": ("#0077BB", 2.5),
    "hurts": ("#CC3311", 2.5),
    "unsure": ("#666666", 2.5),
    "not measured": ("#666666", 0.5),
}
judged = {(m, px): gains(m, px) for px in sizes for m in SHOWN[1:]}
cells, words = [], []
for px in sizes:
    ways = {e.method.name: e.method for e in benchmark.entries(px, SHOWN)}
    low = degradation.degrade(example.tensor(), px)[0]
    cells += [low, *(methods.restore(ways[m], example.images)[0] for m in SHOWN), example.images[0]]
    words += ["", "", *(verdict(judged[m, px][0]) for m in SHOWN[1:]), ""]
titles = ["LR", "bicubic", "Real-\nESRGAN", "RRDB\n(MSE)", "SRResNet\n(FR)", "IP-\nFSRGAN", "FTLGAN", "U-Net", "HR"]
figure = figures.face_strip(cells, titles, rows=[f"{px} px" for px in sizes], size=1.1)
for axis, word in zip(figure.axes, words, strict=True):
    if word:
        colour, width = FRAMES[word]
        axis.set_xlabel(word, color=colour, fontsize=10)
        axis.spines[:].set(visible=True, color=colour, linewidth=width)
figures.show(
    figure,
    caption="A Caltech face {cite}`weber1999` at four sizes and what becomes of it. Real-ESRGAN {cite}`wang2021` is "
    "made for pleasant pictures, RRDB (MSE) for right pixels, the others for recognition, FR by the FR loss. Each has "
    "the network of the nearest size that it was trained for; U-Net is one for all sizes. Judged by paired 95 % "
    "intervals over people on LFW; unsure: they do not both leave 0 on one side.",
    alt="Four rows, 56, 28, 14 and 7 px: the small face, its enlargements, each framed by what it does for "
    "recognition, and the original.",
    name="index-sizes",
)

# %% [markdown]
# In numbers: small faces are called LR (low resolution), large ones HR. An LR photograph of somebody, the *probe*, is
# compared with an HR photograph in a *gallery*. AUC is the probability that two photographs of one person are found
# more alike than two of different people: one half is guessing, one is perfect. The [glossary](glossary) has all words,
# [How recognition is scored](scoring) shows each measure at work.

# %% tags=["hide-input"]
rows, counts = [], {}
for (method, px), (found, view) in judged.items():
    if found:
        row = {"px": px, "method": method}
        row |= {label: tables.gained(found[n]) for n, label in LOOKING.items()}
        counts[VIEWS[view]] = int(found["sface"]["n"])
        rows.append(row | {"view": VIEWS[view], "unseen": verdict(found)})
figures.show_table(
    pd.DataFrame(rows),
    "AUC minus that of bicubic enlargement, LR probe against HR gallery, paired 95 % intervals over people, on LFW "
    + " and ".join(f"View {view} ({n:,} pairs)" for view, n in sorted(counts.items()))
    + ", its two lists of pairs. Unseen: what SFace and MobileFaceNet say together.",
    name="index-gains",
)
for word in ("helps", "hurts"):
    told = [f"{m} at {px} px" for (m, px), (found, _) in judged.items() if found and verdict(found) == word]
    chapter.glue_text(f"index-{word}", ", ".join(told) or "none")

# %% tags=["hide-input"]
other, TAUGHT = record.load("logexp"), (7, 14, 28, 112)
more = {px: logexp_rows.over(other, ROBUST, px, "probe") for px in TAUGHT}
both = logexp_tables.beside_pretrained(other, (BASELINE, ROBUST), (), TAUGHT, "probe", "auc")
both.columns = ["px", "MobileFaceNet", "taught small faces"]
both["px"] = both["px"].replace({112: "112 (HR)"})
both["difference"] = [tables.gained(gain) for gain in more.values()]
figures.show_table(
    both,
    "The other road: bicubic enlargement for all, but a recogniser that was taught small faces. AUC, LR probe against "
    f"HR gallery, LFW View 2, {int(more[7]['n']):,} pairs, 95 % intervals over people, differences paired.",
    name="index-taught",
)
chapter.glue_text("index-taught", ", ".join(f"{px} px" for px, gain in more.items() if gain["low"] > 0) or "no size")

# %% [markdown]
# - **It helps recognisers that had no say in the loss:** {glue:text}`index-helps`.
# - **It hurts them, however it looks:** {glue:text}`index-hurts`.
# - **A recogniser that was taught small faces** needs nothing restored ([logexp](logexp)). A sure gain:
#   {glue:text}`index-taught`.
#
# ## What to use at which size
#
# [One protocol for all](protocol) lets every method restore the same faces and every recogniser look at them, each
# alone and in combination. What is best on the pairs of LFW's View 1 is recommended, with its numbers on those of View
# 2, unless something simpler is not surely worse there. Both views show many of the same people
# ([One protocol](protocol) says in how many pairs, and measures again without these).
# [What could fool us](protocol_fooled) doubts all of it.

# %% tags=["hide-input"]
decisions = protocol_choice.decisions(benchmarked, combined)
figures.show_table(
    protocol_choice.decision_table(decisions), protocol_choice.decision_caption(decisions), name="index-decisions"
)
files = {benchmark.RESULTS: benchmarked, combinations.RESULTS: combined}
errors = {
    px: protocol_choice.number(files, d.places[1], d.system.method, d.system.recognizer, px, "frr_at_hr_threshold")
    for px, d in zip(catalogue.SIZES, decisions, strict=True)
    if d is not None
}
chapter.glue_text(
    "index-rejected", ", ".join(f"{protocol_choice.written(e, 3)} at {px} px" for px, e in errors.items())
)

# %% [markdown]
# An AUC near one does not make a system. At the threshold where it takes one HR pair of strangers in a hundred for one
# person, what is recommended rejects this share of the pairs that show one person: {glue:text}`index-rejected`
# ([What could fool us](protocol_fooled)).

# %% [markdown]
# ## What a recogniser in the loss is worth
#
# {numref}`index-finding` shows one face at 14 px, enlarged in three ways, and the face itself. Below each, how well
# three recognition networks tell persons apart on LFW {cite:p}`huang2007` when the probe is treated in that way and
# compared with an HR photograph. One network was used to train the method. The other two had no say in the loss; how
# they do on LFW's View 1 was seen when its settings were chosen.

# %% tags=["hide-input"]
ways = [
    methods.interpolation(PX),
    record.trained("frloss-8x-s0-mse", "SRResNet (MSE)", run.device).method,
    record.trained("frloss-8x-s0-fr", "SRResNet (FR)", run.device).method,
    methods.hr(),
]
figure, axes = plt.subplot_mosaic(
    [["LR", *METHODS], ["legend"] + ["auc"] * len(METHODS)], figsize=(7, 4.6), height_ratios=[1, 1.7]
)
low = degradation.degrade(example.tensor(), PX)[0].permute(1, 2, 0).numpy()
pictures = {"LR": low} | {way.name: methods.restore(way, example.images)[0] for way in ways}
for name, picture in pictures.items():
    axes[name].imshow(picture)
    axes[name].set_axis_off()
    axes[name].set_title(f"{PX} px" if name == "LR" else name)
places = {method: i for i, method in enumerate(METHODS)}
for network, marker, shift in zip(NETWORKS, "osD", (-0.12, 0, 0.12), strict=True):
    for method in METHODS:
        row = tables.pick(
            results, method=method, px=112 if method == "HR" else PX, recognizer=network, metric="auc", **view2
        ).iloc[0]
        error = [[max(0, row["value"] - row["low"])], [max(0, row["high"] - row["value"])]]
        colour = figures.method_colour(method)
        axes["auc"].errorbar(places[method] + shift, row["value"], error, color=colour, marker=marker, markersize=6)
    label = NETWORKS[network].replace(" (", "\n(")
    axes["legend"].plot([], [], color="#555555", marker=marker, linestyle="", label=label)
axes["auc"].set(xlim=(-0.5, 3.5), xticks=range(4), xticklabels=METHODS, ylabel="AUC")
axes["legend"].set_axis_off()
axes["legend"].legend(loc="center left", borderaxespad=0, handletextpad=0.2, labelspacing=1)
pairs = int(row["n"])
figures.show(
    figure,
    caption=f"Above: a Caltech face at {PX} px and enlarged. Below: area under the ROC curve for an LR probe at "
    f"{PX} px against an HR gallery photograph, LFW View 2, {pairs:,} pairs, with 95 % intervals over people.",
    alt="Five pictures of one face: a mosaic, three enlargements of it, the sharp original; below them the AUC of "
    "three recognition networks for each enlargement and the original.",
    name="index-finding",
)

# %% tags=["hide-input"]
rows = []
for method in METHODS:
    px = 112 if method == "HR" else PX
    psnr = None
    if method != "HR":
        psnr = tables.value(results, set="celeba-held-out", method=method, px=px, metric="psnr", seed=0)
    auc = {
        label: tables.cell(results, method=method, px=px, recognizer=network, metric="auc", **view2)
        for network, label in NETWORKS.items()
    }
    rows.append({"method": method, "PSNR (dB)": psnr, **auc})
figures.show_table(
    pd.DataFrame(rows),
    f"{PX} px: AUC on LFW View 2 (LR probe, HR gallery, 95 % intervals) and PSNR on faces of people held out of the "
    "training. The picture with the highest PSNR is not the one that recognises best.",
    formats={"PSNR (dB)": ".2f"},
)

# %% tags=["hide-input"]
fr = {"method": "SRResNet (FR)", "px": PX, **view2}
over = []


def percents(share):
    """A share with its 95 % interval."""
    return f"{tables.written(share, 0, 100)} %"


for network in NETWORKS:
    share = tables.pick(results, recognizer=network, metric="auc_share_of_gap", **fr).iloc[0]
    assert share["low"] > 0, "the text below says that the gain carries over"
    chapter.glue_text(f"index-share-{network}", percents(share))
    more = tables.pick(results, recognizer=network, metric="auc_minus_SRResNet (MSE)", **fr).iloc[0]
    over.append(more["low"] > 0)
    alone = {**fr, "method": "SRResNet (MSE)", "recognizer": network, "metric": "auc_share_of_gap"}
    chapter.glue_text(f"index-mse-{network}", percents(tables.pick(results, **alone).iloc[0]))
    gain = tables.pick(results, **{**alone, "metric": "auc_minus_bicubic"}).iloc[0]
    sure = "surely" if gain["low"] > 0 else "not surely" if gain["high"] >= 0 else "surely not"
    chapter.glue_text(f"index-sure-{network}", sure)
chapter.glue_text("index-over", f"{sum(over)} of {len(over)}")
lost = rows[1]["PSNR (dB)"] - rows[2]["PSNR (dB)"]
assert lost > 0, "the text below says that PSNR prefers the other network"
chapter.glue_number("index-lost-psnr", lost, ".2f")

# %% [markdown]
# - **Super-resolution for pixels alone helps one recogniser and not the next.** Trained on the MSE it closes
#   {glue:text}`index-mse-dlib` of the gap in AUC between bicubic enlargement and the untouched face for dlib's network,
#   {glue:text}`index-mse-sface` for SFace and {glue:text}`index-mse-mobilefacenet` for MobileFaceNet. Is it a gain, by
#   the 95 % interval? {glue:text}`index-sure-dlib`, {glue:text}`index-sure-sface`,
#   {glue:text}`index-sure-mobilefacenet`.
# - **It helps more if a recogniser has a say in its training.** With the FR loss {cite:p}`abello2019` of dlib's
#   network, the share is {glue:text}`index-share-dlib` for that network.
# - **The gain carries over.** For the two networks that it never saw, the share is {glue:text}`index-share-sface` and
#   {glue:text}`index-share-mobilefacenet`. Of the three gains over the MSE alone, {glue:text}`index-over` are sure.
# - **PSNR can choose wrongly.** The better method has {glue:text}`index-lost-psnr` dB *less* of it than the same
#   network trained for PSNR alone. Does it go along with recognition over many upsamplers? [One protocol](protocol)
#   correlates them.

# %% [markdown]
# ## How small is small?
#
# HR faces here are 112 pixels wide. The book makes them small and asks what is left.

# %% tags=["hide-input"]
left = pd.DataFrame({"size (px)": (112, 56, 28, 14, 7)})
left["pixels"] = left["size (px)"] ** 2
left["one stands for"] = (112 // left["size (px)"]) ** 2
figures.show_table(left, "Pixels of a face, and how many HR pixels each of them stands for.", {"pixels": ",d"})

# %% [markdown]
# ## The papers
#
# | Paper | Idea | Chapter |
# |---|---|---|
# | Abello and Hirata {cite:p}`abello2019` | train super-resolution through a recogniser | [frloss](frloss) |
# | Li et al. {cite:p}`li2020` | adversarial training with an identity loss | [ipfsrgan](ipfsrgan) |
# | Khazaie et al. {cite:p}`khazaie2020` | one network for every resolution | [multiscale](multiscale) |
# | Ling et al. {cite:p}`ling2023` | no super-resolution: teach the recogniser small faces | [logexp](logexp) |
# | Pulgar and Mery {cite:p}`pulgar2024` | train super-resolution with triplets of faces | [ftlgan](ftlgan) |
#
# [One protocol for all](protocol) compares what the papers cannot, [Coverage](coverage) lists each of their tables,
# figures and claims with its answer, and [Errata](errata) what is wrong in them.
# [Faces and how they get small](faces) and [How recognition is scored](scoring) explain what all chapters rest on;
# [Faces, consent and evidence](ethics) says whose faces these are and why a restored face proves nothing.
#
# ## The faces you can see here

# %% tags=["hide-input"]
rows = []
for name, label in (("att", "AT&T"), ("caltech", "Caltech")):
    faces = datasets.load(name)
    rows.append({"set": label, "photographs": len(faces), "people": len(faces.identities)})
figures.show_table(pd.DataFrame(rows), "The two sets that come with the book's packages. All pictures show them.")

# %% [markdown]
# ## Run it yourself
#
# `make book` executes every chapter and renders these pages; nothing is needed but Python and a few minutes.
# `lrfr book --chapter frloss --profile study` does one chapter again with LFW and CelebA from your own disk. The
# profiles are `smoke` (seconds, what the tests run), `demo` (the default), `study` (what is recorded on LFW and CelebA
# is computed anew and compared) and `paper` (trains by a paper's own settings, on its own training faces).
# `lrfr upscale photo.jpg` lets every network restore the face on a photograph of your own.
