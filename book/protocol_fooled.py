# %% [markdown]
# # What could fool us
#
# {doc}`The first page <protocol>` recommends. This page doubts: would the same method win before another network, at a
# threshold that nobody moved, on faces that are cut badly, for everyone? And what comes of combining what nobody
# combined?
#
# ```{admonition} What you will learn
# - whether an identity loss teaches identity or the taste of the network in it;
# - what averaging several upsamplers, or a taught recogniser behind one, adds;
# - whether restoring faces makes strangers alike where a system's threshold stays;
# - what a badly cut face costs, and whether a small face is found at all;
# - how unequally people are served, and what our sets cannot tell about it.
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

from lrfr import catalogue, chapter, datasets, degradation, figures, methods, needs, plans, recognizers, record, tables
from lrfr.catalogue import SIZES
from lrfr.evaluation import verification
from lrfr.evaluation.pairs import AllPairs
from lrfr.evaluation.people import each as each_person
from lrfr.measure import Measured
from lrfr.record import SETTING_NAMES as SETTINGS
from lrfr.record import benchmark, combinations, detection, fooled_rows, protocol_points, transfer, twins
from lrfr.record import protocol_choice as choice
from lrfr.record import protocol_rows as at
from lrfr.record.benchmark import JITTERS
from lrfr.record.failures import crossed
from lrfr.record.protocol_rows import PLACES

run = chapter.start(profile, seed, device, data_root)
smoke = run.profile == "smoke"
files = {name: at.recorded(name) for name in (benchmark.RESULTS, combinations.RESULTS)}
results, combined = files.values()
UNSEEN = record.UNSEEN
judges = (*UNSEEN, benchmark.ROBUST)
PX, PLAIN = 14, combinations.PLAIN
MOST = 3
colour, named = figures.method_colour, recognizers.title

# %% [markdown]
# ## Identity, or a network's taste?
#
# A generator that is trained through a face network may learn what makes faces alike, or what makes *this network* find
# them alike. So the identity losses of frloss (called *FR* here), ftlgan (*triplet*) and ipfsrgan (*cosine*) were
# trained through each of three recognisers, and once through none. Within a loss all else is equal but one thing: the
# triplet loss through dlib's network is on squared Euclidean distances, through the other two on cosines, as these
# networks measure. FR and triplet were trained as in their chapters. Cosine was not: it is a shorter pilot of IP-FSRGAN
# without its discriminator ({glue:text}`protocol-transfer-steps`). For multiscale this was not done: all its trainings
# have dlib's network in the loss. Its identity loss is a squared distance of embeddings as frloss's. The figure shows
# what the identity loss gains over none, seen by each recogniser: on the diagonal the network of the loss judges its
# own pupil. LFW View 1.

# %% tags=["hide-input"]
moved = at.recorded(transfer.RESULTS)
known = {loss: m for loss in plans.TRANSFER if len(m := fooled_rows.matrix(moved, loss))}
missing = [loss for loss in plans.TRANSFER if loss not in known]
gains = pd.concat(known.values(), ignore_index=True)
names = [named(n) for n in record.JUDGES]
maps = {}
for loss, found in known.items():
    rows = {(r["through"], r["recognizer"]): r for _, r in found.iterrows()}
    title = f"{loss}, {plans.TRANSFER[loss][0]} px"
    maps[title] = [[rows.get((through, judge)) for judge in record.JUDGES] for through in record.JUDGES]
top = gains["value"].abs().max()
figure = figures.gain_maps(maps, names, dict.fromkeys(maps, names), top, "AUC over no identity", digits=4)
for axis in figure.axes[: len(maps)]:
    for i in range(len(names)):
        axis.add_patch(plt.Rectangle((i - 0.48, i - 0.48), 0.96, 0.96, fill=False, edgecolor="black", lw=1.5))
figure.axes[0].set_ylabel("network in the loss")
figure.supxlabel("network that judges", fontsize=10)
own, other = gains[gains["own"]], gains[~gains["own"]]
runs = {loss: plans.find(through["dlib"]) for loss, (_, through) in plans.TRANSFER.items()}
assert not runs["cosine"].settings.adversarial, "the text says that it has no discriminator"
runs["IP-FSRGAN itself"] = plans.find(catalogue.NETWORKS["IP-FSRGAN"][28])
lengths = {name: run.settings.schedule for name, run in runs.items()}
steps = ", ".join(f"{name} {plan.steps:,} x {plan.batch_size}" for name, plan in lengths.items())
chapter.glue_text("protocol-transfer-steps", f"steps x faces: {steps}")
figures.show(
    figure,
    caption="What each identity loss gains in AUC over the same training without identity, LFW View 1, LR probe "
    "against HR: FR of frloss, triplet of ftlgan, cosine of ipfsrgan, without its discriminator and shorter. Steps x "
    f"faces: {steps}. Framed: the network of the loss judges itself. Bold: the 95 % interval over people leaves 0 out; "
    "each training was done once." + (f" Not recorded yet: {', '.join(missing)}." if missing else ""),
    alt="A three by three heat map for each loss: network in the loss against network that judges.",
    name="protocol-transfer",
)
rows = []
for loss in known:
    for setting, words in SETTINGS.items():
        one = fooled_rows.matrix(moved, loss, setting)
        row = {"loss": loss, "setting": words}
        for kind, part in (("own network", one[one["own"]]), ("others", one[~one["own"]])):
            row[f"mean gain, {kind}"] = f"{part['value'].mean():+.4f}" if len(part) else "–"
            row[f"sure gains, {kind}"] = f"{(part['low'] > 0).sum()} of {len(part)}"
        rows.append(row)
