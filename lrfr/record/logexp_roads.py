"""Which road wins? A recogniser that was taught small faces, against super-resolution before the one that was not.

Paired on the same pairs: what each paper's own upsampler before the pretrained network is short of, or ahead of, the
taught network behind plain bicubic enlargement.
"""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from lrfr import differences, measure, methods
from lrfr.datasets import FaceDataset
from lrfr.measure import COLUMNS, SETTINGS, Measured, Pairs
from lrfr.recognizers import Recognizer
from lrfr.record import Entry, shipped, trained
from lrfr.record.benchmark import stamped

PROTOCOL = "roads"
#: Each other paper's own method, and its shipped weights at the sizes that it was made for.
UPSAMPLERS: dict[str, tuple[str, dict[int, str]]] = {
    "frloss": ("SRResNet (FR)", {14: "frloss-8x-s0-fr", 28: "frloss-4x-s0-fr"}),
    "ipfsrgan": ("IP-FSRGAN", {28: "ipfsrgan-s0-ip"}),
    "ftlgan": ("FTLGAN", {14: "ftlgan-14-s0", 28: "ftlgan-28-s0"}),
    "multiscale": ("U-Net", dict.fromkeys((7, 14, 28), "multiscale-s0-both")),
}


def minus(metric: str, taught: str) -> str:
    """What the difference to a taught recogniser behind bicubic enlargement is called."""
    return f"{metric}_minus_bicubic + {taught}"


def entries(pretrained: str, digest: str) -> list[Entry]:
    """Every shipped upsampler at its sizes; measured anew when it or the taught recogniser has other weights.

    Args:
        pretrained: recogniser that it stands before.
        digest: of the taught recogniser's weights.
    """
    found = []
    for label, files in UPSAMPLERS.values():
        for px, name in files.items():
            if shipped(name):
                found.append(replace(stamped(trained(name, label, size=px), digest), recognizer=pretrained))
    return found


def rows(
    faces: FaceDataset,
    pairs: Pairs,
    entry: Entry,
    pretrained: Recognizer,
    taught: Recognizer,
    replicates: int = 1000,
) -> pd.DataFrame:
    """An upsampler before the pretrained network minus bicubic enlargement before the taught one, in both settings.

    Each road has its own thresholds; the people that are drawn are the same.

    Returns:
        ``auc_minus_bicubic + robust`` and the like, for :data:`lrfr.measure.LISTED` and the accuracy.
    """
    restored, enlarged = (
        Measured(faces, entry.method, entry.seed),
        Measured(faces, methods.interpolation(entry.method.px)),
    )
    labels = faces.labels
    bootstrap = pairs.bootstrap(labels, replicates)
    found = []
    for setting in SETTINGS:
        theirs = restored.similarity(pretrained, pairs, setting)
        mine = enlarged.similarity(taught, pairs, setting)
        values = differences.listed(bootstrap, pairs, theirs, mine)
        where = (restored, PROTOCOL, pretrained.name, setting)
        found += [
            measure.result_row(*where, minus(metric, taught.name), value, len(mine)) for metric, value in values.items()
        ]
    restored.forget()
    return pd.DataFrame(found, columns=COLUMNS)


def papers(px: int) -> list[tuple[str, str]]:
    """Papers whose method was made for a size, and the method."""
    return [(paper, label) for paper, (label, files) in UPSAMPLERS.items() if px in files]


def sizes() -> Sequence[int]:
    """At which there is a method."""
    return sorted({px for _, files in UPSAMPLERS.values() for px in files})
