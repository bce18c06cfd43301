"""How this machine reaches package indexes: pip's settings, for use in a build."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

# Where packages come from, and nothing else: the same keys as in ./run.
KEYS = frozenset(
    {
        *("index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "proxy"),
        *("cert", "client-cert", "timeout", "retries"),
    }
)
SECTIONS = ("global", "install", ":env:")


def pip_settings(listed: str) -> dict[str, str]:
    """Read what ``pip config list`` prints; of two sections the later one wins."""
    found: dict[tuple[str, str], str] = {}
    for line in listed.splitlines():
        name, is_setting, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if is_setting and section in SECTIONS and key in KEYS:
            found[section, key] = str(ast.literal_eval(value)).strip()
    return {key: found[s, key] for s in SECTIONS for s2, key in sorted(found) if s == s2}


def as_file(settings: Mapping[str, str]) -> str:
    """Return pip's configuration file with these settings."""
    lines = [" ".join([key, "=", *value.split()]) for key, value in settings.items()]
    return "\n".join(["[global]", *lines, ""])


def places(settings: Mapping[str, str]) -> Iterator[Path]:
    """Yield the files and folders of this machine that the settings name."""
    for word in " ".join(settings.values()).split():
        path = Path(re.sub("^file://(localhost)?", "", word))
        if not path.is_absolute() or not path.exists():
            continue
        # The pages of an index name files that lie next to it.
        is_index = word.startswith("file:") and len(path.parts) > 2
        yield path.parent if is_index else path


def build_mounts(folder: Path) -> list[str]:
    """Write pip's configuration into a folder; return the options that show it to a build."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    settings = pip_settings(done.stdout)
    file = folder / "pip.conf"
    file.write_text(as_file(settings))
    shown = [f"{file}:/etc/pip.conf:ro"]
    shown += [f"{path}:{path}:ro" for path in dict.fromkeys(places(settings))]
    return [f"--volume={mount}" for mount in shown]
