"""The Muon optimizer. Needs PyTorch."""

import math

import pytest

pytest.importorskip("torch")

import torch

from muon import Muon, orthogonalized


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 8, 20), (2, 20, 8)])
def test_singular_values_come_out_near_one(shape):
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalized(torch.randn(shape)))
    assert values.min() > 0.6 and values.max() < 1.25


def test_directions_are_kept():
    """A diagonal matrix keeps its signs and zeros."""
    result = orthogonalized(torch.diag(torch.tensor([3.0, -2.0]))[None])[0]
    assert result[0, 1] == result[1, 0] == 0
    assert 0.6 < result[0, 0] < 1.25 and -1.25 < result[1, 1] < -0.6


def test_a_step_has_the_promised_size():
    """Every entry of an orthogonal 1x1 matrix is near 1: the update is lr * scale * 0.2 * sqrt(1)."""
    weight = torch.nn.Parameter(torch.tensor([[5.0]]))
    weight.grad = torch.tensor([[0.001]])
    Muon([weight], lr=0.1, scale=2.0, dtype=torch.float32).step()
    assert 5 - weight.item() == pytest.approx(0.1 * 2 * 0.2 * math.sqrt(1), rel=0.35)


def test_matrices_of_a_shape_are_independent():
    torch.manual_seed(0)
    values, gradients = torch.randn(3, 4, 6), torch.randn(3, 4, 6)

    def step(indices):
        weights = [torch.nn.Parameter(values[i].clone()) for i in indices]
        for weight, i in zip(weights, indices):
            weight.grad = gradients[i]
        Muon(weights, lr=0.1, dtype=torch.float32).step()
        return [weight.detach() for weight in weights]
    for together, (alone,) in zip(step([0, 1, 2]), ([step([i])[0]] for i in range(3))):
        torch.testing.assert_close(together, alone)


def test_momentum_survives_a_saved_state():
    def run(save):
        weight = torch.nn.Parameter(torch.ones(2, 2))
        optimizer = Muon([weight], lr=0.1, dtype=torch.float32)
        for i, gradient in enumerate(([[1.0, 0], [0, 1]], [[0, 1.0], [1, 0]])):
            if i and save:
                state = optimizer.state_dict()
                optimizer = Muon([weight], dtype=torch.float32)
                optimizer.load_state_dict(state)
            weight.grad = torch.tensor(gradient)
            optimizer.step()
        return weight.detach()
    assert torch.equal(run(False), run(True))
