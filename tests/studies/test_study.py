"""A study's file: what it may say, which trainings it names, and how it is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.core.errors import UserError
from pipeline.studies import study
from tests.conftest import ROOT

HEAD = "question: Which?\nseeds: [0, 1]\n"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Writes studies/a-study/study.yaml in a folder that has the project's params.yaml."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> None:
        path = tmp_path / "studies" / "a-study" / "study.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEAD + text)

    return write


def keys(text: str, write) -> list[str]:
    write(text)
    return [member.key for member in study.members("a-study")]


def test_every_gives_each_combination(write) -> None:
    found = keys("members: [{model: gan, every: {batch_size: [16, 128], hidden_dim: [64, 128]}}]", write)
    assert found == [
        f"gan-{words}-{seed}"
        for words in ("hidden_dim_64-batch_size_16", "batch_size_16", "hidden_dim_64", "base")
        for seed in (0, 1)
    ]


def test_pairs_go_together(write) -> None:
    write("members: [{model: vae, pairs: {batch_size: [50, 200], learning_rate: [0.0005, 0.002]}}]")
    found = [dict(member.changed) for member in study.members("a-study")]
    one, other = {"batch_size": 50, "learning_rate": 0.0005}, {"batch_size": 200, "learning_rate": 0.002}
    assert found == [one, one, other, other]


def test_each_stands_as_it_is_with_what_is_fixed_and_its_own_seeds(write) -> None:
    write("members: [{model: gan, fixed: {averaging: 0.9}, each: [{}, {beta_1: 0.5}], seeds: [7]}]")
    base, changed = study.members("a-study")
    assert (base.key, base.changed, base.settings["averaging"]) == ("gan-base-7", {"averaging": 0.9}, 0.9)
    assert (changed.key, changed.model_id) == ("gan-beta_1_0_5-7", "gan-7")


def test_what_several_groups_name_is_one_member(write) -> None:
    found = keys("members: [{model: gan}, {model: gan, every: {batch_size: [64, 128]}}, {model: vae}]", write)
    assert found == [f"{name}-{seed}" for name in ("gan-base", "gan-batch_size_64", "vae-base") for seed in (0, 1)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("members: [{model: gna}]", r"members.0.model must be an entry of models \(.*gan.*\); got 'gna'"),
        ("members: [{model: gan, every: {batch: [1]}}]", r"members.0: batch is not a setting of gan \(.*batch_size"),
        ("members: [{model: gan, every: {batch_size: [-1]}}]", r"members.0.batch_size: .*greater than 0; got -1"),
        ("members: [{model: gan, every: {batch_size: []}}]", r"members.0.every.batch_size: .*at least 1"),
        (
            "members: [{model: gan, every: {batch_size: [1]}, each: [{}]}]",
            "members.0: must have one of every, pairs and each",
        ),
        (
            "members: [{model: gan, pairs: {batch_size: [1, 2], beta_1: [0.5]}}]",
            "members.0: pairs must give each setting as many",
        ),
        ("members: []", "members: .*at least 1"),
        ("member: [{model: gan}]", "members is missing"),
        ("members: [{model: vae}]\nshow: {metric: nonesuch}", "show.metric: must be one of .*frechet.*got 'nonesuch'"),
        ("members: [{model: vae}]\nshow: {over: batch}", "show.over: must be a setting of vae.*got 'batch'"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(write, text: str, sentence: str) -> None:
    write(text)
    with pytest.raises(UserError, match=rf"studies/a-study/study.yaml: {sentence}"):
        study.members("a-study")


def test_an_unknown_study_is_told_with_those_there_are(write) -> None:
    write("members: [{model: gan}]")
    with pytest.raises(UserError, match=r"the name of a study \(a-study\); got 'another'"):
        study.read("another")


def test_the_projects_own_studies_are_right() -> None:
    names = study.names(ROOT)
    assert set(names) >= {"latent-size", "paper-activation", "paper-batch-size", "paper-iterations", "paper-width"}
    for name in names:
        members = study.members(name)
        assert len({member.key for member in members}) == len(members) > 1


def test_a_longer_training_of_the_same_settings_goes_on_from_a_shorter_one(write) -> None:
    write("members: [{model: gan, every: {batch_size: [64, 128], iterations: [50000, 5000, 20000]}}, {model: vae}]")
    chains = study.chains(study.members("a-study"))
    found = [[(m.settings["batch_size"], m.settings["iterations"], m.seed) for m in c] for c in chains if len(c) > 1]
    assert found == [[(b, n, seed) for n in (5000, 20000, 50000)] for b in (64, 128) for seed in (0, 1)]
    assert [[m.model for m in c] for c in chains if len(c) == 1] == [["vae"], ["vae"]]


def test_a_vae_goes_on_from_no_other(write) -> None:
    """What it draws its prior from is fitted at its end."""
    write("members: [{model: vae, every: {epochs: [50, 100]}}]")
    assert all(len(chain) == 1 for chain in study.chains(study.members("a-study")))
