"""The paper's claims as the page tells them: verdict, reason, effects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline import controls

DRAWN = {"vae-blurrier": "sharpness_filtered", "vae-middle-ground": "distance_to_mean"}  # what such claims measure


def told(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    claims = []
    for claim in summary["claims"].values():
        parts = _parts(claim)
        claims.append(
            {**{k: claim[k] for k in ("id", "section", "text", "verdict", "reason", "measured")}, "parts": parts}
        )
        claims[-1]["p"] = f"{claim['p']:.2g}" if claim["p"] < 1 else "1"
        claims[-1]["draws"] = _draws(claim, summary) if "bernoulli" in claim else ""
    return claims


def _draws(claim: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    """The verdict with Bernoulli draws; where these exceed real digits, that is their pixels' noise."""
    draws, metric = claim["bernoulli"], DRAWN[claim["id"]]
    found = [by["bernoulli"][metric]["mean"] for by in summary["models"].values() if "bernoulli" in by]
    noisy = bool(found) and max(found) > summary["controls"][controls.FLOOR][metric]
    caveat = (
        "; such draws exceed real digits in this, by the noise of their pixels, so it is no praise" if noisy else ""
    )
    return f"{draws['verdict']} ({'; '.join(_parts(draws)) or 'not measured'}){caveat}"


def _parts(claim: Mapping[str, Any]) -> list[str]:
    return [f"{name}: {_effect(part)}" for name, part in claim["parts"].items() if part["value"] is not None]


def _effect(part: Mapping[str, Any]) -> str:
    interval = f" [{part['low']:.3f}, {part['high']:.3f}]" if part["low"] is not None else ""
    return f"{part['value']:.3f}{interval}"


def counted(summary: Mapping[str, Any]) -> str:
    words = [claim["verdict"] for claim in summary["claims"].values()]
    return ", ".join(f"{words.count(word)} {word}" for word in ("supported", "contradicted", "undecided"))
