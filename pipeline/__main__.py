"""`python -m pipeline`: the commands around the stages. Each imports what it needs, so that the others stay fast."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path

from pipeline.console.exit import exit_code_of
from pipeline.core.errors import UserError

Command = Callable[[argparse.Namespace], int | None]


def main() -> int | None:
    arguments = _parser().parse_args()
    command: Command = arguments.command
    return command(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipeline", description="GAN vs VAE on MNIST.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (command, text) in COMMANDS.items():
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(command=command)
        if name in _OPTIONS:
            _OPTIONS[name](added)
    return parser


def _train_options(parser: argparse.ArgumentParser) -> None:
    text = "how many models at a time (default: as many as cores and memory allow)"
    parser.add_argument("--jobs", type=_positive, help=text)


def _study_on_cluster(arguments: argparse.Namespace) -> int:
    if arguments.on != "slurm":
        raise UserError(f"--on must be slurm, also with --status and --cancel; got {arguments.on!r}")
    from pipeline.workflow.cluster import members

    if arguments.status:
        return members.status(arguments.name)
    return members.cancel(arguments.name) if arguments.cancel else members.run(arguments.name)


def _verify_options(parser: argparse.ArgumentParser) -> None:
    text = "only this stage (repeatable); a rebuild makes what it needs"
    parser.add_argument("--stage", action="append", default=[], help=text)
    parser.add_argument("--against", metavar="REV", help="rebuild nothing: compare with the dvc.lock of another commit")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--study", metavar="NAME", help="instead, make members of this study again, and compare them")
    text = "how many of the study's members, spread over it (default: %(default)s)"
    parser.add_argument("--sample", type=_positive, default=2, metavar="K", help=text)


def _ledger_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")


def _sync_options(parser: argparse.ArgumentParser) -> None:
    text = "what stages start: send while they run, in the background"
    parser.add_argument("--follow", action="store_true", help=text)


def _ui_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=_positive, default=5000, help="where it listens (default: %(default)s)")


def _server_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=_positive, default=5000, help="where it listens (default: %(default)s)")
    text = "where it keeps what it holds: postgresql, for many writers, or sqlite (default: %(default)s)"
    parser.add_argument("--tracker", default="postgresql", help=text)


def _sample_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="a model folder, such as models/gan-0")
    parser.add_argument("--count", type=_positive, default=64, help="how many images (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the latents (default: %(default)s)")
    parser.add_argument("--sampler", help="means or bernoulli, for a VAE (default: the model's first)")
    parser.add_argument("--out", type=Path, default=Path("grid.png"), help="the PNG (default: %(default)s)")


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a positive integer; got {text!r}")
    return int(text)


def _repro(_: argparse.Namespace) -> int:
    from pipeline.workflow.repro import repro

    return repro()


def _train(arguments: argparse.Namespace) -> int:
    from pipeline.params import read_params
    from pipeline.workflow import parallel, preflight, processes

    params = read_params()
    with processes.alone():
        preflight.prepare_dvc()
        return parallel.train(params, jobs=arguments.jobs)


def _study_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="a folder's name in studies/ (default: list them all)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be trained, and train nothing")
    parser.add_argument(
        "--confirm",
        action="store_true",
        help="after an edit that should change no result: train one member a model again, and if its bytes are the "
        "same, let all its rows count for today's code",
    )
    text = "how many members at a time (default: as cores and memory allow)"
    parser.add_argument("--jobs", type=_positive, help=text)
    text = "slurm: take in the members that are done, submit those that are missing as cluster.yaml says, and return"
    parser.add_argument("--on", metavar="CLUSTER", help=text)
    parser.add_argument("--status", action="store_true", help="with --on slurm: say what has become of each member")
    text = "with --on slurm: cancel its jobs; what they have done is kept"
    parser.add_argument("--cancel", action="store_true", help=text)


def _study(arguments: argparse.Namespace) -> int | None:
    from pipeline.workflow import study_again, study_plan, study_run

    if arguments.name is None:
        if arguments.dry_run or arguments.confirm or arguments.on:
            raise UserError("expected the name of a study; `python -m pipeline study` lists them")
        print(study_plan.listed())
        return None
    if arguments.on or arguments.status or arguments.cancel:
        return _study_on_cluster(arguments)
    if arguments.dry_run:
        print(study_plan.foreseen(arguments.name))
        return None
    if arguments.confirm:
        return study_again.confirm(arguments.name)
    return study_run.run(arguments.name, arguments.jobs)


def _check(_: argparse.Namespace) -> None:
    from pipeline.params import read_params

    print(f"params.yaml is fine; it names {', '.join(read_params().model_ids())}")


def _prune(_: argparse.Namespace) -> None:
    from pipeline.params import read_params
    from pipeline.workflow.prune import prune

    print("\n".join(f"removed {path}" for path in prune(read_params())) or "nothing to prune")


def _quick(_: argparse.Namespace) -> int:
    from pipeline.workflow.quick import quick

    return quick()


def _crate(_: argparse.Namespace) -> None:
    from pipeline.params import read_params
    from pipeline.provenance import ro_crate

    print(f"crate: {ro_crate.write_crate(read_params()):,} things are described in {ro_crate.FILE}")


def _verify(arguments: argparse.Namespace) -> int:
    import dataclasses
    import json

    from pipeline.workflow import study_again, verify

    if arguments.study:
        if arguments.against or arguments.stage or arguments.json:
            raise UserError("verify: --study goes with --sample alone")
        return study_again.verify(arguments.study, arguments.sample)
    if arguments.against:
        findings = verify.against(arguments.against, arguments.stage)
    else:
        findings = verify.rebuild(arguments.stage)
    if arguments.json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
    else:
        print(verify.as_table(findings))
    return verify.EXIT_CODES[verify.worst(findings)]


def _ledger(arguments: argparse.Namespace) -> None:
    import dataclasses
    import json

    from tabulate import tabulate

    from pipeline.provenance.ledger import ledger

    origins, warning = ledger()
    if arguments.json:
        print(json.dumps([dataclasses.asdict(origin) for origin in origins], indent=2))
    else:
        rows = [[o.line, o.origin, o.run, (o.commit or "")[:10], o.note] for o in origins]
        print(tabulate(rows, ["line", "origin", "run", "commit", "note"]))
    if warning:
        print(warning, file=sys.stderr)


def _versions(_: argparse.Namespace) -> None:
    from pipeline.provenance import versions

    versions.write()


def _built_on(_: argparse.Namespace) -> None:
    from pipeline.provenance import machine

    machine.record()
    print(f"this machine is written down in {machine.FILE}")


def _sync(arguments: argparse.Namespace) -> None:
    from pipeline.tracking import journal, sender

    if arguments.follow:
        return sender.follow()
    waiting = len(journal.ended())
    if waiting:
        print(f"sync: sending what waits of {waiting} run{'s' * (waiting > 1)}", flush=True)
    warning = sender.sync()
    if warning:
        raise UserError(warning)
    print("sync: nothing waits")


def _ui(arguments: argparse.Namespace) -> int:
    from pipeline.tracking import sender, tracker
    from pipeline.workflow import reused

    tracker.check_address()
    reused.register()
    warning = sender.sync()
    if warning:
        print(warning, file=sys.stderr)
    return tracker.serve_page(arguments.port)


def _server(arguments: argparse.Namespace) -> int:
    from pipeline.tracking import server

    if arguments.tracker not in server.DATABASES:
        raise UserError(f"--tracker must be one of {' or '.join(server.DATABASES)}; got {arguments.tracker!r}")
    return server.serve(arguments.port, arguments.tracker)


def _sample(arguments: argparse.Namespace) -> None:
    from pipeline.sampling import grids
    from pipeline.sampling.checkpoint import draw_samples, read_card

    if arguments.seed < 0:
        raise UserError(f"--seed must not be negative; got {arguments.seed}")
    card = read_card(arguments.folder)
    samplers = card["samplers"]
    sampler = arguments.sampler or samplers[0]
    if sampler not in samplers:
        raise UserError(f"--sampler must be one of {', '.join(samplers)} for this model; got {sampler!r}")
    if "failure" in card:
        step = card["failure"]["step"]
        raise UserError(f"{arguments.folder}: the training failed at step {step}; there are no weights")
    images = draw_samples(arguments.folder, arguments.count, seed=arguments.seed)[sampler]
    grids.save_png(arguments.out, grids.tile(images, math.ceil(math.sqrt(arguments.count))))
    print(f"{arguments.count} images of {arguments.folder} are in {arguments.out}")


def _score_options(parser: argparse.ArgumentParser) -> None:
    text = "a .npy or .npz of images, a folder of PNGs (and those in it), or a .zip of them: 28 x 28, at least 1,000"
    parser.add_argument("path", type=Path, help=text)
    parser.add_argument("--out", type=Path, help="the folder of page, picture and JSON (default: scores/NAME)")
    text = "a file that `make judges` wrote, if not the finished run in this folder"
    parser.add_argument("--judges", type=Path, metavar="FILE", help=text)
    text = (
        "of the pixels, from black to white, where it cannot be told: unit (0 to 1), signed (-1 to 1), bytes (0 to 255)"
    )
    parser.add_argument("--range", help=text)
    text = "of the digits, where it cannot be told: white-on-black or black-on-white"
    parser.add_argument("--polarity", help=text)
    parser.add_argument("--array", metavar="NAME", help="which array of an .npz, where several could be meant")


def _score(arguments: argparse.Namespace) -> None:
    from pipeline.scoring import formats
    from pipeline.workflow import score

    if arguments.polarity not in (None, *formats.POLARITIES):
        raise UserError(f"--polarity must be one of {' or '.join(formats.POLARITIES)}; got {arguments.polarity!r}")
    within = formats.parse_range(arguments.range) if arguments.range else None
    score.run(arguments.path, arguments.out, arguments.judges, within, arguments.polarity, arguments.array)


def _judges_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=Path("judges.zip"), help="the file (default: %(default)s)")


def _judges(arguments: argparse.Namespace) -> None:
    from pipeline.workflow import score

    score.write_judges(arguments.out)


COMMANDS: dict[str, tuple[Command, str]] = {
    "repro": (
        _repro,
        "Check params.yaml, prune, train models in parallel, `dvc repro` the rest, and say where all is.",
    ),
    "train": (_train, "Train the models that are due, in parallel, and draw their samples."),
    "study": (_study, "List the studies, or bring one up to date: train and measure the members that are missing."),
    "check": (_check, "Check the whole of params.yaml."),
    "prune": (_prune, "Remove the outputs of models and seeds that params.yaml no longer names."),
    "quick": (_quick, "Run every stage at tiny settings in .quick/: not a result."),
    "verify": (
        _verify,
        "Rebuild everything in a clean clone, and compare every file with what dvc.lock of HEAD names. "
        "Exit code 0: all identical; 3: some within tolerance; 1: some different.",
    ),
    "ledger": (_ledger, "Name the MLflow run that made each entry of dvc.lock."),
    "crate": (_crate, "Describe the results as they are, with hashes, as an RO-Crate in ro-crate-metadata.json."),
    "built-on": (_built_on, "Write this machine into built-on.yaml, before results that it made are committed."),
    "versions": (_versions, "Write versions.yaml anew from requirements.lock, as `make lock` does."),
    "sync": (_sync, "Send what MLflow has not received yet: it waits in .journal/ if a server was down."),
    "ui": (_ui, "Send what waits, and serve MLflow's page with the trained models on this machine until Ctrl-C."),
    "server": (_server, "Serve one MLflow for many writers, over a database in .server/, until Ctrl-C."),
    "sample": (_sample, "Draw images from a model folder into a PNG."),
    "score": (
        _score,
        "Measure images that others made, by every metric, beside real digits, noise and this project's models.",
    ),
    "judges": (_judges, "Write all that scoring takes into one file, to score elsewhere without a run."),
}
_OPTIONS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "train": _train_options,
    "study": _study_options,
    "verify": _verify_options,
    "ledger": _ledger_options,
    "sync": _sync_options,
    "ui": _ui_options,
    "server": _server_options,
    "sample": _sample_options,
    "score": _score_options,
    "judges": _judges_options,
}

if __name__ == "__main__":
    sys.exit(exit_code_of(main))
