# %% [markdown]
# # Coverage: where each table, figure and claim is answered
#
# The five papers print tables, draw figures and make claims. This page lists all tables and figures, and the claims
# that this study numbered, each with the place in this book that answers it, the faces that the answer was measured on,
# and one of the numbers behind it.
#
# ```{admonition} What you will learn
# - what was measured again here, what has a stand-in, and what waits for faces that nobody may hand on;
# - how many of the papers' claims hold here, and where each was decided;
# - how to follow a claim to its cell, and from there to the row of results that it rests on.
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

from lrfr import chapter, coverage, datasets, figures

run = chapter.start(profile, seed, device, data_root)
entries = coverage.everything()
for entry in entries:
    coverage.check(entry)  # fails where a cell was not executed, or a row not recorded


def listed(paper):
    """Tables and figures of a paper, then its claims."""
    own = [entry for entry in entries if entry.paper == paper]
    for claims, what in ((False, "tables, figures, ablations and questions"), (True, "claims")):
        table, links = coverage.shown(own, claims)
        kind = "claims" if claims else "items"
        figures.show_table(
            table, f"{len(table)} lines: {what} of {paper}.", links=links, name=f"coverage-{paper}-{kind}"
        )


# %% [markdown]
# ## All in one figure
#
# One line is one table, figure, ablation, open question or claim. Where parts of one have different answers, such as a
# table with three sets of which we have two, each part has a line. What the words mean:
#
# - *Recomputed*: measured again here, on the paper's own set or people of it, by our networks; a diagram is drawn
#   anew; a claim about an equation or about the paper's own numbers is decided by them.
# - *Stand-in*: the same question, other faces. The paper's set is not to be had, or its photographs may not be shown.
#   A stand-in can say whether an effect exists and which method is ahead. It cannot confirm the paper's number.
# - *Needs data*: only the sets in the table below. The loader and the protocol are here and tested on generated files
#   of the same layout; the cell shows the published value. A claim may still be held against the paper's own tables.
# - *Cannot be judged*: nothing here decides it. The line says why.
#
# Recomputed does not mean confirmed. Whether a claim holds stands in the papers' tables below.

# %% tags=["hide-input"]
counts = coverage.counts(entries)
TINTS = dict(zip(coverage.STATUSES, (figures.palette()[2], figures.palette()[0], "#DDAA33", "#999999"), strict=True))
figure, axis = plt.subplots(figsize=(7.4, 2.9))
left = np.zeros(len(counts))
for status, colour in TINTS.items():
    width = counts[status].to_numpy()
    axis.barh(counts.index, width, left=left, color=colour, label=status)
    for i in np.flatnonzero(width):
        ink = "white" if status == coverage.STAND_IN else "black"
        axis.text(left[i] + width[i] / 2, i, str(width[i]), ha="center", va="center", fontsize=8, color=ink)
    left += width
axis.invert_yaxis()
axis.set_xlabel("tables, figures, ablations, questions and claims")
axis.grid(axis="y", visible=False)
figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=4)
total = counts.sum()
drawn = sum(e.status == coverage.RECOMPUTED and e.scale == "drawn anew" for e in entries)
figures.show(
    figure,
    caption=f"Where the {len(entries)} lines stand: "
    + ", ".join(f"{total[status]} {status}" for status in coverage.STATUSES)
    + f". Of the {coverage.RECOMPUTED}, {drawn} are diagrams that were drawn anew.",
    alt="A stacked bar for each paper: how many lines are recomputed, have a stand-in, need data, cannot be judged.",
    name="coverage-status",
)

# %%
figures.show_table(
    counts.assign(all=counts.sum(axis=1)), "Lines by paper and status.", index=True, name="coverage-counts"
)

# %% [markdown]
# ## Which claims hold
#
# A verdict is not typed. It is read from the claims table of the page that decides it, as that page was executed for
# the committed notebooks (profile `smoke`; what it rests on is recorded once and is the same in every profile, apart
# from a few numbers that a page computes live). Yes asks that all intervals agree, no that more deny it than chance
# explains: it is easier to fail than to hold ({doc}`glossary <glossary>`). *In part*: more agree than chance explains,
# not all, and no more deny it than that. *Neither*: the intervals do not decide it or contradict each other (*mixed*),
# or its parts differ. *By what is printed*: whatever the verdict, nothing was measured here; the paper's own numbers,
# or other papers, were read. *Elsewhere*: a figure or table answers it without a verdict.

# %%
figures.show_table(
    coverage.held(entries),
    "The numbered claims of each paper by the verdict that this book gives.",
    name="coverage-held",
)

# %% [markdown]
# ## What waits for data
#
# Seven sets are asked for by name and may not be handed on, or are no longer given out. All else is measured, or has
# its closest stand-in.

# %%
rows = []
for name, access in datasets.ACCESS.items():
    waiting = [f"{e.paper} {e.item}" for e in entries if name in e.needs]
    rows.append(
        {"set": access.title, "how to get it": access.how, "who waits": ", ".join(dict.fromkeys(waiting)) or "–"}
    )
figures.show_table(
    pd.DataFrame(rows),
    "Sets that a reader may bring, and what waits for them. The papers' trainings on CASIA-WebFace, MS1M and VGGFace2 "
    "are in the profile paper of their chapters.",
    name="coverage-needs",
)

# %% [markdown]
# ## frloss
#
# Abello and Hirata {cite}`abello2019`. The first column leads to the cell. The last one names one row of
# `data/results`, out of many: set, protocol, setting, method, recogniser and size, with its 95 % interval where it has
# one.

# %%
listed("frloss")

# %% [markdown]
# ## ipfsrgan
#
# Li et al. {cite}`li2020`.

# %%
listed("ipfsrgan")

# %% [markdown]
# ## multiscale
#
# Khazaie et al. {cite}`khazaie2020`.

# %%
listed("multiscale")

# %% [markdown]
# ## logexp
#
# Ling et al. {cite}`ling2023`.

# %%
listed("logexp")

# %% [markdown]
# ## ftlgan
#
# Pulgar and Mery {cite}`pulgar2024`.

# %%
listed("ftlgan")

# %% [markdown]
# ## How this page is kept honest
#
# The lines are in `data/coverage`. Before anything is shown, this page asks of each line whether the cell that it
# leads to was executed, whether its row was recorded, and whether its status agrees with the verdict; a test does the
# same, and compares the lines with all tables, figures and numbered claims of the papers, so that none can be left out.
# What is wrong in the papers themselves stands on {doc}`errata`, smaller things in the chapters' sections on slips.
#
# ## Caveats
#
# - A line says that something was measured, not how well. Scale and intervals stand at its cell.
# - One row is named where an answer rests on many. It is an example, not the evidence; its protocol and its
#   recogniser are called as in the file (`further`: reduced further; `one gallery`: one gallery photograph a person;
#   `leave one out`: every photograph searched among all others; `ablation`: runs that differ in one thing).
# - Our networks are small and were trained on a part of CelebA. Where a chapter's recogniser differs from the paper's,
#   the chapter says so; this page calls the line recomputed all the same.
