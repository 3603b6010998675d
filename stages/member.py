"""member: trains and measures members of a study, and keeps what is asked of them -> studies/<name>/members/."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path

from pipeline.console.exit import exit_code_of
from pipeline.core.errors import UserError
from pipeline.core.settings import read_section
from pipeline.data.dataset import load_dataset
from pipeline.evaluation.measure import Evaluate
from pipeline.evaluation.model_metrics import Yardstick
from pipeline.sampling.draws import Sample
from pipeline.studies import study, work
from pipeline.studies.study import Member
from pipeline.workflow import study_member
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
    main_tree = os.environ.get(work.MAIN) or str(Path.cwd())
    os.environ |= {"DVC_ROOT": main_tree, work.STUDY: asked.study}  # the tracker's: whose journal, which study
    members = [by_key[key] for key in asked.keys]
    places = [work.place(asked.study, member, asked.again) for member in members]
    with work.alone(places):
        study_member.train(members, places)
        if not asked.train:
            yardstick = Yardstick(load_dataset(), read_section(Evaluate, "evaluate"))

            def measure(member: Member) -> str:
                with contextlib.chdir(work.place(asked.study, member, asked.again).made):
                    sample.sample_model(member.model_id, read_section(Sample, "sample"))
                    return evaluate.evaluate_model(member.model_id, yardstick)

            study_member.measure(asked.study, members, places, measure, asked.again)


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
