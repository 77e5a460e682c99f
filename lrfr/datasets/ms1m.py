"""MS1M: a cleaned edition of MS-Celeb-1M [Guo et al., 2016; Deng et al., 2019], on which logexp trains its ResNet-50.

Microsoft withdrew MS-Celeb-1M in 2019; the study neither offers nor needs it. A reader who holds a copy puts it in
``LRFR_DATA/ms1m``, one folder a person; its pictures of 112 x 112 lie in the frame and are taken as they are.
"""

from lrfr.datasets import folder
from lrfr.datasets.access import Access
from lrfr.datasets.base import Photograph

ACCESS = Access("MS1M", "ms1m", "Microsoft withdrew it in 2019, nobody gives it out")


def photographs() -> list[Photograph]:
    """Every photograph, ordered by person and name.

    Raises:
        LrfrError: the set is not there, or packed as records.
    """
    return folder.people(ACCESS)
