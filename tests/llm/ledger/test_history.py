"""Whatever is done to a ledger, in whatever order, it serves what a plain dictionary would."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from grandrounds.fingerprint import sha256_text
from grandrounds.llm.answer import STATUSES
from grandrounds.llm.ledger import Ledger, Selection
from tests.llm.helpers import ask
from tests.llm.ledger.support import filed

_REQUESTS = [
    ask(f"case {number}", prompt_name=f"prompt-{number % 2}", model="ab"[number % 3 == 0])
    for number in range(5)
]
_STATUSES = [status for status in STATUSES if status != "waiting"]
_ENTRIES = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(_STATUSES), st.integers(0, 3)), min_size=1, max_size=4
)


def _text(status: str, word: int) -> str:
    if status != "ok":
        return f"words {word}"
    return f'{{"diagnosis": "{sha256_text(str(word))}", "quotes": []}}'


class LedgerHistory(RuleBasedStateMachine):
    """Two openings of one file, against a list of what was filed."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "ledger.sqlite"
        self.kept: list[tuple[int, str, str]] = []  # request, status, text

    @initialize()
    def open(self) -> None:
        self.ledgers = [Ledger(self.path), Ledger(self.path)]

    @rule(entries=_ENTRIES, opening=st.integers(0, 1))
    def write(self, entries: list[tuple[int, str, int]], opening: int) -> None:
        given_ = [(position, status, _text(status, word)) for position, status, word in entries]
        counted = self.ledgers[opening].write(
            [filed(_REQUESTS[position], status, text) for position, status, text in given_]
        )
        for (position, status, text), answer in zip(given_, counted, strict=True):
            if status == "ok":
                standing = self._good(position)
                if standing is None:
                    self.kept.append((position, status, text))
                assert answer.text == (standing or text)
            else:
                self.kept.append((position, status, text))
                assert answer.text == text

    @rule(
        position=st.integers(0, 4),
        statuses=st.sets(st.sampled_from(_STATUSES)),
        prompt=st.sampled_from(["", "prompt-0", "prompt-1@1", "prompt-1@2"]),
        model=st.sampled_from(["", "a", "b"]),
        ok=st.booleans(),
    )
    def prune(self, position: int, statuses: set[str], prompt: str, model: str, ok: bool) -> None:
        selection = Selection(
            statuses=tuple(sorted(statuses)),
            prompts=(prompt,) if prompt else (),
            models=(model,) if model else (),
        )

        def goes(entry: tuple[int, str, str]) -> bool:
            request = _REQUESTS[entry[0]]
            return (
                (not statuses or entry[1] in statuses)
                and prompt in {"", request.prompt_name, f"{request.prompt_name}@{request.prompt_version}"}
                and model in {"", request.model}
                and (ok or entry[1] != "ok")
            )

        gone = [entry for entry in self.kept if goes(entry)]
        left = [entry for entry in self.kept if not goes(entry)]
        foreseen = self.ledgers[0].prune(selection, ok=ok)
        pruned = self.ledgers[1].prune(selection, ok=ok, dry_run=False)
        assert foreseen == pruned
        assert pruned.answers == len(gone)
        assert pruned.by_status == dict(Counter(entry[1] for entry in gone))
        assert pruned.requests == len({entry[0] for entry in self.kept} - {entry[0] for entry in left})
        self.kept = left

    @rule(opening=st.integers(0, 1))
    def shrink_and_open_again(self, opening: int) -> None:
        self.ledgers[opening].shrink()
        self.ledgers[opening].close()
        self.ledgers[opening] = Ledger(self.path)

    @invariant()
    def serves_the_first_good_answer(self) -> None:
        for ledger in self.ledgers:
            served = ledger.lookup(_REQUESTS)
            expected = {
                _REQUESTS[position].request_id: good
                for position in range(5)
                if (good := self._good(position)) is not None
            }
            assert {key: answer.text for key, answer in served.items()} == expected

    @invariant()
    def counts_and_reads_all_in_order(self) -> None:
        stored = list(self.ledgers[0].stored())
        texts = [one.answers[0].answer.text for one in stored]
        assert texts == [text for _, _, text in self.kept]
        stats = self.ledgers[1].stats()
        assert stats.by_status == dict(Counter(status for _, status, _ in self.kept))
        assert stats.requests == len({position for position, _, _ in self.kept})
        assert self.ledgers[1].check() == []

    def teardown(self) -> None:
        for ledger in self.ledgers:
            ledger.close()
        self.folder.cleanup()

    def _good(self, position: int) -> str | None:
        return next((text for at, status, text in self.kept if at == position and status == "ok"), None)


TestLedgerHistory = LedgerHistory.TestCase
TestLedgerHistory.settings = settings(max_examples=15, stateful_step_count=8, deadline=None)
