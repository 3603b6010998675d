"""Images drawn from a model folder by its compiled signature, as the stage `sample` does."""

from __future__ import annotations

from pathlib import Path

from worker import problem, serve

from pipeline.sampling import checkpoint, draws

if __name__ == "__main__":
    name, arrays = problem()
    model = checkpoint.load_checkpoint(Path(".bench") / f"{name}-0")
    first = float(model.decode(arrays[f"{name}/latents"]).mean())
    latents = draws.latents(10_000, model.card["latent_dim"], seed=0)

    def run(images: int) -> None:
        for _ in range(images // 10_000):
            draws.draw(model.decode, latents)

    serve({"mean": first}, run, chunk=10_000)
