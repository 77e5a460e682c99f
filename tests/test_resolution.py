"""Errors by dimension, maps of embeddings and gradient norms: by hand on small networks, and on a real one."""

import numpy as np
import pytest
import torch
from torch import nn

from lrfr.errors import LrfrError
from lrfr.evaluation.resolution import centre_shift, dimension_errors, errors, gradient_norms, has_direction, project
from lrfr.recognizers import Recognizer


class Linear(nn.Module):
    """Mean colour times a matrix plus a shift."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))
        self.shift = nn.Parameter(torch.zeros(2))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean((2, 3)) @ self.weight.t() + self.shift


def judge() -> Recognizer:
    return Recognizer("linear", Linear(), 2, "cosine")


def test_errors_by_dimension_by_hand():
    hr, lr = np.array([[3.0, 4.0], [0.0, 2.0]]), np.array([[4.0, 3.0], [0.0, 9.0]])
    np.testing.assert_allclose(dimension_errors(hr, lr), [0.1, 0.1])  # (.6, .8) - (.8, .6), and no difference
    np.testing.assert_allclose(errors(hr, lr), [[0.2, 0.2], [0, 0]])
    with pytest.raises(LrfrError, match="N x D twice"):
        dimension_errors(hr, lr[:1])


def test_a_direction_needs_a_length_that_can_be_held():
    faces = np.eye(3, dtype=np.float32)
    assert has_direction(faces) and has_direction(faces * 1e15)
    assert not has_direction(faces * 1e22) and not has_direction(faces * [[1], [1], [0]])


def test_the_shift_of_a_centre_by_hand():
    """HR: (1, 0) and (-1, 0), each 1 from the centre (0, 0). LR: both at (0, 1), so 1 away: a share of 1."""
    hr = np.array([[5.0, 0.0], [-2.0, 0.0]])
    assert centre_shift(hr, np.array([[0.0, 1.0], [0.0, 3.0]])) == pytest.approx(1)
    assert centre_shift(hr, hr[::-1]) == pytest.approx(0)
    assert centre_shift(hr, np.array([[1.0, 0.0], [0.0, 1.0]])) == pytest.approx(0.5**0.5)


def test_pca_finds_the_plane_in_which_points_lie():
    """Eight unit vectors in a plane of ten dimensions: distances in the map are those between the vectors."""
    angles = np.array([0, 0.3, 0.8, 1.1, 1.9, 2.2, 2.9, 3.1])
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(10, 2)))[0]
    vectors = (np.stack([np.cos(angles), np.sin(angles)], 1) @ basis.T).reshape(2, 4, 10) * 7
    found = project(vectors)
    flat, unit = found.points.reshape(8, 2), vectors.reshape(8, 10) / 7
    for a, b in ((0, 1), (2, 7)):
        assert np.linalg.norm(flat[a] - flat[b]) == pytest.approx(np.linalg.norm(unit[a] - unit[b]))
    assert found.points.shape == (2, 4, 2)
    np.testing.assert_allclose(found.centres, found.points.mean(1))
    np.testing.assert_allclose(project(vectors[:, :, ::-1]).points, found.points, atol=1e-9)


def test_tsne_keeps_clusters_apart_and_is_repeatable():
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(3, 1, 32)) * 5
    found = project(centres + rng.normal(size=(3, 15, 32)) * 0.1, "tsne", seed=3)
    spread = np.linalg.norm(found.points - found.centres[:, None], axis=2).mean()
    assert np.linalg.norm(found.centres[0] - found.centres[1]) > 3 * spread
    vectors = rng.normal(size=(2, 6, 8))
    np.testing.assert_array_equal(project(vectors, "tsne").points, project(vectors, "tsne").points)


def test_gradient_norms_by_hand():
    """Faces of one colour are the same at every size; the loss is the sum of both outputs."""
    colours = torch.tensor([[0.5, 0.25, 0.0], [0.5, 0.75, 0.0]])
    hr = colours[:, :, None, None].expand(2, 3, 112, 112).contiguous()
    seen = []

    def loss(lr: torch.Tensor, large: torch.Tensor, index: np.ndarray) -> torch.Tensor:
        seen.append((large.requires_grad, index.tolist()))
        return lr.sum(1).mean()

    found = gradient_norms(judge(), hr, (112, 14), loss, batch_size=2)
    # Over the matrix each row's gradient is the mean colour (.5, .5, 0), over the shift it is 1 twice.
    expected = 2**0.5 * 0.5**0.5 + 2**0.5
    np.testing.assert_allclose(found, [expected, expected], rtol=5e-3)
    assert seen == [(False, [0, 1])] * 2
    alone = gradient_norms(judge(), hr, (112,), loss, batch_size=1)
    norms = [2**0.5 * np.linalg.norm(c) + 2**0.5 for c in colours.numpy()]
    np.testing.assert_allclose(alone, [np.mean(norms)], rtol=1e-4)


def test_the_recogniser_itself_stays_frozen():
    one = judge()
    gradient_norms(one, torch.rand(2, 3, 112, 112), (7,), lambda a, b, i: (a - b).square().sum(1).mean())
    assert not any(p.requires_grad or p.grad is not None for p in one.parameters())


@pytest.mark.parametrize(
    ("shape", "method", "words"),
    [((2, 4), "pca", "R x N x D"), ((1, 3, 5), "pca", "at least four points"), ((2, 4, 5), "umap", "by pca or tsne")],
)
def test_what_cannot_be_mapped_is_refused(shape, method, words):
    with pytest.raises(LrfrError, match=words):
        project(np.random.default_rng(0).normal(size=shape), method)
