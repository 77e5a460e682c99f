"""One chapter in a process of its own: ``python -m lrfr.book.worker IN OUT PARAMETERS``.

Writes a JSON object a line to stdout: ``{"cells": n}`` first, ``{"cell": i}`` after each cell, ``{"error": {...}}``
where one fails. OUT is written in both cases.
"""

import json
import logging
import sys
from typing import Any


def main(source: str, target: str, parameters: dict[str, Any]) -> int:
    """Execute a notebook; 0 where every cell ran."""
    import nbformat
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    logging.getLogger("papermill").setLevel(logging.ERROR)
    notebook = nbformat.read(source, as_version=4)
    _say({"cells": len(notebook.cells) + 1})  # papermill adds the cell with the parameters
    try:
        papermill.execute_notebook(
            notebook,
            target,
            parameters=parameters,
            kernel_name="python3",
            progress_bar=False,
            on_cell_complete=lambda cell, cell_index: _say({"cell": cell_index + 1}),
        )
    except PapermillExecutionError as error:
        _say({"error": {"index": error.cell_index, "kind": error.ename, "text": error.evalue, "source": error.source}})
        return 1
    except DeadKernelError:
        _say({"error": {"index": None, "kind": "DeadKernelError", "text": "the process died, perhaps out of memory"}})
        return 1
    return 0


def _say(record: dict[str, Any]) -> None:
    print(json.dumps(record), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])))
