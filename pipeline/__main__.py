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

    add(
        "repro",
        _repro,
        "Check params.yaml, prune, train models side by side, `dvc repro` the rest, and say where all is.",
    )
    train = add("train", _train, "Train the models that are due, side by side, and draw their samples.")
    train.add_argument(
        "--jobs", type=_positive, help="how many models at a time (default: as many as cores and memory allow)"
    )
    add("check", _check, "Check the whole of params.yaml.")
    add("prune", _prune, "Remove the outputs of models and seeds that params.yaml no longer names.")
    add("quick", _quick, "Run every stage at tiny settings in .quick/: not a result.")
    verify = add(
        "verify",
        _verify,
        "Rebuild everything in a clean clone, and compare every file with what dvc.lock of HEAD names. "
        "Exit code 0: all identical; 3: some within tolerance; 1: some different.",
    )
    verify.add_argument(
        "--stage",
        action="append",
        default=[],
        help="only this stage (repeatable); a rebuild makes what it needs",
    )
    verify.add_argument("--against", metavar="REV", help="rebuild nothing: compare with the dvc.lock of another commit")
    verify.add_argument("--json", action="store_true", help="as JSON")
    ledger = add("ledger", _ledger, "Name the MLflow run that made each line of dvc.lock.")
    ledger.add_argument("--json", action="store_true", help="as JSON")
    add("versions", _versions, "Write versions.yaml anew from requirements.lock, as `make lock` does.")
    sync = add("sync", _sync, "Send what MLflow has not got yet: it waits in .journal/ where a server was down.")
    sync.add_argument("--follow", action="store_true", help="what stages start: send while they run, in the background")
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


def _train(arguments: argparse.Namespace) -> int:
    from pipeline.workflow import check, side_by_side

    return side_by_side.repro(check.check(), jobs=arguments.jobs)


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


def _verify(arguments: argparse.Namespace) -> int:
    import collections
    import dataclasses
    import json

    from tabulate import tabulate

    from pipeline.workflow import environment, verify

    findings = (
        verify.against(arguments.against, arguments.stage) if arguments.against else verify.rebuild(arguments.stage)
    )
    verdict = verify.worst(findings)
    if arguments.json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
        return verify.EXIT_CODES[verdict]
    print(tabulate([dataclasses.astuple(f) for f in findings], ["line", "file", "verdict", "what differs"]))
    counts = collections.Counter(finding.verdict for finding in findings)
    print("\n" + ", ".join(f"{counts[v]} {v}" for v in verify.EXIT_CODES if counts[v]))
    told = environment.difference()
    if verdict != verify.IDENTICAL and told:
        print(told)
    return verify.EXIT_CODES[verdict]


def _ledger(arguments: argparse.Namespace) -> None:
    import dataclasses
    import json

    from tabulate import tabulate

    from pipeline.workflow.ledger import ledger

    entries, complaint = ledger()
    if arguments.json:
        print(json.dumps([dataclasses.asdict(entry) for entry in entries], indent=2))
    else:
        rows = [[e.line, e.origin, e.run, (e.commit or "")[:10], e.note] for e in entries]
        print(tabulate(rows, ["line", "origin", "run", "commit", "note"]))
    if complaint:
        print(complaint, file=sys.stderr)


def _versions(_: argparse.Namespace) -> None:
    from pipeline.workflow import versions

    versions.write()


def _sync(arguments: argparse.Namespace) -> None:
    from pipeline import backlog, sync

    if arguments.follow:
        return sync.follow()
    waiting = len(backlog.ended())
    if waiting:
        print(f"sync: sending what waits of {waiting} run{'s' * (waiting > 1)}", flush=True)
    complaint = sync.sync()
    if complaint:
        raise errors.UserError(complaint)
    print("sync: nothing waits")


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
