"""All models side by side: what was measured of each training in, numbers over seeds and verdicts out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipeline import aspects, claims, costs, dynamics, hypotheses, paper
from pipeline.controls import FLOOR
from pipeline.evidence import Row

Log = Mapping[str, np.ndarray]
Found = Mapping[str, Any]  # what metrics/<item>.json holds


def vae_losses(log: Log) -> dict[str, dict[str, float]]:
    """By epoch of the paper: its training loss, ours, and ours less its; nats an image. And ours at the last epoch."""
    ours = dict(zip(log.get("epoch", np.array([])).astype(int).tolist(), log.get("train/loss", []), strict=True))
    rows = {
        str(epoch): {"paper": printed, "ours": float(ours[epoch]), "difference": float(ours[epoch]) - printed}
        for epoch, printed in paper.VAE_LOSS.items()
        if epoch in ours
    }
    if ours and max(ours) not in paper.VAE_LOSS:
        rows[str(max(ours))] = {"ours": float(ours[max(ours)])}
    return rows


def gan_log(log: Log) -> dict[str, dict[str, dict[str, float]]]:
    """By iteration of the paper: scalar -> paper, ours (one minibatch each), difference; accuracy in percent, and its
    mean over the iterations of the row.
    """
    found = {int(step): row for row, step in enumerate(log.get("iteration", []))}
    rows: dict[str, dict[str, dict[str, float]]] = {}
    for step, *printed in paper.GAN_LOG:
        if step in found:
            at = {name: float(values[found[step]]) for name, values in log.items()}
            ours = (at["d_loss_batch"], 100 * at["d_accuracy_batch"], at["g_loss_batch"])
            rows[str(step)] = {
                name: {"paper": theirs, "ours": own, "difference": own - theirs}
                for name, theirs, own in zip(("d_loss", "d_accuracy", "g_loss"), printed, ours, strict=True)
            }
            rows[str(step)]["d_accuracy"]["ours_mean"] = 100 * at["d_accuracy"]
    return rows


def row(family: str, description: Mapping[str, Any], log: Log, found: Found) -> Row:
    """A training as the claims see it: every number that they may ask for, by a flat name."""
    flat: dict[str, float] = {f"final/{name}": value for name, value in found["final"].items()}
    for sampler, measured in found["samplers"].items():
        flat |= {f"{sampler}/{name}": metric["value"] for name, metric in measured["metrics"].items()}
        flat |= {f"{sampler}/coverage_{c}": value for c, value in enumerate(measured["coverage_by_class"])}
    flat["sampling_flops"] = costs.sampling_flops(description)
    course = found["course"]
    if course and len(course["step"]) > 1:
        late = dynamics.effective_classes(course)[len(course["step"]) // 2 :]
        settled = costs.settled_at(course["step"], course["frechet"])
        flat |= {
            "cycles": dynamics.cycles(np.array(course["class_histogram"])),
            "fewest_effective_classes": float(late.min()),
            "oscillation": dynamics.oscillation(course),
        }
        flat |= {"settled_flops": float(costs.step_flops(description) * settled)} if settled else {}
    if len(log.get("g_loss", [])) > 1:
        tenth, half = max(1, len(log["g_loss"]) // 10), len(log["g_loss"]) // 2
        correlation = np.clip(dynamics.starvation(log)[1], -0.999, 0.999)
        flat |= {
            "early_loss": float(np.log(log["g_loss"][:tenth].mean() / log["g_loss"][half:].mean())),
            "starvation_z": float(-np.arctanh(correlation)),
        }
    return Row(family, description["settings"], description["seed"], flat)


def over_seeds(found: Sequence[Found]) -> dict[str, dict[str, dict[str, float]]]:
    """Sampler -> metric -> mean over the seeds, its 95 % interval (of two seeds or more), the seeds' number, the mean
    standard error of drawing within one model, which is apart from the error over seeds, and the range of the judges.
    """
    values: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for one in found:
        for sampler, measured in one["samplers"].items():
            for name, metric in measured["metrics"].items():
                values.setdefault(sampler, {}).setdefault(name, []).append(metric)
        for name, metric in one["likelihood"].items():
            values.setdefault("likelihood", {}).setdefault(name, []).append(metric)
    return {
        sampler: {name: _aggregate(metrics) for name, metrics in by_name.items()} for sampler, by_name in values.items()
    }


def _aggregate(metrics: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    own = [metric["value"] for metric in metrics]
    result = {"mean": float(np.mean(own)), "seeds": len(own), "n": metrics[0]["n"]}
    if len(own) > 1:
        result["low"], result["high"] = hypotheses.mean_interval(own)
    errors = [metric["se"] for metric in metrics if "se" in metric]
    if "judges" in metrics[0]:
        by_judge = np.mean([metric["judges"] for metric in metrics], axis=0)
        result |= {"judge_low": float(by_judge.min()), "judge_high": float(by_judge.max())}
    return result | ({"se": float(np.mean(errors))} if errors else {})


def summary(
    families: Mapping[str, str],
    descriptions: Mapping[str, Mapping[str, Any]],
    logs: Mapping[str, Log],
    metrics: Mapping[str, Found],
    controls: Mapping[str, Found],
) -> dict[str, Any]:
    """What `report/summary.json` holds.

    Args:
      families: item -> "vae" or "gan"; the others by item too, `controls` by name.
    """
    trained = [item for item in descriptions if descriptions[item]["status"] == "trained"]
    variants = dict.fromkeys(descriptions[item]["variant"] for item in descriptions)
    rows = [row(families[item], descriptions[item], logs[item], metrics[item]) for item in trained]
    verdicts = claims.judge(rows)
    known = {name: {k: m["value"] for k, m in found["metrics"].items()} for name, found in controls.items()}
    noise = [values for name, values in known.items() if name != FLOOR]
    return {
        "aspects": aspects.compare(rows, noise),
        "models": {
            variant: over_seeds([metrics[item] for item in trained if descriptions[item]["variant"] == variant])
            for variant in variants
        },
        "controls": {
            name: {key: metric["value"] for key, metric in found["metrics"].items()} for name, found in controls.items()
        },
        "claims": {verdict.id: _claim(verdict) for verdict in verdicts},
        "items": {item: _item(descriptions[item], logs[item], metrics[item]) for item in descriptions},
    }


def _claim(verdict: claims.Verdict) -> dict[str, Any]:
    parts = {part.name: {k: v for k, v in dataclasses.asdict(part).items() if k != "name"} for part in verdict.parts}
    draws = {"bernoulli": _claim(verdict.bernoulli)} if verdict.bernoulli else {}
    told = {name: getattr(verdict, name) for name in ("id", "section", "text", "measured", "verdict", "reason", "p")}
    return {**told, "parts": parts, **draws}


def _item(description: Mapping[str, Any], log: Log, found: Found) -> dict[str, Any]:
    course = found["course"]
    step = costs.settled_at(course["step"], course["frechet"]) if course else None
    settled = {"settled_at": step} if step else {}
    return {
        "failed": int(description["status"] == "failed"),
        "steps": description["steps"],
        "parameters": sum(network["parameters"] for network in description["networks"].values()),
        "sampling_flops": costs.sampling_flops(description),
        "step_flops": costs.step_flops(description),
        **settled,
        "final": found["final"],
        "against_paper": vae_losses(log) if "epoch" in log else gan_log(log),
        "verdicts": dynamics.verdicts(log, course) if course else {},
    }