figures.show_table(
    pd.DataFrame(rows), "Gains in AUC over no identity, LFW View 1: judged by the loss's network, and by others."
)
chapter.glue_text("protocol-carried", f"{(other['low'] > 0).sum()} of {len(other)}")
chapter.glue_text("protocol-own", f"{(own['low'] > 0).sum()} of {len(own)}")

# %% [markdown]
# The gain is sure for {glue:text}`protocol-own` trainings in the eyes of the network that taught them, and for
# {glue:text}`protocol-carried` pairs in the eyes of another. What only the teacher sees is taste. These counts do not
# measure it: each network has its own room to gain. So let one network look at its own pupil and at those that the two
# others taught, on the same pairs. What it sees more in its own is taste, or the luck of one training.

# %% tags=["hide-input"]
rows = []
for loss in known:
    for setting, words in SETTINGS.items():
        seen = {n: at.row(moved, fooled_rows.ahead(loss, n, setting)) for n in record.JUDGES}
        rows.append({"loss": loss, "setting": words} | {f"seen by {named(n)}": at.gain(r) for n, r in seen.items()})
figures.show_table(
    pd.DataFrame(rows),
    "AUC of a network's own pupil minus the mean of the two others' pupils, seen by that network, paired, LFW View 1, "
    "95 % intervals over people.",
)
own_pupils = tables.matching(moved, protocol=transfer.TASTE, metric=f"auc_minus_{transfer.OTHERS}")
chapter.glue_text("protocol-taste", tables.counted([r for _, r in own_pupils.iterrows()]))
trained = record.load("frloss")
luck = {(n, s): np.ptp(at.seeds(trained, "SRResNet (FR)", PX, "auc", n, s)) for s in SETTINGS for n in record.JUDGES}
alike = tables.matching(own_pupils, px=PX)  # the seeds are of this size
smaller = [r for _, r in alike.iterrows() if abs(r["value"]) <= luck[r["recognizer"], r["setting"]]]
chapter.glue_text("protocol-no-larger", f"{len(smaller)} of {len(alike)}")
chapter.glue_text(
    "protocol-luck",
    "; ".join(
        f"{words}: " + ", ".join(f"{luck[n, s]:.4f} ({named(n)})" for n in record.JUDGES)
        for s, words in SETTINGS.items()
    ),
)

# %% [markdown]
# Own pupils against the others': {glue:text}`protocol-taste`, losses times networks times settings. The intervals are
# over people: each pupil was trained once, and another training may move it. How far? The FR loss through dlib's
# network was trained three times at 14 px, and the AUC of these trainings lies this far apart on the same pairs:
# {glue:text}`protocol-luck`. Of the differences at 14 px {glue:text}`protocol-no-larger` are no larger than that of
# their network and setting. At 28 px, where cosine was trained, no loss has several seeds.
#
# ## Combinations nobody tried
#
# Averages of the embeddings of several upsamplers, averages of the similarities of two recognisers, super-resolution
# before the recogniser that was taught small faces, and one paper's network with another's loss (*U-Net (triplet)*, at
# the end). At 14 px one training of the figure above takes part too: *SRResNet (FR by SFace)*, whose loss saw SFace
# instead of dlib's network. Before SFace it is judged by its own teacher, before the other two it is not; a system is
# chosen for what it is worth, whoever taught it. Candidates are ranked at one place; what counts is the other. That
# other place has no say in the ranking, but it decides what gives way to something simpler, and it was looked at more
# than once while this book grew: a number there is that of the few that came so far, and a little too good. All of them
# are listed below.


# %% tags=["hide-input"]
def best_combinations(places):
    """The best few of each size where one chooses, with their numbers at both places."""
    first, second = (PLACES[p] for p in places)
    rows = []
    for px in SIZES:
        for method, network in choice.ranked(combined, px, places)[:MOST]:
            row = {"face (px)": px, "system": method, "recogniser": named(network)}
            for place in places:
                there = choice.keys(combinations.RESULTS, place, method, px, network, "auc")
                row[f"AUC, {PLACES[place]}"] = at.cell(combined, there, 4)
            row["minus bicubic"] = at.gain(at.row(combined, {**there, "metric": "auc_minus_bicubic"}))
            rows.append(row)
    table = pd.DataFrame(rows)
    figures.show_table(
        table.drop(columns=[c for c in table if (table[c] == "–").all()]),
        f"Combinations, the best {MOST} of each size on {first}, LR probe against HR, 95 % intervals over people; "
        f"paired differences in AUC are those of {second}"
        + (", where only what was chosen at some time is measured." if places == choice.LFW else "."),
    )


