"""PyTorch as it comes: one operation after another."""

from torch_models import BUILD
from worker import problem, serve

if __name__ == "__main__":
    model, arrays = problem()
    losses, run = BUILD[model](arrays, lambda module: module)
    serve(losses, run, chunk=100)
