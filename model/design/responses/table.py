"""The response table: every package under every state, from the store or solved by one or several processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import weakref
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.design.responses.respond import respond
from model.design.responses.response import Question, Response
from model.errors import AccordError
from model.work import Memory, Progress, sheltered
from model.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from model.design.responses.store import Store

    Steps = Iterator[Progress[None]]

BATCH = 8
"""Cells a worker solves before it reports; they share a mineral, so that its market is calibrated once."""
WORTH_STARTING = 64
"""Missing cells from which it pays to start processes, which load data and calibrate markets of their own."""
MOST_IN_MEMORY = 20_000


@dataclass(frozen=True)
class Failure:
    """A cell for which no equilibrium was proved, and why."""

    reason: str


Answer = Response | Failure


class ResponseTable:
    """Answers by question. Memory first, then the store, then the equilibrium.

    ``workers`` processes solve what is missing, 1 = this one. The answers do not depend on their number: every cell
    starts from the status quo of its own market and nothing else.
    """

    def __init__(self, world: World, store: Store, workers: int = 1, folder: Path | None = None) -> None:
        self.world = world
        self.store = store
        self.workers = workers
        self._folder = folder
        self._known: Memory[str, Answer] = Memory(MOST_IN_MEMORY)
        self._pool: ProcessPoolExecutor | None = None
        self.solved = 0

    def key(self, asked: Question) -> str:
        """The content hash of a cell."""
        return asked.key(self.world.tables.content_hash)

    def answers(self, asked: Iterable[Question]) -> list[Answer]:
        """Answers in the order asked; what is missing is solved."""
        questions = list(asked)
        for _ in self.fill(questions):
            pass
        return [self._answer(each) for each in questions]

    def _answer(self, asked: Question) -> Answer:
        """What is known of a cell; where memory or store have dropped it since it was filled, it is solved again."""
        key = self.key(asked)
        return self._known.recall(key, lambda: _read(self.store.get([key]).get(key) or _solve(self.world, asked)))

    def one(self, asked: Question) -> Response:
        """One response.

        Raises:
            AccordError: when no equilibrium is proved.
        """
        (answer,) = self.answers([asked])
        if isinstance(answer, Failure):
            raise AccordError(answer.reason)
        return answer

    def fill(self, asked: Sequence[Question]) -> Steps:
        """Solve what is not known yet, reporting after every part. Stop iterating to cancel: nothing is lost."""
        by_key = {self.key(each): each for each in asked}
        self._recall([key for key in by_key if key not in self._known])
        missing = {key: each for key, each in by_key.items() if key not in self._known}
        fewest = WORTH_STARTING if self._pool is None else BATCH
        solve = self._solve_here if self.workers <= 1 or len(missing) < fewest else self._solve_apart
        done = 0
        for texts, tried in solve(missing):
            self._keep(texts)
            done += len(texts)
            yield Progress(done, len(missing), tried, None)

    def _recall(self, keys: Sequence[str]) -> None:
        for key, text in self.store.get(keys).items():
            with suppress(ValueError, TypeError, KeyError, AttributeError):  # a text damaged on disk is solved again
                self._known.keep(key, _read(text))

    def _keep(self, texts: dict[str, str]) -> None:
        self.store.put(texts)
        self.solved += len(texts)
        for key, text in texts.items():
            self._known.keep(key, _read(text))

    def _solve_here(self, missing: dict[str, Question]) -> Iterator[tuple[dict[str, str], str]]:
        for key, asked in missing.items():
            yield {key: _solve(self.world, asked)}, asked.mineral

    def _solve_apart(self, missing: dict[str, Question]) -> Iterator[tuple[dict[str, str], str]]:
        """Batches of one mineral each, handed to processes that start afresh and load the data themselves."""
        pool = self._pool = self._pool or self._started()
        with sheltered():
            waiting = {pool.submit(_solve_batch, batch): batch[0][1].mineral for batch in _batches(missing)}
        try:
            while waiting:
                finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result(), waiting.pop(future)
        except BrokenProcessPool:
            self._pool = None
            raise AccordError("a process that solves was ended; run again, what is solved is kept") from None
        finally:
            for future in waiting:
                future.cancel()

    def _started(self) -> ProcessPoolExecutor:
        """Processes that stay, with the markets they have calibrated, as long as the table does."""
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(self.workers, context, _start_worker, (self._folder,))
        weakref.finalize(self, pool.shutdown, wait=False, cancel_futures=True)
        return pool


def _batches(missing: dict[str, Question]) -> Iterator[list[tuple[str, Question]]]:
    by_mineral: dict[str, list[tuple[str, Question]]] = {}
    for key, asked in missing.items():
        by_mineral.setdefault(asked.mineral, []).append((key, asked))
    for cells in by_mineral.values():
        for start in range(0, len(cells), BATCH):
            yield cells[start : start + BATCH]


_WORLDS: list[World] = []
"""The world of a worker process, loaded when it starts."""


def _start_worker(folder: Path | None) -> None:
    # An interruption is for the process that collects; when that one ends, however it does, so does this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _WORLDS[:] = [World(folder)]


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _solve_batch(batch: list[tuple[str, Question]]) -> dict[str, str]:
    return {key: _solve(_WORLDS[0], asked) for key, asked in batch}


_FAILED = "!"
"""First character of a stored reason why a cell has no answer; responses begin with a brace."""


def _solve(world: World, asked: Question) -> str:
    try:
        return respond(world, asked).to_json()
    except AccordError as error:
        return _FAILED + str(error)


def _read(text: str) -> Answer:
    return Failure(text[1:]) if text.startswith(_FAILED) else Response.from_json(text)
