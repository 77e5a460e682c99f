"""What the book calls an upsampler is one thing at each size, whoever asks for it: the protocol or a reader's photo."""

import numpy as np
import pytest

from lrfr import assets, catalogue, datasets, methods
from lrfr.errors import LrfrError


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    """One of AT&T."""
    return datasets.load("att").images[:1]


@pytest.mark.parametrize("px", catalogue.SIZES)
def test_a_label_names_its_method_and_its_weights(px, face):
    for label in catalogue.labels(px):
        if label == catalogue.REAL_ESRGAN:
            continue  # its weights are those that are packaged; see below
        method, weights = catalogue.upsampler(label, px), catalogue.weights(label, px)
        assert (method.name, method.px) == (label, px)
        assert (weights is None) == (label in catalogue.KERNELS)
    apart = {methods.restore(catalogue.upsampler(label, px), face).tobytes() for label in ("bicubic", "SRCNN", "U-Net")}
    assert len(apart) == 3


def test_the_network_of_a_size_is_the_one_that_was_trained_for_it(face):
    for px, trained_for in ((14, "14"), (7, "14"), (28, "28"), (56, "56")):
        assert catalogue.weights("FTLGAN", px) == methods.checkpoint(f"ftlgan-{trained_for}-s0")
        plain = methods.trained("FTLGAN", methods.checkpoint(f"ftlgan-{trained_for}-s0"), size=px)
        assert (methods.restore(catalogue.upsampler("FTLGAN", px), face) == methods.restore(plain, face)).all()
    assert catalogue.weights(catalogue.REAL_ESRGAN, 7) == assets.path("realesrgan")


def test_what_a_network_was_trained_on_is_said_by_its_settings():
    assert [catalogue.heights("FTLGAN", px) for px in catalogue.SIZES] == [[14], [14], [28], [56]]
    assert {tuple(catalogue.heights("SRGAN", px)) for px in catalogue.SIZES} == {(28,)}
    assert catalogue.heights("U-Net", 7)[:2] == [7, 11] and len(catalogue.heights("U-Net", 7)) > 3
    for label, files in catalogue.NETWORKS.items():
        for px in files:
            if label.startswith("U-Net"):
                continue
            (own,) = catalogue.heights(label, px)
            assert methods.trained(label, catalogue.weights(label, px)).px == own


def test_a_name_that_nothing_has_at_a_size_is_refused():
    (taught,) = catalogue.TAUGHT
    assert taught in catalogue.labels() and taught in catalogue.labels(14) and taught not in catalogue.labels(7)
    for label in (taught, "FTLGEN"):
        with pytest.raises(LrfrError) as error:
            catalogue.weights(label, 7)
        said = str(error.value)
        assert said.startswith("Expected methods for 7 px among nearest, bilinear, bicubic, Lanczos, area, SRCNN, ")
        assert said.endswith(f", Real-ESRGAN, found {label}.")