decisions = dict(zip(SIZES, choice.decisions(results, combined), strict=True))
best_combinations(choice.LFW)

# %% tags=["hide-input", "hide-output"]
best_combinations(choice.PACKAGED)

# %% [markdown]
# Does super-resolution add something before a recogniser that was taught small faces? {numref}`protocol-taught` has its
# gains over bicubic beside those before the recogniser that it was made of.

# %% tags=["hide-input"]
place, maps, heads = at.fullest(results), {}, {}
names = at.order(m for px in SIZES for m in at.methods(results, place, px, metric="auc_minus_bicubic"))
for network in (PLAIN, benchmark.ROBUST):
    sizes = {f"{px} px": (px, "bicubic") for px in SIZES}
    maps[named(network)], heads[named(network)] = at.gains(results, place, names, network, sizes)
top = protocol_points.colours_end(maps)
seen = {n: [r for line in grid for r in line if r is not None] for n, grid in maps.items()}
told = ", ".join(f"{sum(r['low'] > 0 for r in rows)} of {len(rows)} before {n}" for n, rows in seen.items())
figures.show(
    figures.gain_maps(maps, names, heads, top, "AUC minus bicubic", digits=4),
    caption=f"AUC minus that of bicubic before the same recogniser, {PLACES[place]}, LR probe against HR; colours end "
    f"at {top:.2f}. Bold: the 95 % interval over people leaves 0 out. Below each size: the AUC of bicubic. Sure "
    f"gains: {told}.",
    alt="Two heat maps, MobileFaceNet and what became of it when it was taught small faces: upsamplers in rows, sizes "
    "in columns, orange for losses and violet for gains.",
    name="protocol-taught",
)

# %% tags=["hide-input", "hide-output"]
rows = []
for px in SIZES:
    for method in at.methods(results, place, px):
        keys = at.at(place, method, px, "auc", benchmark.ROBUST, "probe")
        if at.row(results, keys) is not None:
            row = {"face (px)": px, "upsampler": method, "AUC, robust": at.cell(results, keys, 4)}
            row["minus bicubic, robust"] = at.gain(at.row(results, {**keys, "metric": "auc_minus_bicubic"}))
            row["AUC, MobileFaceNet"] = at.cell(results, {**keys, "recognizer": "mobilefacenet"}, 4)
            rows.append(row)
figures.show_table(pd.DataFrame(rows), f"The same in numbers, {PLACES[place]}, LR probe against HR.")

# %% tags=["hide-input"]
chosen = []
for px, found in decisions.items():
    over = fooled_rows.rivals(combined, found.first.method, px, found.first.recognizer)
    alone = {name: combinations.simple(name) for name in found.first.recognizers if name != PLAIN}
    single = next((name for name in over if not name.startswith("bicubic")), None)
    rivals = {"bicubic": "bicubic", "best single": single, "plain": combinations.PLAIN_NAME}
    row = {"face (px)": px, "first": choice.called(found.first)}
    row |= {f"minus {word}": at.gain(over.get(name)) for word, name in rivals.items()}
    one = [f"{named(name)} {at.gain(over[key])}" for name, key in alone.items() if key in over]
    chosen.append(row | {"minus bicubic before one of its recognisers": "; ".join(one) or "–"})
figures.show_table(
    pd.DataFrame(chosen),
    "The best system on LFW View 1, and how much more AUC it has on View 2 than bicubic before the same recogniser, "
    "than the best single upsampler before it, than plain (bicubic before MobileFaceNet), and than bicubic before one "
    "of its recognisers alone; paired. What is not surely better than what is simpler gives way to it: what is to be "
    "used, and its AUC, stands in the table of decisions of the first page.",
)
several = {
    word: sum(len(s.upsamplers) > 1 for s in those)
    for word, those in (
        ("first", [found.first for found in decisions.values()]),
        ("used", [found.system for found in decisions.values()]),
    )
}
first, used = several.values()
said = f"first at {first} of {len(decisions)} sizes and is to be used at {used or 'none'} of these"
if used < first:
    said += f": {'at the others ' if used else ''}something simpler was not surely worse"
chapter.glue_text("protocol-several", said)

# %% tags=["hide-input", "hide-output"]
tried = tables.matching(combined, protocol=combinations.CONFIRMATION, metric="auc", setting="probe")
figures.show_table(
    pd.DataFrame(
        {
            "face (px)": r["px"],
            "system": r["method"],
            "recogniser": named(r["recognizer"]),
            "AUC": tables.written(r, 4),
            "recorded": r["date"],
        }
        for _, r in tried.sort_values(["px", "value"], ascending=[True, False]).iterrows()
    ),
    "Every combination that was ever measured on LFW View 2, those that gave way and their rivals too; single "
    "upsamplers before single recognisers stand on the first page.",
)

