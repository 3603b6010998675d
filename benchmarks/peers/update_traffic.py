"""The memory traffic of one training step's updates and nothing else, on two threads: the other half of the limit.

A weight, its gradient and its moments are read, the weight and its moments written: five passes over the parameters for
RMSprop, which has one moment, seven for Adam, which has two.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from worker import problem, serve

# Parameters that an update changes, and the moments that the optimizer keeps of each.
UPDATES = {"vae": [(404_244, 1)], "gan": [(100_609, 2), (100_609, 2), (114_064, 2)]}


def passes(updates: list[tuple[int, int]]) -> Callable[[int], None]:
    torch.set_num_threads(2)
    operands = [
        (torch.zeros(count), torch.zeros(count), [torch.zeros(count) for _ in range(moments)])
        for count, moments in updates
    ]

    def run(steps: int) -> None:
        with torch.inference_mode():
            for _ in range(steps):
                for weights, gradients, moments in operands:
                    weights.add_(gradients)
                    for moment in moments:
                        moment.mul_(0.5)

    return run


if __name__ == "__main__":
    model, _ = problem()
    serve({}, passes(UPDATES[model]), chunk=100)
