"""How much of what the robust recogniser learnt to keep: networks between its start and its end, on LFW View 1.

All are made from the shipped weights, which lie at the settings' share between the two: the end is further on along
the same line.
"""

import copy
from functools import lru_cache

import pandas as pd

from lrfr import differences, embeddings, measure, methods
from lrfr.alignment import SIZE
from lrfr.datasets import FaceDataset
from lrfr.measure import Measured, Pairs
from lrfr.networks import mobilefacenet
from lrfr.papers import logexp, logexp_study
from lrfr.recognizers import ROBUST, Recognizer
from lrfr.record import Entry
from lrfr.training import load_weights

PROTOCOL = "shares"
_PREFIX = "share-"
SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)
#: Two that it shall gain at, and two that it shall lose nothing at.
SIZES = (7, 14, 28, SIZE)
#: Most that may be lost in AUC at 28 px and at HR.
LOSS = 0.001


def called(share: float) -> str:
    """Name of the recogniser in the results."""
    return f"{_PREFIX}{share:g}"


@lru_cache(maxsize=2)
def recogniser(share: float) -> Recognizer:
    """The pretrained network, moved by a share of what the whole training changed; 0 is itself, 1 the training's end.

    Raises:
        LrfrError: the shipped weights or the packaged ones cannot be read.
    """
    settings = logexp_study.robust()
    network = logexp.start(settings)
    shipped = load_weights(copy.deepcopy(network), methods.checkpoint(ROBUST))
    logexp.follow(network, shipped, 1 - share / settings.share)
    return Recognizer(called(share), network, mobilefacenet.DIM, "cosine")


def entries() -> list[Entry]:
    """Each share at each size; measured anew when other weights are shipped."""
    digest = embeddings.file_digest(methods.checkpoint(ROBUST))
    ways = [methods.hr() if px == SIZE else methods.interpolation(px) for px in SIZES]
    return [Entry(way, weights=digest, recognizer=called(s)) for s in SHARES for way in ways]


def rows(
    faces: FaceDataset, pairs: Pairs, entry: Entry, pretrained: Recognizer, replicates: int = 1000
) -> pd.DataFrame:
    """One share at one size: verification, and the paired differences to the pretrained network."""
    mine = recogniser(float(entry.recognizer.removeprefix(_PREFIX)))
    measured = Measured(faces, entry.method)
    return pd.concat(
        [
            measure.pair_rows(measured, mine, pairs, PROTOCOL, replicates),
            differences.recognizer_pair_rows(measured, mine, pretrained, pairs, PROTOCOL, replicates),
        ],
        ignore_index=True,
    )
