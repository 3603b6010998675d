"""PyTorch with the models and their gradients compiled by `torch.compile`."""

import torch
from torch_models import BUILD
from worker import problem, serve

if __name__ == "__main__":
    model, arrays = problem()
    losses, run = BUILD[model](arrays, torch.compile)
    serve(losses, run, chunk=100)
