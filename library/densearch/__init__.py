"""Densities of weighted convolutions and the search for them, for use in any program.

The package imports nothing by itself. A name is loaded when it is first used, together with the
optional packages that it needs:

==================  ========================================================  ===========
package             what it holds                                             extra
==================  ========================================================  ===========
densearch.density   density families: a search vector becomes alpha and Phi   (numpy)
densearch.nn        densities on PyTorch networks: apply, learn, fold         ``torch``
densearch.direct_l  DIRECT-L in parallel, with the exact sequence of NLopt    ``direct``
densearch.optuna    DIRECT-L as a sampler of Optuna                           ``optuna``
densearch.ray_tune  DIRECT-L as a searcher of Ray Tune                        ``ray``
densearch.client    client of a server's REST API                             ``client``
densearch.plugins   contracts of networks, data sets, objectives, samplers    (numpy)
densearch.cli       the command ``densearch``                                 ``cli``
==================  ========================================================  ===========
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from densearch.extras import load

if TYPE_CHECKING:  # for type checkers and editors; at run time `__getattr__` loads these names
    from densearch.client import Client, ClientError, UnreachableError
    from densearch.density import Density
    from densearch.direct_l import ParallelDirectL
    from densearch.nn import apply_density, fold, put_density

__all__ = [
    "Client",
    "ClientError",
    "Density",
    "ParallelDirectL",
    "UnreachableError",
    "apply_density",
    "fold",
    "put_density",
]

_HOMES = {
    "Client": ("densearch.client", None),
    "ClientError": ("densearch.client", None),
    "Density": ("densearch.density", None),
    "ParallelDirectL": ("densearch.direct_l", None),
    "UnreachableError": ("densearch.client", None),
    "apply_density": ("densearch.nn", None),
    "fold": ("densearch.nn", None),
    "put_density": ("densearch.nn", None),
}
_PACKAGES = ("cli", "client", "density", "direct_l", "nn", "optuna", "plugins", "ray_tune")


def __getattr__(name: str) -> object:
    """Load a public name or package when it is first used (PEP 562).

    Raises:
        AttributeError: There is no such name.
        ImportError: It needs an optional package that is not installed; the message names the
            extra.
    """
    if name in _PACKAGES:
        return import_module(f"densearch.{name}")
    return load(__name__, name, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_PACKAGES})
