"""The one error a reader is meant to see, and the kind of it that ends a training."""


class LrfrError(Exception):
    """One sentence for the reader: what was expected, what was found, which command mends it.

    The command line prints the sentence alone and exits with status 1; a notebook shows it as the last line.
    """


class OutOfRange(LrfrError):
    """Faces with values far outside [0, 1]: grey levels by mistake, or what a training that diverges makes."""
