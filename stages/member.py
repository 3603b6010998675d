"""member: trains and measures members of a study, and keeps what is asked of them -> studies/<name>/members/."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from pipeline.console.exit import STARTED, exit_code_of, say_done
from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.core.settings import load_yaml, read_section
from pipeline.data.dataset import load_dataset, read_manifest
from pipeline.evaluation.measure import Evaluate
from pipeline.evaluation.model_metrics import Yardstick
from pipeline.sampling.draws import Sample
from pipeline.studies import made_of, study, work
from pipeline.studies.study import Member
from pipeline.studies.work import Place
from pipeline.training.resume import Resume
from pipeline.workflow import processes
from stages import evaluate, sample


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m stages.member", description=__doc__)
    parser.add_argument("study", help="a folder's name in studies/")
    parser.add_argument("keys", nargs="+", metavar="key", help="a member's name, such as gan-batch_size_16-0")
    parser.add_argument("--train", action="store_true", help="train only, and leave the folder for the rest")
    parser.add_argument("--again", action="store_true", help="in .studies/<name>/again/, to be compared with the first")
    asked = parser.parse_args()
    by_key = {member.key: member for member in study.members(asked.study)}
    if unknown := [key for key in asked.keys if key not in by_key]:
        raise UserError(f"studies/{asked.study}: must name members ({', '.join(by_key)}); got {unknown[0]}")
    os.environ |= {"DVC_ROOT": str(Path.cwd()), work.STUDY: asked.study}  # the tracker's: whose journal, which study
    members = [by_key[key] for key in asked.keys]
    places = [work.place(asked.study, member, asked.again) for member in members]
    with work.alone(places):
        _train(members, places)
        if not asked.train:
            _measure_all(asked.study, members, places, asked.again)


def _measure_all(name: str, members: Sequence[Member], places: Sequence[Place], again: bool) -> None:
    """One that cannot be measured stops no other."""
    data_sha256, params, failed = read_manifest()["sha256"], load_yaml(), False
    hashes = [made_of.measured(member, data_sha256, params) for member in members]  # of the code that is loaded
    yardstick, since = Yardstick(load_dataset(), read_section(Evaluate, "evaluate")), STARTED
    for member, place, hashed in zip(members, places, hashes, strict=True):
        try:
            sentence = _measure(member, place, yardstick, study.read(name).weights and not again)
        except Exception as error:
            if not isinstance(error, UserError):
                traceback.print_exc()
            print(f"{member.key}: {error}", flush=True)
            failed = True
            continue
        if not again:
            files.write_text(work.signature(name, member), hashed)
        since = say_done(f"{name}: {member.key}: {sentence}", since)
    if failed:
        raise SystemExit(1)


def _train(members: Sequence[Member], places: Sequence[Place]) -> None:
    """Each in a process of its own, so that the bytes depend on nothing that this one has done.

    One that differs from the last only in being longer goes on from its end. One that stops does not stop the others.
    """
    data_sha256, last, failed = read_manifest()["sha256"], None, 0
    for member, place, following in zip(members, places, [*members[1:], None], strict=True):
        key = made_of.training(member, data_sha256)
        work.make(place.made, member, load_yaml(), key)
        point = Resume(member.model_id, key, place.made)
        trained = (place.made / paths.MODELS / member.model_id).is_dir()
        goes_on = following is not None and study.is_longer(following, member)
        if last and not trained:
            point.take_over(last)
        if not trained:
            command = [sys.executable, "-m", "stages.train", member.model, str(member.seed)]
            code = processes.run_to_end([*command, *["--keep-point"] * goes_on], place.made)
            if code == processes.INTERRUPTED:  # at its resume point
                raise SystemExit(code)
            if code < 0:
                print(f"{member.key}: killed by signal {-code} ({signal.Signals(-code).name})", flush=True)
            failed = failed or code
        last = point if goes_on else None
    if failed:
        raise SystemExit(failed)


def _measure(member: Member, place: Place, yardstick: Yardstick, weights: bool) -> str:
    with contextlib.chdir(place.made):
        sample.sample_model(member.model_id, read_section(Sample, "sample"))
        sentence = evaluate.evaluate_model(member.model_id, yardstick)
    work.keep(member, place.made, place.kept, weights)
    return sentence


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
