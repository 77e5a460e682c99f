"""AT&T (ORL) faces: 40 people, 10 grey pictures each, 92 x 112 pixels [Samaria & Harter, 1994].

Credit: AT&T Laboratories Cambridge. The pictures come from a package (``lrfr assets``).
"""

from lrfr import assets
from lrfr.datasets.base import Photograph, Store
from lrfr.errors import LrfrError

PEOPLE, EACH = 40, 10


def photographs() -> list[Photograph]:
    """All 400, ordered by person and number; the number is the session.

    Raises:
        LrfrError: the package's pictures are not complete.
    """
    store = Store(assets.path("att"))
    wanted = [(f"s{p}/{i}.pgm", p, i) for p in range(1, PEOPLE + 1) for i in range(1, EACH + 1)]
    by_tail = {"/".join(n.split("/")[-2:]): n for n in store.pictures()}
    missing = [name for name, _, _ in wanted if name not in by_tail]
    if missing:
        raise LrfrError(
            f"AT&T should hold s1..s40/1..10.pgm, but {len(missing)} are missing ({missing[0]}): "
            "run `lrfr assets --fetch att`."
        )
    return [
        Photograph(
            name, f"s{person:02d}", store.reader(by_tail[name]), session=str(number), stamp=store.stamp(by_tail[name])
        )
        for name, person, number in wanted
    ]
