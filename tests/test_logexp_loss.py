"""LogExp: by hand, its closed-form gradient against autograd, the released code's form, and what its shape implies."""

import math

import pytest
import torch
from torch.nn import functional as F

from lrfr.errors import LrfrError
from lrfr.losses.logexp import Distance, logexp, logexp_gradient, logexp_released, logexp_slope, lp, smooth_l1


def unit(n: int, d: int, seed: int) -> torch.Tensor:
    return F.normalize(torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64))


X = torch.tensor([[0.5, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
Y = torch.tensor([[0.0, 0.0, 0.0, 2.0], [0.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
#: Differences of the first face: .5, 0, 1, 2; the second face's embeddings agree.


def test_by_hand():
    """D = 4, mean over two faces of which the second costs nothing."""
    assert float(lp(X, Y, 1)) == pytest.approx(3.5 / 4 / 2)
    assert float(lp(X, Y, 2)) == pytest.approx((0.25 + 1 + 4) / 8 / 2)
    assert float(smooth_l1(X, Y)) == pytest.approx((0.125 + 0.5 + 1.5) / 4 / 2)
    grown = (math.e**0.5 - 1) + (math.e - 1) + (math.e**2 - 1)
    assert float(logexp(X, Y, 1)) == pytest.approx(math.log(1 + grown) / 4 / 2)
    squared = (math.e**0.25 - 1) + (math.e - 1) + (math.e**4 - 1)
    assert float(logexp(X, Y, 2)) == pytest.approx(math.log(1 + squared) / 8 / 2)
    assert float(logexp_released(X, Y, 1)) == pytest.approx(math.log(1 + grown) / 2)
    assert float(logexp_released(X, Y, 2)) == pytest.approx(math.log(1 + squared) / 4)


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 3.0])
def test_the_closed_form_is_autograds_gradient(p):
    x, y = unit(5, 64, 0).requires_grad_(), unit(5, 64, 1)
    (found,) = torch.autograd.grad(logexp(x, y, p) * len(x), x)
    torch.testing.assert_close(found, logexp_gradient(x.detach(), y, p), rtol=1e-10, atol=1e-14)
    torch.testing.assert_close(found, Distance("logexp", p).gradient(x, y), rtol=1e-12, atol=0)


@pytest.mark.parametrize("p", [1.0, 2.0])
def test_eq_6_is_eq_4_with_the_other_dimensions_in_c(p):
    x, y = 3 * unit(1, 16, 2), unit(1, 16, 3)
    whole = logexp_gradient(x, y, p)[0]
    grown = torch.expm1((x - y).abs()[0].pow(p))
    for i in range(16):
        rest = float(grown.sum() - grown[i])
        assert float(logexp_slope((x - y)[0, i], rest, p)) / 16 == pytest.approx(float(whole[i]), rel=1e-9)


def test_one_dimension_alone_is_plain_l_p():
    """log(e^(d^p)) = d^p: "intermediate between L1 and L2" needs other dimensions that differ."""
    x = torch.zeros(1, 8, dtype=torch.float64)
    y = x.clone()
    y[0, 3] = -1.7
    for p in (1.0, 2.0, 3.0):
        assert float(logexp(x, y, p)) == pytest.approx(float(lp(x, y, p)))
        assert float(logexp_slope(torch.tensor(1.7), 0.0, p)) == pytest.approx(1.7 ** (p - 1), rel=1e-6)


def test_at_0_logexp_jumps_like_l1_or_vanishes_like_l2():
    """ "We also expect its gradient to be smooth": with p = 1 it is not."""
    near = torch.tensor([-1e-6, 1e-6], dtype=torch.float64)
    jump = logexp_slope(near, 4.0, 1.0)
    assert jump.tolist() == pytest.approx([-0.2, 0.2], rel=1e-5)  # 1 / (C + 1) on either side
    assert logexp_slope(near, 4.0, 2.0).abs().max() < 1e-6


def test_a_larger_c_pulls_less():
    """Fig. 4, right."""
    errors = torch.linspace(0.1, 3, 30)
    slopes = torch.stack([logexp_slope(errors, c) for c in (0.0, 1.0, 5.0, 20.0)])
    assert (slopes[:-1] > slopes[1:]).all()
    assert torch.allclose(slopes[0], torch.ones(30))
    assert (slopes[1:].diff(dim=1) > 0).all() and (slopes < 1 + 1e-6).all()  # rising to L1's 1


@pytest.mark.parametrize(("s", "expected"), [(1.0, 3.98), (3.0, 2.66), (20.0, 2.10), (0.1, 21.2), (1e-7, 512.0)])
def test_the_released_code_pulls_harder(s, expected):
    """Gradient of the code's form over that of the paper's, D (1 + S) / (1 + B S), where every face has the same S."""
    d, b = 512, 256
    one = math.log1p(s / d)  # in every dimension, so that a face's sum is S
    x, y = torch.full((b, d), one, dtype=torch.float64, requires_grad=True), torch.zeros(b, d, dtype=torch.float64)
    (paper,) = torch.autograd.grad(logexp(x, y), x)
    (code,) = torch.autograd.grad(logexp_released(x, y), x)
    ratio = float(code[0, 0] / paper[0, 0])
    assert ratio == pytest.approx(d * (1 + s) / (1 + b * s), rel=1e-9)
    assert ratio == pytest.approx(expected, rel=0.01)


def test_the_released_code_gives_no_face_a_weight_of_its_own():
    """In the paper's form a face whose embeddings are near is pulled harder; in the code's all are pulled alike."""
    y = torch.zeros(2, 512, dtype=torch.float64)
    x = torch.stack([torch.full((512,), 0.001), torch.full((512,), 0.05)]).double().requires_grad_()
    (paper,) = torch.autograd.grad(logexp(x, y), x)
    (code,) = torch.autograd.grad(logexp_released(x, y), x)
    assert float(paper[0, 0] / paper[1, 0]) > 15
    assert float(code[0, 0] / code[1, 0]) == pytest.approx(math.exp(0.001 - 0.05))


def test_between_unit_vectors_logexp_points_where_l_p_points():
    """In 512 dimensions unit vectors differ by some .06 a dimension, so e^d weighs dimensions almost alike: the angle
    to L_p's gradient is 2 degrees or less. What is its own is the length, 1 / (1 + S)."""
    x, y = unit(64, 512, 4).requires_grad_(), unit(64, 512, 5)
    for p, at_least in ((1.0, 0.999), (2.0, 0.9999)):
        mine, theirs = (torch.autograd.grad(f(x, y, p), x)[0] for f in (logexp, lp))
        cosine = F.cosine_similarity(mine, theirs)
        assert cosine.min() > at_least
        s = torch.expm1((x - y).detach().abs().pow(p)).sum(1)
        assert torch.allclose(mine.norm(dim=1) / theirs.norm(dim=1), 1 / (1 + s), rtol=0.1)


def test_lambda_1_is_next_to_nothing_between_unit_vectors():
    """Orthogonal unit vectors of 512 dimensions cost .0065; the cross entropy of CosFace starts at several units."""
    assert float(logexp(unit(64, 512, 6), unit(64, 512, 7))) == pytest.approx(0.0065, abs=0.0003)


def test_distances_by_name():
    x, y = unit(4, 32, 8), unit(4, 32, 9)
    assert float(Distance("lp", 1)(x, y)) == pytest.approx(float((x - y).abs().mean()))
    assert float(Distance("lp", 2)(x, y)) == pytest.approx(float((1 - (x * y).sum(1)).mean()) / 32)
    assert float(Distance("smooth-l1")(x, y)) == pytest.approx(float(F.smooth_l1_loss(x, y)))
    assert float(Distance("logexp", 2)(x, y)) == pytest.approx(float(logexp(x, y, 2)))
    assert float(Distance("logexp-released", 1)(x, y)) == pytest.approx(float(logexp_released(x, y)))


def test_pulls_by_hand():
    """L1: a sign in each of D dimensions over D. L2: the difference over D. LogExp: the closed form."""
    x, y = unit(6, 512, 10), unit(6, 512, 11)
    assert Distance("lp", 1).pull(x, y) == pytest.approx(512**-0.5)
    assert Distance("lp", 2).pull(x, y) == pytest.approx(float((x - y).norm(dim=1).mean()) / 512)
    closed = float(logexp_gradient(x, y).norm(dim=1).mean())
    assert Distance("logexp").pull(x, y) == pytest.approx(closed) and closed < 512**-0.5 / 15


@pytest.mark.parametrize("kind", ["lp", "logexp"])
def test_each_faces_own_gradient(kind):
    """By autograd, and by Eqs 1 and 4: a face's gradient knows nothing of the other faces of the batch."""
    x, y = unit(3, 16, 12), unit(3, 16, 13)
    found = Distance(kind, 1).gradient(x, y)
    expected = logexp_gradient(x, y) if kind == "logexp" else torch.sign(x - y) / 16
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-14)
    torch.testing.assert_close(Distance(kind, 1).gradient(x[:1], y[:1]), found[:1])


def test_what_is_no_distance_is_refused():
    with pytest.raises(LrfrError, match="out of lp, smooth-l1, logexp, logexp-released"):
        Distance("l3")  # type: ignore[arg-type]
    with pytest.raises(LrfrError, match="power of at least 1"):
        Distance("logexp", 0.5)
    with pytest.raises(LrfrError, match=r"N x D on both sides, found \(2, 4\) and \(1, 4\)"):
        logexp(X, Y[:1])
    with pytest.raises(LrfrError, match="gradient at 0 is infinite"):
        lp(X, Y, 0.5)


@pytest.mark.parametrize(("p", "rest"), [(1.0, 0.0), (1.0, 5.0), (2.0, 1.0)])
def test_one_dimensions_slope_by_autograd_is_the_closed_form(p, rest):
    errors = torch.tensor([-1.7, -0.3, 0.2, 2.1], dtype=torch.float64)
    torch.testing.assert_close(Distance("logexp", p).slope(errors, rest), logexp_slope(errors, rest, p))
    torch.testing.assert_close(Distance("lp", 2).slope(errors, rest), errors)
