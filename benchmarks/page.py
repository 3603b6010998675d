"""benchmarks/README.md and its picture, from the measurements in results/."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import jinja2
from matplotlib.figure import Figure
from tabulate import tabulate

from benchmarks import evaluation, pipeline_runs, training
from pipeline.core import files
from pipeline.report.figures import style

FOLDER = Path(__file__).parent
RESULTS, PAGE, PICTURE = FOLDER / "results", FOLDER / "README.md", FOLDER / "training.png"
TITLES = {
    "vae": "VAE, batches of 100",
    "gan": "GAN, batches of 128, gradient norms logged",
    "vae16": "VAE with 16 latent dimensions, batches of 100",
    "r1_gan": "GAN with R1 and averaged weights, batches of 128, gradient norms logged: second derivatives",
    "conv_vae": "VAE with convolutions, batches of 128",
    "dcgan": "GAN with convolutions and R1, batches of 64",
    "vae_gan": "VAE and GAN in one, with convolutions and R1, batches of 64",
    "flow": "Rectified flow with convolutions, batches of 128",
}
PAPER_STEPS = {"vae": 50 * 600, "gan": 20_000}


def write() -> None:
    """Writes the page and the picture, of those parts that were measured so far."""
    results = {path.stem: cast(dict[str, Any], files.read_json(path)) for path in sorted(RESULTS.glob("*.json"))}
    if "training" in results:
        style.save(_picture(results["training"]["found"]), PICTURE)
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(FOLDER), trim_blocks=True, lstrip_blocks=True)
    template = environment.get_template("README.md.jinja")
    helpers = {
        "duel": duel_table,
        "shares": shares,
        "table": table,
        "alone": alone,
        "idle": idle,
        "by_part": by_part,
        "of_study": of_study,
    }
    names = {"titles": TITLES, "side_by_side": pipeline_runs.SIDE_BY_SIDE, "before": evaluation.BEFORE}
    text = template.render(results=results, **names, **helpers)
    with files.atomic_write(PAGE) as part:
        part.write_text(text.rstrip() + "\n", encoding="utf-8")


def duel_table(found: dict[str, Any], unit: str = "a second") -> str:
    """Peers with their rates, the ratio of ours to each, and their peak memory. Below it, those that could not run."""
    rows = [
        [
            name,
            _spread(peer["rate"]),
            "" if name == training.OURS else _spread(peer["ours_over"], "x"),
            f"{peer['peak_mb']:,}",
        ]
        for name, peer in _measured(found).items()
    ]
    failures = [f"\nNot measured: {peer['failure']}." for peer in found.values() if "failure" in peer]
    return "\n".join([table(rows, ["", f"{unit}, median (range)", "ours against it", "peak MB"]), *failures])


def _measured(found: dict[str, Any]) -> dict[str, Any]:
    """The peers that could run."""
    return {name: peer for name, peer in found.items() if "failure" not in peer}


def shares(found: dict[str, Any], model: str) -> str:
    """What share each peer reaches of the limits that a step has, in sentences."""
    found = _measured(found)
    if not found.keys() >= set(training.LIMITS):
        return "Some limit of a step could not be measured, so no shares are given."
    products = max(found[name]["rate"]["median"] for name in training.PRODUCTS)
    traffic = found[training.TRAFFIC]["rate"]["median"]
    both = 1 / (1 / products + 1 / traffic)
    rates = {name: peer["rate"]["median"] for name, peer in found.items() if name not in training.LIMITS}
    xla = found[training.XLA]["rate"]["median"]
    limits = (products, both, xla)
    of = {limit: ", ".join(f"{name} {rate / limit:.0%}" for name, rate in rates.items()) for limit in limits}
    megabytes = training.TRAFFIC_BYTES[model] / 1e6
    return (
        f"Of the faster of the two in matrix products alone: {of[products]}.\n\n"
        f"A step's updates move {megabytes:.1f} MB, at {megabytes * traffic / 1000:.0f} GB a second if they do nothing "
        f"else. Of products and updates one after the other, {both:,.0f} steps a second: {of[both]}.\n\n"
        f"Of the step's large products and their updates as XLA compiles them, and nothing else: {of[xla]}."
    )


def alone(results: dict[str, Any]) -> str:
    """How long the paper's figures take for one seed, and its notebooks' loops, where both were measured."""
    seconds, in_turn = (
        results["pipeline"]["found"][name]["seconds"]
        for name in (pipeline_runs.PAPER_ALONE, pipeline_runs.PAPER_IN_TURN)
    )
    text = (
        f"The paper's figures for one seed, from nothing: {seconds:.0f} s "
        f"(by `dvc repro` alone, one stage after another, {in_turn:.0f} s)."
    )
    found = results["training"]["found"] if "training" in results else {}
    if not found or any(training.PAPER not in _measured(peers) for peers in found.values()):
        return text
    loops = sum(steps / found[model][training.PAPER]["rate"]["median"] for model, steps in PAPER_STEPS.items())
    return f"{text} The notebooks' loops alone would take {loops:,.0f} s, {loops / seconds:.1f} times that."


def by_part(found: dict[str, Any]) -> str:
    """Seconds of each part, a column a case."""
    parts = next(iter(found.values()))["parts"]
    rows = [[part, *(f"{case['parts'][part]:.2f}" for case in found.values())] for part in parts]
    rows.append(["all", *(_spread(case["seconds"]) for case in found.values())])
    return table(rows, ["", *found])


def of_study(found: dict[str, Any]) -> str:
    """Seconds of each member alone, of all one after another, and of the study; its share of that below."""
    rows = [[name, _spread(seconds)] for name, seconds in found["seconds"].items()]
    return f"{table(rows, ['', 'seconds'])}\n\nThe study takes {_spread(found['ratio'])} of its members in turn."


def idle(found: dict[str, Any]) -> str:
    """What DVC's commands take where nothing is out of date."""
    times = ", ".join(f"`{command}` {_spread(seconds)}" for command, seconds in found["nothing to do"].items())
    return f"With nothing to do, seconds in turns: {times}, which is what `make repro` runs."