# %% [markdown]
# ### A U-Net for all sizes, taught by triplets
#
# *U-Net (triplet)* has the network of multiscale, its faces, their sizes, order and number of steps, and dlib's network
# in the loss. But what it pays beside the pixels is ftlgan's triplet loss, with the weights that ftlgan has: the SR
# face is to be nearer to another photograph of the person than to somebody else's, where multiscale's *U-Net* is to
# meet the embedding of its own HR face.

# %% tags=["hide-input"]
U_NETS = (twins.OTHER, twins.MINE)
rows, over, ahead = [], {m: [] for m in U_NETS}, []
for px in SIZES:
    place = next(p for p in choice.LFW[::-1] if set(U_NETS) <= set(at.methods(results, p, px)))
    minus = ("lfw", twins.protocol(place), twins.MINE, px, f"auc_minus_{twins.OTHER}")
    lines = {
        f"{m} minus bicubic": {n: at.row(results, at.at(place, m, px, "auc_minus_bicubic", n, "probe")) for n in judges}
        for m in U_NETS
    }
    for m, line in zip(U_NETS, lines.values(), strict=True):
        over[m] += [line[n] for n in UNSEEN]
    found = {n: at.row(combined, tables.keys(*minus, n, "probe")) for n in judges}
    lines[f"{twins.MINE} minus {twins.OTHER}"] = found
    ahead += [r for r in found.values() if r is not None]
    for what, line in lines.items():
        row = {"face (px)": px, "on": PLACES[place], "AUC": what}
        rows.append(row | {named(n): at.gain(r) for n, r in line.items()})
figures.show_table(
    pd.DataFrame(rows),
    "The U-Net with multiscale's own identity loss and with ftlgan's triplet loss: paired differences in AUC, LR probe "
    "against HR, 95 % intervals over people; each was trained once.",
    name="protocol-triplet",
)
told = (f"{m} in {sum(r['low'] > 0 for r in those)} of {len(those)}" for m, those in over.items())
chapter.glue_text("protocol-triplet-over", ", ".join(told))
chapter.glue_text("protocol-triplet-ahead", tables.counted(ahead) if ahead else "not recorded")

# %% [markdown]
# Surely above bicubic, sizes times the two unseen recognisers: {glue:text}`protocol-triplet-over`. The two losses
# against each other, triplet minus multiscale's own, sizes times all three recognisers:
# {glue:text}`protocol-triplet-ahead`.
#
# ## Does restoring faces make strangers alike?
#
# AUC moves no threshold, but a system that runs has one. Here it is fixed where HR photographs have a false accept rate
# of one in a hundred (LFW's pairs) or one in a thousand (all pairs of AT&T or Caltech), and stays. A method that draws
# everyone's face a little like the mean of its training would pass AUC and fail here: its false accepts rise.

# %% tags=["hide-input"]
place = at.fullest(results, "far_at_hr_threshold", sizes=(PX,))
figure, axes = plt.subplots(2, len(judges), figsize=(9.2, 5.6), sharex=True)
names = at.methods(results, place, PX, metric="far_at_hr_threshold")
for column, network in zip(axes.T, judges, strict=True):
    for axis, metric in zip(column, ("far_at_hr_threshold", "frr_at_hr_threshold"), strict=True):
        found = {
            (i + 0.3 * k - 0.15, method, k): r
            for k, setting in enumerate(SETTINGS)
            for i, method in enumerate(names)
            if (r := at.row(results, at.at(place, method, PX, metric, network, setting))) is not None
        }
        highest = -protocol_points.fence([-r["value"] for r in found.values()])
        for (x, method, k), r in found.items():
            c = colour(method)
            style = {"color": c, "markerfacecolor": c if k else "white"}
            if r["value"] > highest:
                axis.plot(x, highest, "^", markersize=5, **style)
            else:
                figures.intervals(axis, [x], r.to_frame().T, **style)
        axis.set_ylim(-0.03 * highest, 1.05 * highest)
        whole = at.row(results, at.at(place, "HR", PX, metric, network, "probe"))
        if whole is not None:
            axis.axhline(whole["value"], color=colour("HR"), linewidth=1, linestyle="--")
    column[0].set_title(named(network))
    column[1].set_xticks(range(len(names)), names, rotation=90, fontsize=7)
axes[0, 0].set_ylabel("false accept rate")
axes[1, 0].set_ylabel("false reject rate")
rises = {
    (s, n): [
        r
        for m in names
        if m in catalogue.NETWORKS
        and (r := at.row(results, at.at(place, m, PX, "far_at_hr_threshold_minus_bicubic", n, s))) is not None
    ]
    for s in SETTINGS
    for n in judges
}
words = "; ".join(f"{SETTINGS[s]}, {named(n)}: {tables.counted(found)}" for (s, n), found in rises.items())
chapter.glue_text("protocol-alike", words)
chapter.glue_text("protocol-alike-on", f"{PX} px, {PLACES[place]}")
for kind in ("far", "frr"):
    small = {}
    for method, setting, words in (("HR", "probe", "HR"), *(("bicubic", s, words) for s, words in SETTINGS.items())):
        keys = {named(n): at.at(place, method, PX, f"{kind}_at_hr_threshold", n, setting) for n in judges}
        small[words] = ", ".join(f"{at.cell(results, k)} ({network})" for network, k in keys.items())
    chapter.glue_text(f"protocol-{kind}-plain", "; ".join(f"{words}: {found}" for words, found in small.items()))
