"""Equal sections of payloads share memory: most trials differ only in their density."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from service.digest import canonical_json
from service.records import Json

# A section with more different values than these is part of the search: few trials share one.
MOST_FORMS = 256


class SharedParts:
    """Returns payloads whose equal sections are the same objects, which must not be changed."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Json]] = defaultdict(dict)

    def of(self, payload: Json) -> Json:
        """Return an equal payload that shares its sections with those before it."""
        return {
            name: self._shared(name, part) if isinstance(part, dict) else part
            for name, part in payload.items()
        }

    def _shared(self, name: str, part: dict[str, Any]) -> Json:
        forms = self._known[name]
        if len(forms) >= MOST_FORMS:
            return part
        return forms.setdefault(canonical_json(part), part)