def table(rows: list[list[Any]], headers: list[str]) -> str:
    """A Markdown table."""
    aligned = ("left", *("right" for _ in headers[1:]))
    return tabulate(rows, headers, tablefmt="github", colalign=aligned, disable_numparse=True)


def _spread(values: dict[str, float], suffix: str = "") -> str:
    digits = 0 if values["median"] >= 100 else 2 if values["median"] < 10 else 1
    median, least, most = (f"{values[key]:,.{digits}f}" for key in ("median", "least", "most"))
    return f"{median}{suffix} ({least} to {most})"


def _picture(found: dict[str, Any]) -> Figure:
    figure = style.titled(10, 4.2, "Training steps a second: median and range", "MNIST")
    for axes, (model, all_peers) in zip(figure.subplots(1, 2), found.items(), strict=True):
        peers = _measured(all_peers)
        shown = (name for name in peers if name != training.TRAFFIC)  # twenty times the rest: no bar would be seen
        names = sorted(shown, key=lambda name: peers[name]["rate"]["median"])
        medians = [peers[name]["rate"]["median"] for name in names]
        below = [m - peers[name]["rate"]["least"] for m, name in zip(medians, names, strict=True)]
        above = [peers[name]["rate"]["most"] - m for m, name in zip(medians, names, strict=True)]
        colours = [_colour(name) for name in names]
        axes.barh(names, medians, xerr=[below, above], color=colours, ecolor="#444444", capsize=2)
        axes.set_title(TITLES[model].split(",")[0], fontsize=10)
        axes.set_xlabel("steps a second")
        axes.grid(visible=False, axis="y")
    return figure


def _colour(name: str) -> str:
    if name == training.OURS:
        return style.MODEL_COLOURS[0]
    return "#BBBBBB" if name in training.LIMITS else style.MODEL_COLOURS[4]
