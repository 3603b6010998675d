"""`python -m pipeline`: the commands around the stages."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from pipeline import errors


def main() -> int | None:
    arguments = _parser().parse_args()
    command: Callable[[argparse.Namespace], int | None] = arguments.command
    return command(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipeline", description="GAN vs VAE on MNIST.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace], int | None], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(command=command)
        return added

    add("repro", _repro, "Check params.yaml, prune, run `dvc repro`, and say where everything is.")
    add("check", _check, "Check the whole of params.yaml.")
    add("prune", _prune, "Remove the outputs of models and seeds that params.yaml no longer names.")
    add("quick", _quick, "Run every stage at tiny settings in .quick/: not a result.")
    sample = add("sample", _sample, "Draw images from a model folder into a PNG.")
    sample.add_argument("folder", type=Path, help="a model folder, such as models/gan-0")
    sample.add_argument("--count", type=_positive, default=64, help="how many images (default: %(default)s)")
    sample.add_argument("--seed", type=int, default=0, help="of the latents (default: %(default)s)")
    sample.add_argument("--sampler", help="means or bernoulli, for a VAE (default: the model's first)")
    sample.add_argument("--out", type=Path, default=Path("grid.png"), help="the PNG (default: %(default)s)")
    return parser


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a positive integer; got {text!r}")
    return int(text)


def _repro(_: argparse.Namespace) -> int:
    from pipeline.workflow.repro import repro

    return repro()


def _check(_: argparse.Namespace) -> None:
    from pipeline.workflow.check import check

    print(f"params.yaml is fine; it names {', '.join(check().items())}")


def _prune(_: argparse.Namespace) -> None:
    from pipeline.workflow import check, prune

    removed = prune.prune(check.check())
    print("\n".join(f"removed {path}" for path in removed) or "nothing to prune")


def _quick(_: argparse.Namespace) -> int:
    from pipeline.workflow.scratch import quick

    return quick()


def _sample(arguments: argparse.Namespace) -> None:
    from pipeline import checkpoint, grids, sampling

    if arguments.seed < 0:
        raise errors.UserError(f"--seed must not be negative; got {arguments.seed}")
    model = checkpoint.load(arguments.folder)
    samplers = model.description["samplers"]
    sampler = arguments.sampler or samplers[0]
    if sampler not in samplers:
        raise errors.UserError(f"--sampler must be one of {', '.join(samplers)} for this model; got {sampler!r}")
    latents = sampling.latents(arguments.count, model.description["latent_dim"], seed=arguments.seed)
    images = sampling.apply(sampler, sampling.draw(model.decode, latents), seed=arguments.seed)
    columns = -(-int(arguments.count**0.5 * 1000) // 1000)
    grids.save_png(arguments.out, grids.tile(sampling.to_uint8(images), columns))
    print(f"{arguments.count} images of {arguments.folder} are in {arguments.out}")


if __name__ == "__main__":
    sys.exit(errors.exit_code_of(main))
