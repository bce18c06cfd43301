"""Client of the REST API, version 1."""

from densearch.extras import required

with required("client"):
    from densearch.client.client import FINAL_STATES, Client, Event
    from densearch.client.datasets import Datasets
    from densearch.client.errors import (
        AddressError,
        AnswerLostError,
        AnswerTimeoutError,
        ClientError,
        FieldFault,
        UnreachableError,
    )
    from densearch.client.transport import Json
    from densearch.client.work import AskedDensity, AskedTrial

__all__ = [
    "FINAL_STATES",
    "AddressError",
    "AnswerLostError",
    "AnswerTimeoutError",
    "AskedDensity",
    "AskedTrial",
    "Client",
    "ClientError",
    "Datasets",
    "Event",
    "FieldFault",
    "Json",
    "UnreachableError",
]
