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
        claims[-1]["p"] = _p(claim["p"])
        claims[-1]["draws"] = _draws(claim, summary) if "bernoulli" in claim else ""
    return claims


def _p(p: float) -> str:
    """0 is that of effects which no seed changes."""
    return f"p = {p:.2g}." if p else "Counted, the same for every seed: no p."


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
    known = part["low"] is not None and part["low"] < part["high"]
    return f"{part['value']:.3f}" + (f" [{part['low']:.3f}, {part['high']:.3f}]" if known else "")


def counted(summary: Mapping[str, Any]) -> str:
    words = [claim["verdict"] for claim in summary["claims"].values()]
    return ", ".join(f"{words.count(word)} {word}" for word in ("supported", "contradicted", "undecided"))
