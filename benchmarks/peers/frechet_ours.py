"""The Fréchet distance of 10,000 against 10,000 features by `evaluation.metrics.frechet`."""

from __future__ import annotations

from pipeline.evaluation.metrics import frechet  # before NumPy, as in the stages: it settles the BLAS's threads

import features  # isort: skip
from worker import serve  # isort: skip

if __name__ == "__main__":
    real, fake = features.draw()
    serve(
        {"distance": frechet.distance(fake, frechet.Reference(real))},
        lambda times: [frechet.distance(fake, frechet.Reference(real)) for _ in range(times)],
        chunk=1,
    )
