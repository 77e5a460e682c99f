"""The one error a reader is meant to see."""


class LrfrError(Exception):
    """One sentence for the reader: what was expected, what was found, which command mends it.

    The command line prints the sentence alone and exits with status 1; a notebook shows it as the last line.
    """
