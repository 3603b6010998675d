"""member: trains and measures members of a study, and keeps what is asked of them -> studies/<name>/members/."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path

from pipeline.console.exit import STARTED, exit_code_of, say_done
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.core.settings import load_yaml, read_section
from pipeline.data.dataset import load_dataset, read_manifest
from pipeline.evaluation.measure import Evaluate
from pipeline.evaluation.model_metrics import Yardstick
from pipeline.sampling.draws import Sample
from pipeline.studies import made_of, study, work
from pipeline.studies.study import Member
from pipeline.workflow import processes
from stages import evaluate, sample


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m stages.member", description=__doc__)
    parser.add_argument("study", help="a folder's name in studies/")
    parser.add_argument("keys", nargs="+", metavar="key", help="a member's name, such as gan-batch_size_16-0")
    parser.add_argument("--train", action="store_true", help="train only, and leave the folder for the rest")
    asked = parser.parse_args()
    members = {member.key: member for member in study.members(asked.study)}
    if unknown := [key for key in asked.keys if key not in members]:
        raise UserError(f"studies/{asked.study}: must name members ({', '.join(members)}); got {unknown[0]}")
    os.environ |= {"DVC_ROOT": str(Path.cwd()), work.STUDY: asked.study}  # the tracker's: whose journal, which study
    for key in asked.keys:
        _train(asked.study, members[key])
    yardstick, since = Yardstick(load_dataset(), read_section(Evaluate, "evaluate")), STARTED
    for key in () if asked.train else asked.keys:
        since = say_done(_measure(asked.study, members[key], yardstick), since)


def _train(name: str, member: Member) -> None:
    """In a process of its own, so that the bytes depend on nothing that this one has done."""
    made = work.make(name, member, load_yaml(), made_of.training(member, read_manifest()["sha256"]))
    if not (made / paths.MODELS / member.model_id).is_dir():
        command = [sys.executable, "-m", "stages.train", member.model, str(member.seed)]
        if code := processes.run_to_end(command, made):  # to its resume point, after Ctrl-C
            raise SystemExit(code)


def _measure(name: str, member: Member, yardstick: Yardstick) -> str:
    with contextlib.chdir(made := work.folder(name, member)):
        sample.sample_model(member.model_id, read_section(Sample, "sample"))
        sentence = evaluate.evaluate_model(member.model_id, yardstick)
    work.keep(member, made, work.kept(name, member), study.read(name).weights)
    return f"{name}: {member.key}: {sentence}"


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
