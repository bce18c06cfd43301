"""Ctrl-C while there is nothing to clean up: the process ends by the signal, without a traceback.

Python would raise KeyboardInterrupt in whatever is being imported, which shows its inside, or
swallows the interrupt.
"""

from __future__ import annotations

import signal


def end_at_once() -> None:
    """Make SIGINT end the process, unless its parent has it ignored, as `nohup` and scripts do."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def raise_in_commands() -> None:
    """Make SIGINT raise KeyboardInterrupt again, for what a command has to clean up."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
