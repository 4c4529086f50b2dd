"""The README stays true: its table names every dependency, its commands and links exist."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=;~! ]", requirement)[0] for requirement in requirements}


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def test_every_dependency_has_its_reason() -> None:
    table = README[README.index("| package | why |") :]
    told = set(re.findall(r"[a-z0-9][a-z0-9-]+", table.replace(" | ", ",").lower()))
    assert names(PROJECT["dependencies"]) <= told


def test_every_dependency_is_pinned() -> None:
    wanted = names(PROJECT["dependencies"])
    for extra in PROJECT["optional-dependencies"].values():
        wanted |= names(extra)
    missing = {n.lower().replace("_", "-") for n in wanted}
    missing -= {n.lower().replace("_", "-") for n in pinned()}
    assert not missing


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    for link in links:
        assert link.startswith("http") or (ROOT / link).exists(), link


def test_every_make_target_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make ([a-z-]+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
