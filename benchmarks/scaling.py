"""Thousands of trainings on a cluster, simulated from what one of them takes here: what becomes full first.

`make bench PART=scaling` measures the units, simulates and writes docs/scaling.md.
"""

from __future__ import annotations

import dataclasses
import importlib
import random
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import simpy
from tabulate import tabulate

from benchmarks import machine, scaling_units
from pipeline.core import files

PAGE = Path("docs", "scaling.md")
SPREAD = 0.1  # of a training's time, as the deviation of its logarithm

Units = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Plan:
    """How many trainings are made where.

    `slots`: trainings at a time on one node. `study`: members of one study. `a_job`: members that one job makes in one
    clone, one after another. `checkouts`: of the main tree that take members in beside each other. `writers`: of the
    tracker, at a time. `file_system`: operations on names a second that the shared one takes of all nodes together: no
    measurement, since there is one machine here.
    """

    name: str
    trainings: int
    nodes: int
    slots: int = 8
    study: int = 1000
    a_job: int = 1
    checkouts: int = 1
    writers: int = 1
    database: str = "postgresql"
    file_system: float = 2000


class Cluster:
    """What all jobs share. Each is a queue whose server is busy for as long as a unit takes."""

    def __init__(self, env: simpy.Environment, plan: Plan, units: Units):
        self.env, self.plan, self.units = env, plan, units
        self.shared = {name: simpy.Resource(env, 1) for name in ("scheduler", "file system", "tracker")}
        self.shared["taking in"] = simpy.Resource(env, plan.checkouts)
        self.slots = simpy.Resource(env, plan.nodes * plan.slots)
        self.busy = dict.fromkeys([*self.shared, "slots", "DVC in the jobs", "training"], 0.0)
        self.ended: list[float] = []

    def use(self, name: str, seconds: float) -> Generator[simpy.Event, Any, None]:
        with self.shared[name].request() as turn:
            yield turn
            self.busy[name] += seconds
            yield self.env.timeout(seconds)

    def spend(self, name: str, seconds: float) -> simpy.Event:
        self.busy[name] += seconds
        return self.env.timeout(seconds)

    def job(self, draw: random.Random) -> Generator[simpy.Event, Any, None]:
        """One job: waits for a slot, is started, makes its clone and its members; the main tree takes them in."""
        plan, units = self.plan, self.units
        names_per_s, points_per_s = plan.file_system, units["tracker"][plan.database][str(plan.writers)]
        with self.slots.request() as slot:
            yield slot
            begun = self.env.now
            yield from self.use("scheduler", 1 / units["slurm"]["jobs_per_s"])
            yield from self.use("file system", units["clone"]["entries"] / names_per_s)
            yield self.env.timeout(units["clone"]["seconds"])
            for _ in range(plan.a_job):
                yield self.spend("DVC in the jobs", at(units["dvc"], "note_s", plan.study))
                yield self.spend("training", units["member"]["seconds"] * draw.lognormvariate(0, SPREAD))
                yield from self.use("file system", units["member"]["kept_files"] / names_per_s)
            self.busy["slots"] += self.env.now - begun
        for _ in range(plan.a_job):
            self.env.process(self.use("tracker", units["member"]["points"] / points_per_s))
            yield from self.use("taking in", at(units["dvc"], "note_another_s", plan.study))
        self.ended.append(self.env.now)


def simulate(plan: Plan, units: Units, seed: int = 0) -> dict[str, float]:
    """Hours until all is taken in, and how busy each part was in them, from 0 to 1."""
    env = simpy.Environment()
    cluster = Cluster(env, plan, units)
    draw = random.Random(seed)  # noqa: S311  # it spreads simulated times, and guards no secret
    for _ in range(plan.trainings // plan.a_job):
        env.process(cluster.job(draw))
    env.run()
    whole = env.now
    parallel = plan.nodes * plan.slots
    return {
        "hours": whole / 3600,
        **{name: cluster.busy[name] / whole / part.capacity for name, part in cluster.shared.items()},
        "slots": cluster.busy["slots"] / whole / parallel,
        "training": cluster.busy["training"] / whole / parallel,
        "DVC in the jobs": cluster.busy["DVC in the jobs"] / cluster.busy["slots"],
    }


def at(by_size: Mapping[str, Mapping[str, float]], name: str, size: int) -> float:
    """What was measured of studies of two sizes, on the line through the two largest."""
    (small, low), (large, high) = sorted((int(one), values[name]) for one, values in by_size.items())[-2:]
    return max(low + (high - low) * (size - small) / (large - small), 0)


def size_at(by_size: Mapping[str, Mapping[str, float]], name: str, value: float) -> int:
    """The size of a study at which that value is reached, to two digits."""
    step = (at(by_size, name, 2000) - at(by_size, name, 1000)) / 1000
    size = 1000 + (value - at(by_size, name, 1000)) / step
    return int(float(f"{size:.1e}"))


PLANS = (
    Plan("a study of 1,000", 1000, 100),
    Plan("studies of 50", 1000, 100, study=50),
    Plan("and taken in by 20 checkouts", 1000, 100, study=50, checkouts=20),
    Plan("100,000 as one study", 100_000, 100, study=100_000),
    Plan("studies of 50, 20 checkouts", 100_000, 100, study=50, checkouts=20),
    Plan("and ten members a job", 100_000, 100, study=50, checkouts=20, a_job=10),
    Plan("and eight senders", 100_000, 100, study=50, checkouts=20, a_job=10, writers=8),
    Plan("1,000 nodes, 200 checkouts", 100_000, 1000, study=50, checkouts=200, a_job=10, writers=8),
)


def measure(rounds: int, said: Callable[..., object]) -> dict[str, Any]:
    """The units, and what becomes of each plan; the page is written. rounds: each unit is taken once, whatever it says.

    Raises:
      UserError: there is no finished run.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        cluster = importlib.import_module("tests.support.slurm").Slurm(Path(folder))  # on loopback, as root
        try:
            units = scaling_units.measure(cluster.start().variables["SLURM_CONF"], said)
        finally:
            cluster.stop()
    found = {"units": units, "plans": [{**dataclasses.asdict(plan), **simulate(plan, units)} for plan in PLANS]}
    write(found, machine.describe())
    return found


def write(found: Mapping[str, Any], machine: Mapping[str, Any]) -> None:
    """Writes docs/scaling.md."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), trim_blocks=True, lstrip_blocks=True
    )
    units = found["units"]
    text = environment.get_template("scaling.md.jinja").render(
        **units,
        machine=machine,
        plans=plans(found["plans"]),
        at=at,
        plan=PLANS[0],
        number=lambda value: f"{value:,.{0 if value >= 10 else 1}f}",
        tenth=size_at(units["dvc"], "note_s", units["member"]["seconds"] / 10),
        all_of_it=size_at(units["dvc"], "note_s", units["member"]["seconds"]),
    )
    files.write_text(PAGE, text.rstrip() + "\n")


def plans(found: Sequence[Mapping[str, Any]]) -> str:
    """A row a plan: hours, and how busy each part is."""
    parts = ("training", "DVC in the jobs", "scheduler", "file system", "tracker", "taking in")
    rows = [
        [plan["name"], f"{plan['trainings']:,}", f"{plan['nodes']:,}", f"{plan['hours']:,.1f}"]
        + [f"{100 * plan[part]:.0f} %" for part in parts]
        for plan in found
    ]
    return tabulate(rows, ["plan", "trainings", "nodes", "hours", *parts], tablefmt="github", disable_numparse=True)
