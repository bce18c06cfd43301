"""Client of the REST API, version 1."""

from densearch.extras import required

with required("client"):
    from densearch.client.client import FINAL_STATES, Client, Event
    from densearch.client.datasets import Datasets
    from densearch.client.transport import ClientError, FieldFault, Json, UnreachableError

__all__ = [
    "FINAL_STATES",
    "Client",
    "ClientError",
    "Datasets",
    "Event",
    "FieldFault",
    "Json",
    "UnreachableError",
]
