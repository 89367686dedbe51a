"""The Muon optimizer: momentum whose direction is made orthogonal, for the hidden matrices of a network.

Keller Jordan et al., Muon: An optimizer for hidden layers in neural networks, 2024; the scale of an update is that of
Liu et al., Muon is Scalable for LLM Training, 2025 (arXiv:2502.16982), section 2.2.
"""

import math
from collections.abc import Iterable

import torch

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic iteration, as in the first of the two


def orthogonalized(matrices: torch.Tensor) -> torch.Tensor:
    """(n, rows, columns) to matrices near the closest ones with orthonormal rows or columns, by five Newton–Schulz steps:
    singular values come out between 0.7 and 1.2."""
    a, b, c = COEFFICIENTS
    wide = matrices.shape[-2] <= matrices.shape[-1]
    x = matrices if wide else matrices.mT
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = a * x + torch.baddbmm(gram, gram, gram, beta=b, alpha=c) @ x
    return x if wide else x.mT


class Muon(torch.optim.Optimizer):
    """lr is the learning rate that Adam would have: an update has `scale` times the root mean square of Adam's, about 0.2.
    Matrices of equal shape are orthogonalized together, in `dtype`."""

    def __init__(self, matrices: Iterable[torch.nn.Parameter], lr: float = 0.0, momentum: float = 0.95, scale: float = 2.0,
                 dtype: torch.dtype = torch.bfloat16) -> None:
        by_shape = {}
        for matrix in matrices:
            by_shape.setdefault(tuple(matrix.shape), []).append(matrix)
        super().__init__([{"params": group} for group in by_shape.values()], {"lr": lr, "momentum": momentum, "scale": scale})
        self.dtype = dtype

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            matrices = group["params"]
            gradient = torch.stack([matrix.grad for matrix in matrices])
            state = self.state[matrices[0]]
            if not state:
                state["momentum"] = torch.zeros_like(gradient)
            momentum = state["momentum"].mul_(group["momentum"]).add_(gradient)
            direction = orthogonalized(gradient.add(momentum, alpha=group["momentum"]).to(self.dtype))  # Nesterov
            rate = group["lr"] * group["scale"] * 0.2 * math.sqrt(max(gradient.shape[-2:]))
            torch._foreach_add_(matrices, list(direction.to(gradient.dtype).unbind()), alpha=-rate)
