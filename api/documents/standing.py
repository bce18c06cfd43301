"""What a job's state means for a reader of its document."""

from __future__ import annotations

from api.dashboard.formats import count, sentence
from api.documents.blocks import Block, TextBlock
from api.documents.source import DocumentSource
from densearch.plurals import counted, noun
from service.records import Json
from service.states import JobState


def standing(source: DocumentSource) -> list[Block]:
    """Return what a reader must know first: nothing for a job that has succeeded."""
    job = source.job
    if job.state is JobState.SUCCEEDED:
        return []
    blocks: list[Block] = [TextBlock(_words(source), "warning")]
    if job.error is not None:
        blocks.append(TextBlock(_error(job.error), "bad"))
    if source.waits_for and job.state is not JobState.PAUSED:
        blocks.append(TextBlock(f"Waiting: {sentence(source.waits_for)}", "muted"))
    return blocks


def _words(source: DocumentSource) -> str:
    state, counts = source.job.state, source.progress
    trials = f"{count(counts.n_trials)} {noun(counts.n_trials, 'trial')}"
    done = f"{count(counts.n_finished)} of {trials} of the searches"
    kept = "What was found until then is shown." if counts.n_finished else "Nothing was found."
    later = "All figures may still change, and there is no answer yet."
    if state is JobState.FAILED:
        return f"The job failed after {done}: its question has no answer. {kept}"
    if state is JobState.CANCELLED:
        return f"The job was cancelled after {done}: its question has no answer. {kept}"
    if state is JobState.EVALUATING:
        final = counted(counts.n_evaluations, "final training")
        done = f"{counts.n_evaluations_finished} of {final}"
        return f"Provisional: the searches have ended, and {done} are done. {later}"
    if state is JobState.PAUSED:
        return f"Provisional: the job is paused after {done}. {later}"
    if state is JobState.QUEUED and not counts.n_finished:
        return "Provisional: the job is queued, and none of its trials has begun."
    return f"Provisional: {done} have ended. {later}"


def _error(error: Json) -> str:
    title, detail = error.get("title"), error.get("detail")
    words = [str(part) for part in (title, detail) if part]
    return " ".join(map(sentence, words)) or "The job failed without a reason that was stored."
