"""lrfr: models, losses, training and evaluation behind the study book on low-resolution face recognition."""

__version__ = "0.1.0"
