"""A plug-in's sampler, checked against the contract of samplers at every ask.

What would make a job's result depend on anything but its spec is an error of that sampler: points
outside of the cube, rounds that do not wait, points that an instance built from the log alone does
not propose again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

from densearch.sampler import Certainty, Entry, Plan, Proposal, Sampler, StudyPlan
from densearch.sampler.axes import axes_of, snapped
from densearch.sampler.penalties import softened_log
from service.extensions.entry_points import Plugin, PluginError, called
from service.samplers.answers import point_fault


class Checked(Sampler):
    """Asks the sampler of a plug-in, and a second one that knows the log alone.

    Args:
        plugin: The plug-in, loaded.
        study: Its study.
        is_adaptive: Whether its points depend on values.
        round_size: Trials that it issues before it needs the value of any.
        models_values: Whether penalties are replaced before it sees them, see `Capabilities`.
    """

    def __init__(
        self,
        plugin: Plugin,
        study: StudyPlan,
        *,
        is_adaptive: bool,
        round_size: int,
        models_values: bool = False,
    ) -> None:
        super().__init__(study)
        self._plugin, self._is_adaptive = plugin, is_adaptive
        self._penalty = study.penalty if models_values else None
        self._size, self._axes = round_size, axes_of(study)
        self._sampler = self._made()

    def plan(self, log: Sequence[Entry]) -> Plan:
        """Return the sampler's plan, its discrete coordinates at the middles of their shares.

        Raises:
            PluginError: The sampler fails, or breaks the contract.
        """
        log = softened_log(log, self._penalty, self._start(log))
        plan = self._asked(self._sampler, log)
        if plan.proposals:
            self._require_rounds(log, plan)
            if self._asked(self._made(), self._as_known(log)).proposals != plan.proposals:
                self._break(
                    "an instance built from the log proposes other points: they may depend on the "
                    "study's seed and the values of earlier rounds alone"
                )
        return plan

    def _made(self) -> Sampler:
        made = called(self._plugin, "being made", self._plugin.value, self.study)
        if not isinstance(made, Sampler):
            self._break("what its class makes is no densearch.plugins.Sampler")
        return made

    def _asked(self, sampler: Sampler, log: Sequence[Entry]) -> Plan:
        plan = called(self._plugin, "planning", sampler.plan, list(log))
        if not isinstance(plan, Plan):
            self._break(f"it plans {plan!r:.100}, which is no densearch.plugins.Plan")
        proposals = called(self._plugin, "planning", self._plain, plan, len(log))
        n_open = sum(entry.value is None for entry in log)
        is_over = n_open == 0 and len(log) >= self.study.n_trials
        if plan.is_finished is not is_over:
            self._break("it is finished exactly when all trials of its budget have ended")
        if not (proposals or n_open or is_over):
            self._break("it proposes nothing, and no trial is left to wait for")
        numbered = {i: i for i, entry in enumerate(log) if entry.number is None}
        return Plan(proposals, numbered, is_finished=is_over)

    def _plain(self, plan: Plan, n_before: int) -> tuple[Proposal, ...]:
        """Return a plan's proposals, as plain numbers."""
        proposals = tuple(self._proposal(one, n) for n, one in enumerate(plan.proposals, n_before))
        if n_before + len(proposals) > self.study.n_trials and proposals:
            self._break(f"it proposes more than the {self.study.n_trials} trials of its budget")
        return proposals

    def _proposal(self, found: Proposal, number: int) -> Proposal:
        point = tuple(float(u) for u in found.point)
        fault = point_fault(point, self.study.dimension)
        if fault is not None:
            self._break(fault)
        if found.number != number or found.certainty is not Certainty.CERTAIN:
            self._break("the trials of its sequence are numbered in the order of issue, from 0")
        return Proposal(snapped(point, self._axes), number)

    def _require_rounds(self, log: Sequence[Entry], plan: Plan) -> None:
        start = self._start(log)
        is_early = any(entry.value is None for entry in log[:start])
        if self._is_adaptive and (is_early or len(log) + len(plan.proposals) > start + self._size):
            self._break(
                f"its points depend on values, so it issues rounds of {self._size}, each once all "
                "trials of those before have ended; or its capabilities say adaptive=False"
            )

    def _start(self, log: Sequence[Entry]) -> int:
        """Return the number of the first trial of the round that is issued next."""
        return len(log) // self._size * self._size

    def _as_known(self, log: Sequence[Entry]) -> list[Entry]:
        """Return a log with what points may depend on: no values, or those of earlier rounds."""
        if not self._is_adaptive:
            return [e if e.value is None else replace(e, value=0.0) for e in log]
        start = self._start(log)
        return [e if i < start else replace(e, value=None) for i, e in enumerate(log)]

    def _break(self, how: str) -> NoReturn:
        name, package = self._plugin.name, self._plugin.package
        raise PluginError(f"{name!r} of {package} breaks the contract of samplers: {how}")
