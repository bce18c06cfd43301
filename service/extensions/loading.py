"""From the path of a sampler's implementation to the sampler, in this process or another.

A process that answers asks imports this module first, and then what its sampler needs alone.
"""

from __future__ import annotations

from importlib import import_module

from densearch.sampler import Sampler, StudyPlan


def make(path: str, study: StudyPlan) -> Sampler:
    """Make a study's sampler.

    Args:
        path: ``module:class``, which is called with the study; or ``module:function:text...``,
            which is called with the texts and the study.
        study: Its study.
    """
    module, attribute, *texts = path.split(":")
    made: Sampler = getattr(import_module(module), attribute)(*texts, study)
    return made