figures.show(
    figure,
    caption=f"Both errors at the threshold of HR, {PX} px, {PLACES[place]}, 95 % intervals over people; where none of "
    "the pairs is wrong the interval has no length, which is too short. Open: LR probe against HR, filled: both LR; "
    "dashed: HR itself; a triangle lies above the axis.",
    alt="Six plots: false accept rate above and false reject rate below, a recogniser a column, an upsampler a point.",
    name="protocol-threshold",
)

# %% tags=["hide-input", "hide-output"]
rows = []
for px in SIZES:
    for method in at.methods(results, place, px, metric="far_at_hr_threshold"):
        row = {"face (px)": px, "upsampler": method}
        for setting in SETTINGS:
            for metric, title in (("far_at_hr_threshold", "FAR"), ("frr_at_hr_threshold", "FRR")):
                row[f"{title}, {setting}"] = at.cell(
                    results, at.at(place, method, px, metric, "mobilefacenet", setting)
                )
        rows.append(row)
figures.show_table(
    pd.DataFrame(rows),
    f"FAR and FRR at the threshold of HR, {PLACES[place]}, MobileFaceNet, 95 % intervals over people.",
)

# %% [markdown]
# Where both faces are small, that alone raises the false accepts; against an HR photograph it raises the false rejects
# instead. This is what bicubic has at the threshold of HR ({glue:text}`protocol-alike-on`), and HR itself. False accept
# rate: {glue:text}`protocol-far-plain`. False reject rate: {glue:text}`protocol-frr-plain`. The false accepts of this
# study's networks against those of bicubic, paired differences: {glue:text}`protocol-alike`. So it depends on who looks
# and on what is compared; a system that sees small faces has to set its threshold on small faces, and one that restores
# on restored ones.

# %% tags=["hide-input"]
rows = []
for px, found in decisions.items():
    place = found.places[1]
    # Where the plain system is to be used, one line stands for both.
    for system, word in reversed({combinations.PLAIN_SYSTEM: "plain", found.system: "to use"}.items()):
        row = {"face (px)": px, "": word, "system": choice.called(system)}
        for metric, title in (("far_at_hr_threshold", "FAR"), ("frr_at_hr_threshold", "FRR")):
            error = choice.number(files, place, system.method, system.recognizer, px, metric)
            row[title] = choice.written(error, 3)
        rows.append(row)
figures.show_table(
    pd.DataFrame(rows),
    "What is to be used at each size, and bicubic before MobileFaceNet: both errors at the threshold of HR photographs "
    f"(FAR one in a hundred), LR probe against HR, {' and '.join({PLACES[d.places[1]] for d in decisions.values()})}, "
    "95 % intervals over people.",
)

# %% [markdown]
# ### Failures, shown
#
# Pairs of AT&T photographs {cite}`samaria1994` that MobileFaceNet decides rightly on HR and wrongly after
# super-resolution, at a threshold of FAR one in a hundred on HR, the farthest moved first. The probe is the small face.
# A restored face is a hypothesis ({doc}`ethics`): here are the wrong ones.

# %%
people, each = {"smoke": (8, 3), "demo": (20, 4)}.get(run.profile, (40, 10))
whole = datasets.load("att")
faces = whole.subset(whole.first(each, people))
judge = recognizers.load("mobilefacenet")
advice = choice.advise(results, PX)
LIVE = advice.method if advice is not None and advice.method in catalogue.NETWORKS else "SRResNet (FR)"
entries = {e.method.name: e for e in benchmark.entries(PX, [LIVE])}
measured = {name: Measured(faces, e.method) for name, e in entries.items()}
matrix = {name: m.matrix(judge, "probe") for name, m in measured.items()}
threshold = AllPairs(matrix["HR"], faces.labels, both_orders=False).tar_at_far(1e-2).threshold
failures = {
    name: {
        kind: crossed(matrix["HR"], matrix[name], faces.labels, threshold, kind, most=len(faces) ** 2)
        for kind in (False, True)
    }
    for name in ("bicubic", LIVE)
}
rows = []
for name in ("HR", "bicubic", LIVE):
    every = AllPairs(matrix[name], faces.labels, both_orders=True).pairs()
    far, frr = verification.error_rates(every.similarity, every.genuine, threshold)
    row = {"upsampler": name, "FAR": far, "FRR": frr}
    for kind, title in ((False, "strangers taken for one"), (True, "people not known again")):
        row[title] = len(failures[name][kind]) if name in failures else 0
    rows.append(row)
figures.show_table(
    pd.DataFrame(rows),
    f"{len(faces)} photographs of {len(faces.identities)} people of AT&T at {PX} px, threshold fixed on HR: error "
    "rates over all comparisons, and how many couples of strangers were taken for one person, and how many people were "
    "not known again, in at least one comparison where HR is right.",
)

