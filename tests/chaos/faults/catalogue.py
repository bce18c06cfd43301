"""Every fault, by its name."""

from __future__ import annotations

from tests.chaos.faults.base import Fault
from tests.chaos.faults.clocks import CLOCKS
from tests.chaos.faults.connections import CONNECTIONS
from tests.chaos.faults.disks import DISKS
from tests.chaos.faults.kills import KILLS
from tests.chaos.faults.sleeps import SLEEPS

FAULTS: dict[str, Fault] = {f.name: f for f in (*KILLS, *SLEEPS, *CONNECTIONS, *DISKS, *CLOCKS)}
