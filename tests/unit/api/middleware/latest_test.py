"""What was just answered is sent again while it is fresh, to the same request alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from api.etags import FRESHNESS
from api.middleware.latest import MOST_BYTES, LatestAnswers
from service.storage.recent import Freshness, Opening, RecentReads

ADDRESS = ("GET", "/jobs/1", b"", ((b"host", b"here"),))


class Application:
    """Answers with the number of the answer; says how fresh it is."""

    def __init__(self, reads: RecentReads, body: bytes = b"", *, is_reusable: bool = True) -> None:
        self.reads, self.body, self.is_reusable = reads, body, is_reusable
        self.numbers, self.fresh_s = count(1), 60.0
        self.begun_at: Opening | None = None

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        opening = self.begun_at or self.reads.opening()
        fresh = Freshness(opening.at_s + self.fresh_s, opening.n_forgotten)
        scope[FRESHNESS] = fresh if self.is_reusable else None
        scope["route"] = "the route"
        scope["path"] = "changed"  # as some layers do
        body = b"%d%s" % (next(self.numbers), self.body)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
        await send({"type": "http.response.body", "body": body})


async def answer_of(layer: LatestAnswers, asked: tuple[Any, ...] = ADDRESS) -> tuple[int, Scope]:
    """Return the number of the answer, and the scope of the request."""
    method, path, query, headers = asked
    scope: Scope = {"type": "http", "scheme": "http", "method": method, "path": path}
    scope.update(query_string=query, headers=list(headers))
    sent = list[Message]()

    async def send(message: Message) -> None:
        if "headers" in message:
            message["headers"].append((b"x-request-id", b"own"))  # as outer layers do
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    await layer(scope, receive, send)
    assert sent[0]["headers"] == [(b"a", b"b"), (b"x-request-id", b"own")]
    return int(sent[1]["body"].split(b" ")[0]), scope


def ask(layer: LatestAnswers, asked: tuple[Any, ...] = ADDRESS) -> tuple[int, Scope]:
    return asyncio.run(answer_of(layer, asked))


def test_the_same_request_gets_it_again_until_something_changes() -> None:
    reads = RecentReads()
    layer = LatestAnswers(Application(reads), reads)
    assert [ask(layer)[0] for _ in range(3)] == [1, 1, 1]
    assert ask(layer)[1]["route"] == "the route"
    reads.forget()
    assert [ask(layer)[0] for _ in range(2)] == [2, 2]


def test_what_is_old_or_may_not_be_sent_again_is_made_again() -> None:
    reads = RecentReads()
    old = Application(reads)
    old.fresh_s = -1.0
    for application in (old, Application(reads, is_reusable=False)):
        layer = LatestAnswers(application, reads)
        assert [ask(layer)[0] for _ in range(2)] == [1, 2]


def test_what_changed_while_it_was_made_is_not_sent_again() -> None:
    reads = RecentReads()
    application = Application(reads)

    async def changing(scope: Scope, receive: Receive, send: Send) -> None:
        await application(scope, receive, send)
        reads.forget()

    layer = LatestAnswers(changing, reads)
    assert [ask(layer)[0] for _ in range(2)] == [1, 2]


class Held:
    """An application whose answers wait until they may be made."""

    def __init__(self, application: Application) -> None:
        self.application, self.may_go_on = application, asyncio.Event()
        self.n_begun, self.fault = 0, False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.n_begun += 1
        opening = self.application.reads.opening()
        await self.may_go_on.wait()
        if self.fault:
            self.fault = False
            raise ValueError("it fails")
        self.application.begun_at = opening
        await self.application(scope, receive, send)

    async def answer_all(self, layer: LatestAnswers, change: Callable[[], None]) -> list[Any]:
        """Keep an answer that a change makes old; return those of four requests meanwhile."""
        self.may_go_on.set()
        await answer_of(layer)
        self.application.reads.forget()
        self.may_go_on.clear()
        tasks = [asyncio.create_task(answer_of(layer)) for _ in range(2)]
        await asyncio.sleep(0)
        change()
        tasks += [asyncio.create_task(answer_of(layer)) for _ in range(2)]
        await asyncio.sleep(0)
        self.may_go_on.set()
        return await asyncio.gather(*tasks, return_exceptions=True)


def numbers(found: list[Any]) -> list[Any]:
    return [one if isinstance(one, Exception) else one[0] for one in found]


def test_an_answer_is_made_once_for_all_that_ask_meanwhile() -> None:
    held = Held(Application(reads := RecentReads()))
    layer = LatestAnswers(held, reads)
    assert numbers(asyncio.run(held.answer_all(layer, lambda: None))) == [2, 2, 2, 2]
    assert held.n_begun == 2


def test_who_asks_after_a_change_gets_what_was_begun_after_it() -> None:
    held = Held(Application(reads := RecentReads()))
    layer = LatestAnswers(held, reads)
    assert numbers(asyncio.run(held.answer_all(layer, reads.forget))) == [2, 2, 3, 3]
    assert held.n_begun == 3


def test_who_waited_for_an_answer_that_fails_has_it_made() -> None:
    held = Held(Application(reads := RecentReads()))
    layer = LatestAnswers(held, reads)

    def fail() -> None:
        held.fault = True

    failed, *others = numbers(asyncio.run(held.answer_all(layer, fail)))
    assert isinstance(failed, ValueError)
    assert others == [2, 2, 2]


def test_who_waited_for_an_answer_that_may_not_be_sent_again_has_its_own() -> None:
    held = Held(Application(reads := RecentReads()))
    layer = LatestAnswers(held, reads)

    def forbid() -> None:
        held.application.is_reusable = False

    assert sorted(numbers(asyncio.run(held.answer_all(layer, forbid)))) == [2, 3, 4, 5]


def test_another_request_gets_its_own() -> None:
    reads = RecentReads()
    layer = LatestAnswers(Application(reads), reads)
    host, tag = (b"host", b"here"), (b"if-none-match", b'"a"')
    others = [
        ADDRESS,
        ("GET", "/jobs/2", b"", (host,)),
        ("GET", "/jobs/1", b"a=b", (host,)),
        ("GET", "/jobs/1", b"", ((b"host", b"there"),)),
        ("GET", "/jobs/1", b"", (host, tag)),
        ("HEAD", "/jobs/1", b"", (host,)),
        ("POST", "/jobs/1", b"", (host,)),
    ]
    assert [ask(layer, one)[0] for one in others] == list(range(1, len(others) + 1))


def test_the_kept_answers_are_bounded() -> None:
    reads = RecentReads()
    layer = LatestAnswers(Application(reads, b" " + bytes(MOST_BYTES // 4)), reads)
    asked = [("GET", f"/jobs/{number}", b"", ()) for number in range(6)]
    first = [ask(layer, one)[0] for one in asked]
    again = [ask(layer, one)[0] for one in asked[-2:]]
    assert first == [1, 2, 3, 4, 5, 6]
    assert again == [5, 6]
    assert ask(layer, asked[0])[0] == 7
