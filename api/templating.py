"""The Jinja environment of pages and documents."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from densearch.names import shown


def environment_of(package: str) -> Environment:
    """Return an environment of the folder `templates` of a package.

    Values are escaped, an unknown name is an error, and characters in stored names that would
    reverse the order of a text are written out.
    """
    folder = files(package).joinpath("templates")
    return Environment(
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
        autoescape=True,
        finalize=_written,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _written(value: object) -> object:
    is_text = isinstance(value, str) and not isinstance(value, Markup)
    return shown(str(value), "\n\t") if is_text else value
