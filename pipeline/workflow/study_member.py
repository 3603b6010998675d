"""Trains and measures members of a study in this process's turn: each alone, and one that fails stops no other."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Callable, Sequence

from pipeline.console.exit import STARTED, say_done
from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.core.settings import load_yaml
from pipeline.data.dataset import read_manifest
from pipeline.studies import made_of, study, work
from pipeline.studies.study import Member
from pipeline.studies.work import Place
from pipeline.training.resume import Resume
from pipeline.workflow import processes


def train(members: Sequence[Member], places: Sequence[Place]) -> None:
    """Each in a process of its own, so that the bytes depend on nothing that this one has done.

    One that differs from the last only in being longer goes on from its end.

    Raises:
      SystemExit: one has stopped, or a signal came; its resume point is written.
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
            if code == processes.INTERRUPTED:
                raise SystemExit(code)
            if code < 0:
                print(f"{member.key}: killed by signal {-code} ({signal.Signals(-code).name})", flush=True)
            failed = failed or code
        last = point if goes_on else None
    if failed:
        raise SystemExit(failed)


def measure(
    name: str, members: Sequence[Member], places: Sequence[Place], one: Callable[[Member], str], again: bool
) -> None:
    """Measures each by `one`, which returns what there is to say of it, and keeps what the study asks for.

    Raises:
      SystemExit: one could not be measured.
    """
    data_sha256, params, failed = read_manifest()["sha256"], load_yaml(), False
    hashes = [made_of.measured(member, data_sha256, params) for member in members]  # of the code that is loaded
    weights, since = study.read(name).weights and not again, STARTED
    for member, place, hashed in zip(members, places, hashes, strict=True):
        try:
            sentence = one(member)
            work.keep(member, place.made, place.kept, weights)
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
