"""ArcFace and CosFace: by hand, the library's with equal weights, and where an angle has no gradient."""

import math

import pytest
import torch
from pytorch_metric_learning.losses import ArcFaceLoss, CosFaceLoss
from torch.nn import functional as F

from lrfr.losses.angular import CosineHead, arcface_loss, cosface_loss


def cross_entropy(right: float, others: list[float], scale: float) -> float:
    return math.log(1 + sum(math.exp(scale * (other - right)) for other in others))


def test_by_hand():
    """Angles of 60, 90 and 120 degrees; the first identity is right."""
    cosine = torch.tensor([[0.5, 0.0, -0.5]])
    label = torch.tensor([0])
    arc = cross_entropy(math.cos(math.pi / 3 + 0.4), [0.0, -0.5], 5)
    assert float(arcface_loss(cosine, label, 5, 0.4)) == pytest.approx(arc, rel=1e-5)
    assert float(cosface_loss(cosine, label, 5, 0.2)) == pytest.approx(cross_entropy(0.3, [0.0, -0.5], 5), rel=1e-5)


def test_past_the_last_angle_the_loss_still_rises():
    """From theta = pi - m on, cos(theta + m) would rise again."""
    cosine = torch.tensor([[-0.95, 0.0]])
    expected = cross_entropy(-0.95 - 0.5 * math.sin(0.5), [0.0], 4)
    assert float(arcface_loss(cosine, torch.tensor([0]), 4, 0.5)) == pytest.approx(expected, rel=1e-5)
    angles = torch.linspace(0.01, math.pi - 0.01, 200)
    losses = [float(arcface_loss(torch.tensor([[math.cos(a), 0.0]]), torch.tensor([0]), 4, 0.5)) for a in angles]
    assert losses == sorted(losses)


@pytest.mark.parametrize("loss", [arcface_loss, cosface_loss])
def test_without_margin_it_is_the_normalised_softmax(loss):
    torch.manual_seed(0)
    cosine, labels = 2 * torch.rand(5, 4) - 1, torch.tensor([0, 3, 1, 1, 2])
    torch.testing.assert_close(loss(cosine, labels, 10, 0.0), F.cross_entropy(10 * cosine, labels))
    assert loss(cosine, labels, 10, 0.3) > loss(cosine, labels, 10, 0.0)


@pytest.mark.parametrize("kind", ["arcface", "cosface"])
def test_the_library_s_loss_and_gradients_are_ours(kind):
    """pytorch-metric-learning takes ArcFace's margin in degrees and its weights as D x identities."""
    torch.manual_seed(3)
    embeddings, labels = 3 * torch.randn(24, 6), torch.randint(0, 5, (24,))
    head = CosineHead(5, 6)
    if kind == "arcface":
        theirs = ArcFaceLoss(5, 6, margin=math.degrees(0.45), scale=48)
    else:
        theirs = CosFaceLoss(5, 6, margin=0.4, scale=48)
    theirs.W.data = head.weight.detach().T.clone()
    a, b = embeddings.clone().requires_grad_(), embeddings.clone().requires_grad_()
    ours = arcface_loss(head(a), labels, 48, 0.45) if kind == "arcface" else cosface_loss(head(a), labels, 48, 0.4)
    other = theirs(b, labels)
    ours.backward()
    other.backward()
    torch.testing.assert_close(ours, other, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(a.grad, b.grad, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(head.weight.grad, theirs.W.grad.T, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("loss", [arcface_loss, cosface_loss])
@pytest.mark.parametrize("angle", [1.0, -1.0])
def test_an_embedding_on_its_direction_has_a_finite_gradient(loss, angle):
    head = CosineHead(3, 4)
    embedding = (angle * head.weight[:1].detach()).requires_grad_()
    value = loss(head(embedding), torch.tensor([0]))
    value.backward()
    assert value.isfinite() and embedding.grad is not None and embedding.grad.isfinite().all()
    assert head.weight.grad is not None and head.weight.grad.isfinite().all()


def test_the_head_gives_cosines_in_full_precision():
    head = CosineHead(5, 512)
    embeddings = 7 * torch.randn(3, 512)
    expected = F.cosine_similarity(embeddings[:, None], head.weight[None], dim=-1)
    torch.testing.assert_close(head(embeddings), expected, atol=1e-6, rtol=1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        under = head(embeddings)
    assert under.dtype == torch.float32
    torch.testing.assert_close(under, expected, atol=1e-6, rtol=1e-5)


def test_a_head_learns_to_tell_people_apart():
    torch.manual_seed(0)
    labels = torch.arange(4).repeat_interleave(5)
    embeddings = torch.eye(8)[labels] + 0.1 * torch.randn(20, 8)
    head = CosineHead(4, 8)
    optimizer = torch.optim.SGD(head.parameters(), 0.05)
    for _ in range(60):
        optimizer.zero_grad()
        arcface_loss(head(embeddings), labels, 16, 0.3).backward()
        optimizer.step()
    assert (head(embeddings).argmax(1) == labels).all()
