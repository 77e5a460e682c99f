"""CASIA-WebFace: 494,414 photographs of 10,575 people [Yi et al., 2014], on which logexp trains its ResNet-34.

Looked for in ``LRFR_DATA/casia-webface``: one folder a person, ``0000045/001.jpg``. The pictures of 250 x 250 are cut
with MTCNN; those of an edition that was cut to 112 x 112 in the frame already are taken as they are.
"""

from lrfr.datasets import folder
from lrfr.datasets.access import Access
from lrfr.datasets.base import Photograph

ACCESS = Access(
    "CASIA-WebFace",
    "casia-webface",
    "the Chinese Academy of Sciences gave it to institutions that signed its agreement",
)


def photographs() -> list[Photograph]:
    """Every photograph, ordered by person and name.

    Raises:
        LrfrError: the set is not there, or packed as records.
    """
    return folder.people(ACCESS)