# %% tags=["hide-input"]
shown = [
    (name, kind, *one)
    for name in ("bicubic", LIVE)
    for kind in (False, True)
    for c in [failures[name][kind]]
    for one in zip(c.probe[:2], c.gallery[:2], c.before[:2], c.after[:2], strict=True)
]
if not shown:
    print("No pair changed sides.")
else:
    low = degradation.degrade(faces.tensor(), PX)
    pictures, labels = [], []
    for name, genuine, probe, gallery, before, after in shown:
        restored = datasets.base.to_tensor(measured[name].restored[[probe]])[0]
        pictures += [faces.tensor([probe])[0], low[probe], restored, faces.tensor([gallery])[0]]
        labels.append(f"{name}\n{'same' if genuine else 'strangers'}\n{before:.2f} to {after:.2f}")
    figure = figures.face_strip(
        pictures, ["probe, HR", f"probe, {PX} px", "restored", "gallery, HR"], rows=labels, size=1.2
    )
    for axis in figure.axes:
        axis.yaxis.label.set(rotation=0, ha="right", va="center", fontsize=8)
    figures.show(
        figure,
        caption=f"Wrong after enlargement, right on HR: AT&T, {PX} px. Left of each row: upsampler, who they "
        f"are, and the cosine before and after; the threshold is {threshold:.2f}.",
        alt="Rows of four faces: the probe, the probe made small, restored, and the gallery face it is compared with.",
        name="protocol-failures",
    )

# %% [markdown]
# ## Faces that are cut badly
#
# All faces elsewhere in this book are cut where the HR photograph says: by its landmarks, or, on LFW, by one cut for
# all photographs that its makers had aligned ({doc}`faces`). Nobody who has only the small face has these. So two
# tests: what is lost where the cut is off by one to three HR pixels, and whether the landmarks of a small face can be
# found at all.

# %% tags=["hide-input"]
example = [faces.tensor([0])] + [j(faces.tensor([0]), 112, [0]) for j in JITTERS.values()]
figures.show(
    figures.face_strip(
        [x[0] for x in example] + [degradation.degrade(x, PX)[0] for x in example],
        ["as cut", *(f"{r} px" for r in range(1, len(JITTERS) + 1))],
        rows=["HR", f"{PX} px"],
    ),
    caption=f"An AT&T face moved by 1 to 3 HR pixels before it is made small: at {PX} px that is a fraction of a "
    "pixel.",
    alt="One face four times, hardly moved; below, the same as mosaics.",
    name="protocol-jitter-faces",
)

# %%
rows = []
for name in ("bicubic", LIVE):
    for shift, jitter in ((0, None), *enumerate(JITTERS.values(), 1)):
        if smoke and shift not in (0, 3):
            continue
        spoilt = measured[name] if jitter is None else Measured(faces, methods.degraded(entries[name].method, jitter))
        every = AllPairs(spoilt.matrix(judge, "probe"), faces.labels, both_orders=True).pairs()
        row = {"upsampler": name, "moved by (px)": shift}
        rows.append(
            row
            | {
                k: v
                for k, v in verification.report(every.similarity, every.genuine).items()
                if k in ("d_prime", "auc", "eer")
            }
        )
figures.show_table(
    pd.DataFrame(rows).rename(columns={"d_prime": "d'", "auc": "AUC", "eer": "EER"}),
    f"AT&T, {len(faces)} photographs at {PX} px, MobileFaceNet, moved LR probe against an HR gallery that is cut well.",
    digits=3,
)

# %% tags=["hide-input"]
place = next((p for p in ("devtest", "att", "caltech") if any(at.methods(results, p, PX, d) for d in JITTERS)), None)
shifted = "not recorded"
if place is None:
    print("Not recorded yet on whole sets: `lrfr benchmark devtest --px 14 --degradation 'jitter 1 px'` and so on.")
else:
    change, exact = {}, []
    names = at.methods(results, place, PX, next(d for d in JITTERS if at.methods(results, place, PX, d)))
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True)
    for axis, network in zip(axes, UNSEEN, strict=True):
        for k, method in enumerate(names):
            found = fooled_rows.jitters(results, place, method, PX, network)
            if found:
                if (lost := fooled_rows.moved(results, place, method, PX, network)) is not None:
                    change[f"{method}, {named(network)}"] = lost
                    if 0 in found:  # recorded in float32; moved ones, and what they are compared with, in bfloat16
                        still = found[len(JITTERS)]["value"] - lost["value"]
                        exact.append(abs(found[0]["value"] - still))
                        found[0] = pd.Series({**found[0], "value": still})
                x = np.array(list(found)) + 0.04 * (k - len(names) / 2)
                figures.intervals(
                    axis, x, pd.DataFrame(found.values()), color=colour(method), label=method, linestyle="-"
                )
        axis.set(title=named(network), xlabel="moved by (HR px)", xticks=range(len(JITTERS) + 1))
    axes[0].set_ylabel("AUC")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=8)
    figures.show(
        figure,
        caption=f"AUC against how far the face was moved before it was made small, {PX} px, {PLACES[place]}, LR probe "
        "against HR, 95 % intervals over people."
        + (
            " Faces were embedded in bfloat16. Those at 0 too, with the intervals of float32, where AUC differs by at "
            f"most {max(exact):.4f}."
            if exact
            else ""
        ),
        alt="Two plots of AUC against the shift, a line an upsampler.",
        name="protocol-jitter",
    )
    if by_value := sorted(change, key=lambda who: change[who]["value"]):
        shifted = " to ".join(f"{tables.gained(change[who])} ({who})" for who in (by_value[0], by_value[-1]))
        shifted += f", {tables.counted([*change.values()])} ({PX} px, {PLACES[place]}, {len(names)} upsamplers)"
