"""The client's calls about what belongs to a job: arms, trials, report, densities, files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import httpx2

from densearch.client.transport import Transport, problem_of, unanswered
from densearch.client.views import DensityView, TrialView

if TYPE_CHECKING:  # they cost an import, and nothing needs them at run time
    from pandas import DataFrame

    from densearch.answers import (
        ArtifactAnswer,
        DecisionAnswer,
        DensityAnswer,
        MeasurementAnswer,
        ReportAnswer,
        StudyAnswer,
        TrialAnswer,
        TrialDetailAnswer,
    )

# A PDF takes a server up to 50 s.
DOCUMENT_TIMEOUT_S = 60.0
DocumentForm = Literal["html", "md", "pdf", "json"]
# Bundles and databases are made when they are asked for the first time.
EXPORT_TIMEOUT_S = 300.0
DensityForm = Literal["json", "npz", "csv", "safetensors", "svg", "png"]
TableForm = Literal["csv", "parquet", "ndjson"]
PAGE = 200


class ResultCalls(Transport):
    """A connection with the calls about what a job has found."""

    def studies(self, job_id: int) -> list[StudyAnswer]:
        """Return the arms of a job."""
        return cast("list[StudyAnswer]", list(self.pages(f"/v1/jobs/{job_id}/studies", {})))

    def trials(self, job_id: int, **filters: str | float | None) -> Iterator[TrialAnswer]:
        """Yield a job's trials, page by page.

        Args:
            job_id: Which job.
            filters: phase, study, sampler, state, min_value, max_value, text, sort, from_number,
                and params as ``**{"p.lr": "0.01..0.1"}`` (docs/rest.md).
        """
        found = map(TrialView, self.pages(f"/v1/jobs/{job_id}/trials", {"limit": PAGE, **filters}))
        return cast("Iterator[TrialAnswer]", found)

    def save_trials(
        self, job_id: int, path: Path, form: TableForm = "csv", **filters: str | float | None
    ) -> None:
        """Write a job's trials to `path` as CSV, Parquet or NDJSON; filters as in `trials`."""
        given = {name: value for name, value in filters.items() if value is not None}
        query = httpx2.QueryParams({**given, "format": form})
        self._save(f"/v1/jobs/{job_id}/trials?{query}", path)

    def save_measurements(self, job_id: int, path: Path, form: TableForm = "csv") -> None:
        """Write the metrics of a job's trials after each epoch to `path`."""
        self._save(f"/v1/jobs/{job_id}/measurements?format={form}", path)

    def save_optuna(self, job_id: int, path: Path) -> None:
        """Write a job to `path` as a database of Optuna, with a study for each search."""
        self._save(f"/v1/jobs/{job_id}/export?format=optuna", path, EXPORT_TIMEOUT_S)

    def save_bundle(
        self, job_id: int, path: Path, *, arm: str | None = None, folds_norms: bool = False
    ) -> None:
        """Write what an arm has found to `path`, a ZIP archive (docs/bundle.md).

        Args:
            job_id: Which job.
            path: Of the archive.
            arm: Its name; None for the recommended one, else the best search.
            folds_norms: Whether batch normalisation is folded into the convolutions.

        Raises:
            ClientError: There is nothing to bundle; `detail` says why.
        """
        given = {"norm": "folded" if folds_norms else "kept", **({"arm": arm} if arm else {})}
        query = httpx2.QueryParams(given)
        self._save(f"/v1/jobs/{job_id}/bundle?{query}", path, EXPORT_TIMEOUT_S)

    def trials_frame(self, job_id: int, **filters: str | float | None) -> DataFrame:
        """Return a job's trials as a pandas DataFrame, a row for each; filters as in `trials`.

        Params and metrics have columns of their own (`params.lr`, `params.den[0]`,
        `metrics.loss`), times are aware. All trials but the superseded ones, unless `phase` says
        otherwise.

        Raises:
            ImportError: pandas is not installed.
        """
        from densearch.client.frames import frame_of  # needs pandas

        return frame_of(self.trials(job_id, **{"phase": "all", **filters}))

    def trial(self, trial_id: int) -> TrialDetailAnswer:
        """Return a trial with the log of its attempts."""
        return cast("TrialDetailAnswer", TrialView(self.json("GET", f"/v1/trials/{trial_id}")))

    def measurements(self, trial_id: int) -> list[MeasurementAnswer]:
        """Return a trial's metrics, an item for each epoch."""
        found = self.pages(f"/v1/trials/{trial_id}/measurements", {})
        return cast("list[MeasurementAnswer]", list(found))

    def report(self, job_id: int) -> ReportAnswer:
        """Return the comparison of a finished job's arms."""
        return cast("ReportAnswer", self.json("GET", f"/v1/jobs/{job_id}/report"))

    def document(self, job_id: int, form: DocumentForm = "html") -> bytes:
        """Return a job's report as one document to hand around, whatever the job's state.

        Args:
            job_id: Which job.
            form: The format; "json" is the stored report, which only a finished job has.

        Raises:
            ClientError: There is no such job; or, for "pdf", the server cannot make PDFs, and
                `detail` says what is missing.
        """
        path, params = f"/v1/jobs/{job_id}/report", {"format": form}
        return self.answer("GET", path, params=params, timeout=DOCUMENT_TIMEOUT_S).content

    def decision(self, job_id: int, margin_percent: float | None = None) -> DecisionAnswer:
        """Return whether to adopt a finished job's density, and why.

        Args:
            job_id: Which job.
            margin_percent: The gain that matters; the spec's if None.
        """
        params = {} if margin_percent is None else {"margin_percent": margin_percent}
        path = f"/v1/jobs/{job_id}/decision"
        return cast("DecisionAnswer", self.json("GET", path, params=params))

    def densities(self, job_id: int) -> list[DensityAnswer]:
        """Return the densities that a job has learned."""
        found = map(DensityView, self.pages(f"/v1/jobs/{job_id}/densities", {}))
        return cast("list[DensityAnswer]", list(found))

    def artifacts(self, job_id: int) -> list[ArtifactAnswer]:
        """Return the files that a job has made."""
        found = self.pages(f"/v1/jobs/{job_id}/artifacts", {})
        return cast("list[ArtifactAnswer]", list(found))

    def density(self, density_id: int, form: DensityForm = "json") -> bytes:
        """Return the file of a density in one of its formats."""
        return self.answer("GET", f"/v1/densities/{density_id}", params={"format": form}).content

    def save_artifact(self, artifact_id: int, path: Path) -> None:
        """Write an artifact to `path`; a file cut off on the way is not left there."""
        self._save(f"/v1/artifacts/{artifact_id}", path)

    def save_item_losses(self, job_id: int, path: Path) -> None:
        """Write the test loss of each item, for all arms and seeds, to `path` (docs/rest.md).

        Raises:
            ClientError: There are none: of earlier versions, of objectives that give none.
        """
        self._save(f"/v1/jobs/{job_id}/item-losses", path)

    def _save(self, address: str, path: Path, timeout_s: float | None = None) -> None:
        part, is_moved = _written_first(path)
        limit = self.http.timeout if timeout_s is None else httpx2.Timeout(timeout_s)
        try:
            with self.http.stream("GET", address, timeout=limit) as answer:
                if answer.is_error:
                    answer.read()
                    raise problem_of(answer)
                with part.open("wb") as file:
                    for chunk in answer.iter_bytes():
                        file.write(chunk)
            if is_moved:
                part.replace(path.resolve())
        except httpx2.RequestError as error:
            raise unanswered(self.url, error) from error
        finally:
            if is_moved:
                part.unlink(missing_ok=True)


def _written_first(path: Path) -> tuple[Path, bool]:
    """Return what is written for `path`, and whether it takes its place at the end.

    A device, a pipe or a folder is opened itself: a file that takes its place would end it. A link
    stays one, and the file that it leads to is replaced.
    """
    if path.exists() and not path.is_file():
        return path, False
    target = path.resolve()
    return target.with_name(target.name + ".part"), True
