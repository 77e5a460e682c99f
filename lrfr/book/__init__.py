"""The book: from text chapters to rendered pages.

``chapters``   which pages there are and in which order (``book/_toc.yml``)
``pairing``    text ``book/NAME.py`` and notebook ``book/notebooks/NAME.ipynb`` in step (jupytext)
``execution``  run chapters in a profile (papermill), skipping those whose inputs did not change
``site``       render what was executed (Jupyter Book), without the network
``serving``    show the rendered pages on localhost
``reference``  the committed notebooks: executed in the smoke profile, without pictures, compared by nbval
``verdicts``   what the chapters' tables of claims say
``commands``   the same from a shell
"""

from pathlib import Path

#: Metadata key by which the pages' builder finds a figure's caption among a cell's outputs.
FIGURE_MARK = "lrfr_figure"
#: Class of the boxes that plotly.js draws in; a page with one brings plotly.js.
INTERACTIVE = "lrfr-interactive"


def build(
    only: str | None = None,
    profile: str = "demo",
    seed: int = 0,
    device: str = "auto",
    data_root: str | None = None,
    fresh: bool = False,
) -> Path:
    """Execute and render the book.

    Args:
        only: the one chapter that the other arguments are for. The rest of the book is shown as the demo profile last
            left it, and executed only where it never was.
        profile: smoke, demo, study or paper.
        seed: of every draw.
        device: auto, cpu or cuda.
        data_root: folder with the reader's own data sets.
        fresh: execute even what did not change.

    Returns:
        The folder of the pages.

    Raises:
        LrfrError: unknown chapter or parameter, a failing cell, a page that Sphinx refuses.
    """
    from lrfr import chapter as settings
    from lrfr.book.chapters import chapters
    from lrfr.book.execution import Parameters, execute, executed_dir
    from lrfr.book.site import site

    checked, folder = settings.checked(profile, device, data_root)  # a mistake is told before anything runs
    root = str(folder.resolve()) if folder and checked in settings.OWN_DATA else None
    wanted = chapters(only)
    executed = {c.name: executed_dir("demo") / f"{c.name}.ipynb" for c in chapters() if c not in wanted}
    missing = [c for c in chapters() if c.name in executed and not executed[c.name].is_file()]
    executed |= execute(missing, Parameters(device=device))
    executed |= execute(wanted, Parameters(profile, seed, device, root), fresh=fresh)
    return site(executed)
