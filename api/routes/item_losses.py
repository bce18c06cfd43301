"""The losses of a job's test items, as one file."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from api.context import InDatabase
from api.downloads import FileResponse
from api.formats import MEDIA_TYPES
from api.paging import Id
from api.problems.handlers import documented
from api.schemas.base import BINARY
from service.jobs import item_loss_files

router = APIRouter(prefix="/v1", tags=["artifacts"])

# Larger files lie on the disk while they are written and sent.
HELD_BYTES = 16 * 2**20


@router.get(
    "/jobs/{job_id}/item-losses",
    response_class=StreamingResponse,
    responses={
        200: {"content": {MEDIA_TYPES["npz"]: BINARY}},
        **documented(404, 422),
    },
)
def download_item_losses(database: InDatabase, job_id: Id) -> StreamingResponse:
    """Download the test loss of each item for all arms and seeds, as a NumPy archive."""
    file = SpooledTemporaryFile(HELD_BYTES)  # noqa: SIM115 - it is closed once it is sent
    try:
        with database.read() as session:
            item_loss_files.write_npz(session, job_id, file)
    except BaseException:
        file.close()
        raise
    size = file.tell()
    file.seek(0)
    headers = {"content-disposition": f'attachment; filename="item-losses-{job_id}.npz"'}
    return FileResponse(file, size, headers, media_type=MEDIA_TYPES["npz"])
