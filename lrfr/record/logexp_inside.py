"""What logexp's Figs 3b, 6 and 7 look at: errors by dimension, the shift of a resolution's centre, gradients.

Measured for every ablation, so that the figures need no weights but the shipped ones.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F

from lrfr import datasets, embeddings, measure
from lrfr.evaluation.intervals import ImageBootstrap, percentile_interval
from lrfr.evaluation.resolution import centre_shift, errors, gradient_norms
from lrfr.losses.angular import cosface_loss
from lrfr.losses.distillation import centroids
from lrfr.losses.logexp import Distance
from lrfr.measure import Measured
from lrfr.papers.logexp import Settings
from lrfr.recognizers import Recognizer

#: Which part of the distribution over dimensions is kept (Fig. 6).
PERCENTILES = (5, 25, 50, 75, 95)
#: The faces of Fig. 3b, as results name them, and how many: the first photographs of so many people of AT&T.
GRADIENT_SET, GRADIENT_FACES = "att-first", 32
#: Fig. 3b does not say which loss it is of; each of these has its own metric.
DISTANCES = {"gradient_logexp": Distance("logexp", 1), "gradient_l2": Distance("lp", 2)}
COSFACE = "gradient_cosface"


def strangers(labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """For each photograph the position of one of somebody else, drawn at random."""
    rng = np.random.default_rng(seed)
    found = rng.permutation(len(labels))
    while (same := labels[found] == labels).any():
        found[same] = rng.integers(len(labels), size=int(same.sum()))
    return found


def error_rows(
    measured: Measured, recognizer: Recognizer, protocol: str, replicates: int = 1000, likes: Sequence[Recognizer] = ()
) -> pd.DataFrame:
    """How far LR embeddings lie from the same network's HR embeddings of the same photographs (Figs 6 and 7).

    Returns:
        ``error``, mean over dimensions and faces, and its percentiles over dimensions (``error_p05`` ...);
        ``error_share``, the error as a share of what photographs of two people differ by, and its paired difference
        to each of ``likes``; ``centre_shift``. The two people are each photograph's and one fixed stranger
        (:func:`strangers`); a draw weighs these pairs by the first person alone, so the interval leaves out how much
        hangs on which strangers were drawn.
    """
    labels = measured.dataset.labels
    faces, other = ImageBootstrap(labels, replicates), strangers(labels)

    def share(network: Recognizer) -> tuple[float, np.ndarray]:
        whole = measured.original(network)
        near, far = (errors(whole, x).mean(1) for x in (measured.embedded(network), whole[other]))
        return float(near.mean() / far.mean()), faces.replicate(near) / faces.replicate(far)

    whole, seen = measured.original(recognizer), measured.embedded(recognizer)
    every = errors(whole, seen)
    value, draws = share(recognizer)
    found = {"error": faces.interval(every.mean(1)), "error_share": percentile_interval(value, draws)}
    for percentile, number in zip(PERCENTILES, np.percentile(every.mean(0), PERCENTILES), strict=True):
        found[f"error_p{percentile:02d}"] = measure.bare(float(number))
    found["centre_shift"] = measure.bare(centre_shift(whole, seen))
    for like in likes:
        theirs, replicate = share(like)
        found[f"error_share_minus_{like.name}"] = percentile_interval(value - theirs, draws - replicate)
    where = (measured, f"{protocol} errors", recognizer.name, "")
    rows = [measure.result_row(*where, metric, interval, len(labels)) for metric, interval in found.items()]
    return pd.DataFrame(rows, columns=measure.COLUMNS)


def gradient_rows(
    measured: Measured, recognizer: Recognizer, metrics: Sequence[str] = (*DISTANCES, COSFACE)
) -> pd.DataFrame:
    """How large a step faces of one resolution would ask of a network, by three losses (Fig. 3b).

    The two distances compare unit vectors, LR with HR, without gradient through HR. CosFace has the paper's scale and
    margin; the people's directions are the network's own means of their HR faces.
    """
    att = datasets.load("att")
    people = centroids(torch.from_numpy(embeddings.cached(recognizer, np.asarray(att.images))), _labels(att))
    labels = _labels(att)[first_photographs(att)]
    paper = Settings()

    def cosface(lr: Tensor, hr: Tensor, part: np.ndarray) -> Tensor:
        return cosface_loss(F.normalize(lr) @ people.t(), labels[torch.from_numpy(part)], paper.scale, paper.margin)

    hr, size = measured.dataset.tensor(), [measured.method.px]
    losses = {name: partial(_apart, distance) for name, distance in DISTANCES.items()} | {COSFACE: cosface}
    found = {name: float(gradient_norms(recognizer, hr, size, losses[name])[0]) for name in metrics}
    where = (measured, "gradients", recognizer.name, "")
    rows = [measure.result_row(*where, metric, measure.bare(v), len(hr)) for metric, v in found.items()]
    return pd.DataFrame(rows, columns=measure.COLUMNS)


def _apart(distance: Distance, lr: Tensor, hr: Tensor, part: np.ndarray) -> Tensor:
    return distance(F.normalize(lr), F.normalize(hr))


def first_photographs(faces: datasets.FaceDataset) -> np.ndarray:
    """Positions of the first photograph of each of the first :data:`GRADIENT_FACES` people."""
    return np.unique(faces.labels, return_index=True)[1][:GRADIENT_FACES]


def gradient_faces() -> datasets.FaceDataset:
    """The faces of Fig. 3b."""
    att = datasets.load("att")
    return att.subset(first_photographs(att), GRADIENT_SET)


def _labels(faces: datasets.FaceDataset) -> Tensor:
    return torch.from_numpy(faces.labels)
