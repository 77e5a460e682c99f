"""Parts of the study that need more than the core: imported where they are called, missed in one sentence."""

from importlib import import_module
from typing import Any

from lrfr.errors import LrfrError


def require(module: str, extra: str) -> Any:
    """Import an optional package.

    Args:
        module: dotted module name.
        extra: the extra of this package that brings it (``faces``, ``book``, ``test``).

    Raises:
        LrfrError: it is not installed; the sentence names the command that installs it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        top = module.split(".")[0]
        raise LrfrError(
            f"This needs the package {top}, which is not installed ({error}): "
            f"run `make env`, or `pip install -e '.[{extra}]'` in the checkout."
        ) from None
