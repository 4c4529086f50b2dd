"""``animevec settings``: every setting, the value in force, and the variable that changes it."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import click

from animevec.cli.terminal import answer, json_option, table

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from animevec.settings import Settings

_PASSWORD = re.compile(r"(://[^:/@\s]*):[^@/\s]+@")
_PAGE = """# Settings

Each can be set by a variable, `ANIMEVEC_<AREA>__<FIELD>` (`ANIMEVEC_SERVE__PORT=3001`), or in the
profile, `configs/profiles/<profile>.yaml` or the file that `ANIMEVEC_CONFIG` names
(`serve: {port: 3001}`). The environment wins over the profile, the profile over the defaults.
Secrets come from the environment only. `animevec settings` shows the values in force;
`animevec settings --markdown` prints this page.

| setting | default | what |
|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it is shown; the values are text, a secret's never its own."""

    name: str
    value: str
    default: str
    what: str
    variable: str

    @property
    def changed(self) -> bool:
        """Whether something else than the default is in force."""
        return self.value != self.default


@click.command("settings")
@click.argument("area", required=False)
@click.option("--changed", is_flag=True, help="Only those that are not at their default.")
@json_option
@click.option("--markdown", is_flag=True, help="Print the defaults as docs/settings.md.")
def settings(area: str | None, changed: bool, as_json: bool, markdown: bool) -> None:
    """Show every setting, or those of one AREA such as serve.

    A star marks what differs from the default; secrets are never shown.

    \b
    Examples:
      animevec settings serve
      ANIMEVEC_PROFILE=full animevec settings --changed
    """
    from animevec.settings import Settings

    if markdown:
        click.echo(page(), nl=False)
        return
    found = [one for one in collected(Settings()) if area in (None, one.name.partition(".")[0])]
    if not found:
        areas = sorted({one.name.partition(".")[0] for one in collected(Settings())})
        raise click.BadParameter(f"no settings of {area!r}; there are {', '.join(areas)}")
    shown = [one for one in found if one.changed or not changed]
    cells = [("*" if one.changed else "", one.name, one.value, one.what) for one in shown]
    columns = ("", "setting", "value", "what")
    answer([asdict(one) for one in shown], as_json, lambda: table(columns, cells))


def collected(tree: "Settings") -> Iterator[Setting]:
    """Every setting of a tree beside its default."""
    from animevec.settings import Settings, described, variable

    defaults = {name: value for name, value, _ in described(Settings.model_construct())}
    for name, value, field in described(tree):
        known = _text(defaults[name])
        yield Setting(name, _text(value), known, _what(field), variable(*name.split(".")))


def page() -> str:
    """The reference page of the documents, made of the defaults."""
    from animevec.settings import Settings

    rows = collected(Settings.model_construct())
    lines = (f"| `{r.name}` | {_code(r.value)} | {r.what} |\n" for r in rows)
    return _PAGE + "".join(lines)


def _what(field: "FieldInfo") -> str:
    """The description, and what may be chosen."""
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    listed = f" ({', '.join(map(str, choices))})" if choices else ""
    return f"{field.description or ''}{listed}"


def _text(value: Any) -> str:
    """A value as it is shown, without secrets and the passwords of addresses."""
    from pydantic import SecretStr

    from animevec.settings import ROOT

    if isinstance(value, SecretStr):
        return "(set)" if value.get_secret_value() else ""
    if isinstance(value, Path):
        return str(value.relative_to(ROOT) if value.is_relative_to(ROOT) else value)
    if isinstance(value, dict | list | tuple):
        return json.dumps(value)
    return "" if value is None else _PASSWORD.sub(r"\1:***@", str(value))


def _code(text: str) -> str:
    return f"`{text}`" if text else ""
