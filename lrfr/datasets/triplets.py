"""Which photographs make a triplet: an anchor, another photograph of the same person, one of somebody else."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lrfr.errors import LrfrError


@dataclass(frozen=True)
class Triplets:
    """Positives and negatives of any data set; the same seed, step and anchors give the same draw.

    Args:
        labels: who each photograph shows, ints, ``N`` (:attr:`FaceDataset.labels`).
        seed: of the draws.

    Raises:
        LrfrError: fewer than two people.
    """

    labels: np.ndarray
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a set in which nobody has a negative."""
        if (people := len(np.unique(self.labels))) < 2:
            raise LrfrError(f"A triplet needs two people, but the photographs show {people}: choose another set.")

    @cached_property
    def _sorted(self) -> tuple[np.ndarray, ...]:
        """Photographs person by person, each photograph's place there; each person's first place and count."""
        _, person, counts = np.unique(self.labels, return_inverse=True, return_counts=True)
        order = np.argsort(person, kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        return order, place, person, np.cumsum(counts) - counts, counts

    def __call__(self, index: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Positives and negatives of a batch of anchors.

        Args:
            index: positions of the anchors, int, ``B``. Processes that share a batch draw apart: each by its own part.
            step: number of the step.

        Returns:
            Positions, int64, ``B`` each. Positive: another photograph of the same person, all equally likely; the
            anchor itself where it is the person's only one. Negative: any photograph of anybody else, all equally
            likely, so a person with many photographs comes up more often.
        """
        order, place, person, firsts, counts = self._sorted
        rng = np.random.default_rng((self.seed, step, *np.asarray(index).tolist()))
        first, count = firsts[person[index]], counts[person[index]]
        onward = 1 + rng.integers(np.maximum(count - 1, 1))  # from the anchor round among the person's photographs
        positive = first + (place[index] - first + onward) % count
        negative = rng.integers(len(order) - count)
        negative += np.where(negative >= first, count, 0)  # skip the person
        return order[positive], order[negative]

    def balanced_batch(self, step: int, people: int, each: int, rank: int = 0, world: int = 1) -> np.ndarray:
        """A batch in which mining finds positives: ``people`` people with ``each`` photographs each, all different.

        People with at least ``each`` photographs are equally likely.

        Args:
            step: number of the step; the draw depends on it and the seed alone.
            people: how many people.
            each: how many photographs of each.
            rank, world: this process and how many there are; each takes its share of the people, with all their
                photographs: a positive is looked for within a process.

        Returns:
            Positions, int64, ``people * each / world``, person by person.

        Raises:
            LrfrError: too few people have that many photographs, or the processes would not get two and equally many.
        """
        if world > 1 and (people % world or people // world < 2):
            raise LrfrError(
                f"A batch of {people} people cannot be mined by {world} processes: each needs two or more, and all as "
                "many."
            )
        order, _, _, firsts, counts = self._sorted
        enough = np.flatnonzero(counts >= each)
        if len(enough) < people:
            raise LrfrError(
                f"A batch of {people} people with {each} photographs each cannot be drawn: "
                f"{len(enough)} have that many."
            )
        rng = np.random.default_rng((self.seed, step))
        drawn = rng.choice(enough, people, replace=False)[:, None]
        keys = rng.random((people, counts.max()))
        keys[np.arange(counts.max()) >= counts[drawn]] = 1  # photographs that this person does not have
        return order[firsts[drawn] + keys.argsort(1, kind="stable")[:, :each]][rank::world].ravel()
