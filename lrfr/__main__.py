"""``python -m lrfr``."""

from lrfr.cli import main

main()