chapter.glue_text("protocol-shifted", shifted)

# %% [markdown]
# Moved by three HR pixels, against the same face as it was cut, AUC changes by {glue:text}`protocol-shifted`, paired;
# both were embedded in bfloat16 ({doc}`protocol` says why).
#
# ### Is the small face found?
#
# MTCNN {cite}`zhang2016`, which cut all faces of this book on their large photographs but LFW's, looks for them on the
# photograph made small and enlarged again to its size (bicubic): the camera saw no more, but the finder gets a face of
# the size that it was made for. Caltech photographs {cite}`weber1999`; AT&T's are so narrowly cut that there is little
# to search.

# %%
caltech = datasets.load("caltech")
count = {"smoke": 2, "demo": 6}.get(run.profile, 60)
few = caltech.subset(np.linspace(0, len(caltech) - 1, count).astype(int))
photographs, landmarks = detection.sources("caltech", few)
find = datasets.finder("caltech")
rows = []
for px in (14,) if smoke else detection.SIZES:
    found = detection.find_at(photographs, landmarks, px, find)
    error = float(np.nanmean(found.error)) if found.seen.any() else None
    rows.append({"face (px)": px, "found": int(found.seen.sum()), "of": len(few), "landmarks off by (HR px)": error})
figures.show_table(
    pd.DataFrame(rows),
    "Faces that MTCNN finds on the small photograph, and how far its landmarks are from those of the large one.",
    digits=1,
)

# %% tags=["hide-input"]
known = at.recorded(detection.RESULTS)
rows = []
for place in record.PACKAGED:
    for px in SIZES:
        share = fooled_rows.detected(known, place, px, "found")
        if share is not None:
            error = fooled_rows.detected(known, place, px, "landmark_error")
            row = {"set": PLACES[place], "face (px)": px, "found": tables.written(share, 1, 100) + " %"}
            rows.append(row | {"landmarks off by (HR px)": "–" if error is None else tables.written(error, 2)})
if rows:
    figures.show_table(pd.DataFrame(rows), "The same on the whole sets, 95 % intervals over people.")
    rows = []
    cut = known[known["metric"] == "auc_minus_aligned"]
    cells = cut[["set", "px", "method"]].drop_duplicates().sort_values(["set", "px"])
    for place, px, method in cells.itertuples(index=False):
        row = {"set": PLACES[place], "face (px)": px, "upsampler": method}
        for network in at.RECOGNIZERS:
            keys = tables.keys(place, detection.PROTOCOL, method, px, "auc_minus_aligned", network, "probe")
            row[named(network)] = at.gain(at.row(known, keys))
        rows.append(row)
    if rows:
        figures.show_table(
            pd.DataFrame(rows),
            "What it costs in AUC to cut the probe by what was found on the small photograph, paired, of those found.",
        )
    told = []
    for px, part in cut[cut["recognizer"].isin(at.RECOGNIZERS) & (cut["setting"] == "probe")].groupby("px"):
        lose = part[part["high"] < 0].sort_values("value")
        told.append(f"{px} px: {len(lose)} of {len(part)} surely lose")
        for _, r in lose[:1].iterrows():
            told[-1] += f", at most {tables.gained(r)} ({r['method']}, {named(r['recognizer'])}, {PLACES[r['set']]})"
    chapter.glue_text("protocol-cut", "; ".join(told))
else:
    chapter.glue_text("protocol-cut", "not recorded")
    print("Not recorded yet on whole sets: `lrfr detect`.")

# %% [markdown]
# What a cut by the small photograph costs in AUC, two sets, three upsamplers, four recognisers:
# {glue:text}`protocol-cut`.
#
# ## Faces that were small in their photograph
#
# None of the sets that come with the book's packages has them, nor have LFW and CelebA: all are photographs of large
# faces, made small here. A face that a distant camera recorded has lost more, and otherwise. SCface {cite}`grgic2011`
# and TinyFace {cite}`cheng2018` have such faces; the book brings their loaders and protocols, tested on files of the
# same layout, and nobody's photographs:

# %% tags=["hide-input"]
SMALL = {"scface": "five cameras at three distances", "tinyface": "faces cut from the web at their own size"}
rows = [{"set": datasets.ACCESS[n].title, "what": what, "here": needs.needed(n)} for n, what in SMALL.items()]
figures.show_table(pd.DataFrame(rows), "Sets of naturally small faces, and what a reader needs for them.")

