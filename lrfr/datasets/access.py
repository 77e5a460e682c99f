"""Sets that nobody may hand on: what each is called, where it is looked for, and how a reader comes by it."""

from dataclasses import dataclass
from pathlib import Path

from lrfr.datasets.base import first_existing
from lrfr.errors import LrfrError
from lrfr.paths import dataset_root


@dataclass(frozen=True)
class Access:
    """One set that a reader brings.

    Attributes:
        title: its name, as the papers print it.
        folder: where it lies below ``LRFR_DATA``, in its official layout.
        how: who gives it out and on what terms; one clause, without a full stop.
    """

    title: str
    folder: str
    how: str

    @property
    def mend(self) -> str:
        """The end of every error about this set: how to get it and where to put it."""
        return f"{self.how}; set LRFR_DATA to the folder that holds {self.folder}/."

    @property
    def here(self) -> bool:
        """Whether its folder is there."""
        root = dataset_root()
        return root is not None and (root / self.folder).is_dir()

    def root(self) -> Path:
        """The set's folder.

        Raises:
            LrfrError: it is not there.
        """
        root = dataset_root()
        return self.first([root / self.folder] if root else [], self.title)

    def first(self, candidates: list[Path], what: str) -> Path:
        """The first path that exists.

        Raises:
            LrfrError: none does.
        """
        return first_existing(candidates, what, self.mend[0].upper() + self.mend[1:])

    def error(self, expected: str, found: str) -> LrfrError:
        """The sentence about a copy of this set that is incomplete or laid out in another way."""
        return LrfrError(f"{self.title} should hold {expected}, but {found}: {self.mend}")