# %% [markdown]
# ## Is everyone served alike?
#
# No set at hand says who belongs to which group, and this book does not guess it from looks. AT&T numbers its people
# and says nothing else; Caltech's labels were found by grouping photographs; LFW names public figures, and its makers
# warn that many groups are hardly in it; the attributes that are handed out with the whole of CelebA are annotators'
# impressions of a picture, not what people say of themselves. So one question only can be asked: how unequal are
# *people*? Each has an AUC of their own, their probes against their own gallery photographs and all strangers'.

# %%
sets = {"AT&T": (faces, measured)}
if run.own_data:
    sets["Caltech"] = (caltech, {name: Measured(caltech, e.method) for name, e in entries.items()})
alone, parts = {}, []
for title, (these, seen) in sets.items():
    kept = np.flatnonzero(np.bincount(these.labels, minlength=these.labels.max() + 1)[these.labels] > 1)
    for name in ("HR", "bicubic", LIVE):
        found = seen[name].matrix(judge, "probe")[np.ix_(kept, kept)]
        alone[title, name] = pd.Series(each_person(found, these.labels[kept])["auc"])
    part = fooled_rows.spread({name: alone[title, name] for name in ("HR", "bicubic", LIVE)})
    parts.append(part.assign(set=title, people=len(alone[title, "HR"])))
table = pd.concat(parts)
figures.show_table(
    table[["set", "people", *(c for c in table if c not in ("set", "people"))]],
    f"AUC of each person alone, {PX} px, MobileFaceNet, LR probe against HR: over people.",
    formats={"people below the mean": ".0%"},
)

# %% tags=["hide-input"]
figure, axis = plt.subplots(figsize=(6.6, 3.2))
ranked = alone["AT&T", "bicubic"].sort_values().index
for shift, name, marker in ((-0.2, "HR", "s"), (0, "bicubic", "o"), (0.2, LIVE, "D")):
    x, y = np.arange(len(ranked)) + shift, alone["AT&T", name][ranked]
    axis.plot(x, y, marker, color=colour(name), label=name, markersize=4, linestyle="")
axis.set(xlabel="people, ordered by bicubic", ylabel="own AUC", xticks=[])
axis.legend(loc="lower right")
better = (alone["AT&T", LIVE] > alone["AT&T", "bicubic"]).sum()
worse = (alone["AT&T", LIVE] < alone["AT&T", "bicubic"]).sum()
figures.show(
    figure,
    caption=f"AUC of each of {len(ranked)} people of AT&T at {PX} px. A mean hides who pays: people served better by "
    f"{LIVE} than by bicubic: {better}, served worse: {worse}.",
    alt="Three points for each person: HR at the top, bicubic rising from left to right, the restored faces around it.",
    name="protocol-people",
)

# %% tags=["hide-input"]
worst = fooled_rows.worst_served(combined, PX, judges)
if len(worst):
    figures.show_table(
        worst,
        f"The AUC that one person in ten does not reach, {PX} px, LR probe against HR: that of bicubic, and what other "
        "systems add to it, paired; 95 % intervals over people.",
    )
else:
    print("Not recorded yet on whole sets: `lrfr combine att caltech`.")
keys = {"protocol": combinations.ALL_PAIRS, "px": PX, "metric": f"{fooled_rows.WORST}_minus_bicubic"}
for word, networks in (("worst", UNSEEN), ("worst-robust", [benchmark.ROBUST])):
    found = tables.matching(combined[combined["recognizer"].isin(networks)], **keys)
    chapter.glue_text(
        f"protocol-{word}", tables.counted([r for _, r in found.iterrows()]) if len(found) else "not recorded"
    )
used = {s: fooled_rows.worst_of(combined, s, PX) for s in (decisions[PX].system, combinations.PLAIN_SYSTEM)}
chapter.glue_text("protocol-worst-used", "; ".join(f"{choice.called(s)} {words}" for s, words in used.items()))

# %% [markdown]
# Against bicubic, the one in ten who is served worst: {glue:text}`protocol-worst` before the two unseen recognisers,
# {glue:text}`protocol-worst-robust` before robust, systems times recognisers on both sets. What is to be used at this
# size, and plain: {glue:text}`protocol-worst-used`. So few people allow no sentence about groups, and a mean over LFW
# would say how its public figures are served, nobody else. Who wants to use such a method on other people has to
# measure it on them first.
#
# ## Summary
#
# - An identity loss gains surely for {glue:text}`protocol-own` trainings by the network that taught them, and for
#   {glue:text}`protocol-carried` pairs by networks that did not. A network's own pupils against those of others, in its
#   own eyes: {glue:text}`protocol-taste`.
# - A combination of several upsamplers was {glue:text}`protocol-several`.
# - At a threshold that stays, the networks' false accepts minus those of bicubic ({glue:text}`protocol-alike-on`):
#   {glue:text}`protocol-alike`.
# - Where a face is cut three HR pixels off, AUC changes by {glue:text}`protocol-shifted`.
# - Everything here rests on well cut faces of people who are not the reader's: {doc}`ethics`.
