"""The desk: next item, decide, undo, put off, save what is typed.

Each method is one transaction, and writers take turns, so a slot is never given twice: the database's own
keys would refuse it, too. What a method has returned survives the end of the program; a decision, a power
cut, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import Connection, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from grandrounds.errors import ReviewError
from grandrounds.fingerprint import content_id
from grandrounds.recipe import Review
from grandrounds.records.review_event import REJECT, WITHDRAW, ReviewEvent
from grandrounds.review import tables
from grandrounds.review.checks import ADJUDICATOR, REVIEWER, VERDICTS, objection
from grandrounds.review.desk import statements
from grandrounds.review.desk.choosing import count_open, due, open_item
from grandrounds.review.desk.keeping import (
    CONTENT,
    at,
    held,
    is_fresh,
    is_held,
    lease,
    policy_in,
    renewed,
    saved_of,
    take,
)
from grandrounds.review.desk.places import count_anew, free_expired, is_stale, readers_of, settle
from grandrounds.review.desk.statements import HELD, its
from grandrounds.review.desk.values import LATER, Given, Progress, Saved, Slot, Verdict
from grandrounds.review.desk.weighing import weigh
from grandrounds.review.intake import store_one
from grandrounds.review.people.accounts import Account, utc_now
from grandrounds.review.rows import QueueEntry, candidate_from_json, event_from_row
from grandrounds.review.store import ReviewStore
from grandrounds.review.tables import OPEN

_queue, _slots, _declines = tables.queue.c, tables.slots.c, tables.declines.c


class Desk:
    """What readers and adjudicators do, on one review database."""

    def __init__(self, store: ReviewStore, *, now: Callable[[], datetime] = utc_now) -> None:
        self._store = store
        self._database = store.database
        self._now = now

    # Taking ---------------------------------------------------------------------------------------

    def next(self, account: Account, *, recipe: str, decided: bool = False) -> Slot | None:
        """The item that this reader is to decide next: the one they hold, else the most pressing one that
        still needs a reader. ``None`` when there is nothing for them. With ``decided``, they have just
        decided, so they rarely hold another one: it is not looked for first."""
        slot = None if decided else self._in_hand(account, recipe=recipe)
        return self._another(account, recipe=recipe) if slot is None else slot

    def ahead(self, account: Account, slot: Slot) -> Slot | None:
        """The item after ``slot``: taken already, so that the page has it ready by then."""
        recipe, item_id = slot.recipe, slot.candidate.item_id
        after = self._in_hand(account, recipe=recipe, but=item_id, role=slot.role)
        if after is not None or slot.role != REVIEWER:
            return after
        return self._another(account, recipe=recipe, but=item_id)

    def slot(self, account: Account, *, recipe: str, item_id: str, role: str = REVIEWER) -> Slot | None:
        """This account's slot on an item, kept on for another while; ``None`` when it holds none."""
        with self._database.reading() as connection:
            slot = held(connection, account, recipe=recipe, item_id=item_id, role=role)
        if slot is None or is_fresh(slot, now=self._now()):
            return slot
        with self._database.writing(lasting=False) as connection:
            free_expired(connection, now=self._now())
            slot = held(connection, account, recipe=recipe, item_id=item_id, role=role)
            return None if slot is None else renewed(connection, slot, now=self._now())

    def adjudicate(self, account: Account, *, recipe: str, item_id: str) -> Slot:
        """Take a disputed item to decide it for all. Raises ``ReviewError`` when somebody else has it, or
        this account read it as a reviewer."""
        with self._database.writing() as connection:
            free_expired(connection, now=self._now())
            slot = held(connection, account, recipe=recipe, item_id=item_id, role=ADJUDICATOR)
            if slot is not None:
                return renewed(connection, slot, now=self._now())
            row = connection.execute(
                select(tables.queue).where(
                    _queue.recipe == recipe, _queue.item_id == item_id, _queue.state == OPEN
                )
            ).one_or_none()
            if row is None:
                raise ReviewError(f"The queue of {recipe!r} has no item {item_id!r} to decide.")
            if account.name in readers_of(connection, recipe, item_id, row.content_sha256):
                raise ReviewError("You read this item; somebody else must adjudicate it.")
            key = {**its(row, *CONTENT), "its_role": ADJUDICATOR}
            if connection.scalars(statements.NUMBERS, key).all():
                raise ReviewError("Somebody else has this item at the moment.")
            policy = policy_in(connection, recipe)
            return take(connection, row, account, policy, role=ADJUDICATOR, now=self._now())

    # Deciding -------------------------------------------------------------------------------------

    def decide(self, account: Account, slot: Slot, verdict: Verdict) -> ReviewEvent:
        """Store a decision; the slot is done then. The same one sent again changes nothing.

        Raises ``ReviewError`` when the slot is held no more, the content is asked no more, or the decision
        is not sound.
        """
        _own(account, slot)
        event = self._event(slot, verdict)
        with self._database.writing() as connection:
            # While it is held by this taking, nothing was decided on it.
            if not is_held(connection, slot):
                known = connection.execute(statements.EVENT, its(event, "event_id")).one_or_none()
                if known is not None:
                    return event_from_row(known)
                raise ReviewError(
                    "This item is no longer yours: it was kept for you too long, or it has changed.",
                    remedy="Go on with the next one; what you had typed is kept for when it comes back.",
                )
            store_one(connection, event, guard=_guard)
            connection.execute(statements.FINISH, at(slot))
            connection.execute(statements.FORGET_UNSENT, at(slot))
        return event

    def undo(self, account: Account, event_id: str, *, body: str = "{}") -> Slot:
        """Withdraw one's own decision and take the item again, with ``body`` as what was typed on it. What
        was answered before the marked answer was shown stays as it was."""
        with self._database.writing() as connection:
            row = connection.execute(
                select(tables.events).where(
                    tables.events.c.event_id == event_id, tables.events.c.reviewer == account.name
                )
            ).one_or_none()
            if row is None or row.decision not in VERDICTS:
                raise ReviewError("There is no decision of yours to undo.")
            told = event_from_row(row)
            moment = self._now()
            store_one(
                connection,
                ReviewEvent(
                    event_id=content_id("event", ["withdraw", event_id]),
                    recipe=told.recipe,
                    item_id=told.item_id,
                    content_sha256=told.content_sha256,
                    reviewer=account.name,
                    role=told.role,
                    decision=WITHDRAW,
                    created_at=moment,
                ),
                guard=_guard,
            )
            count_anew(connection, told.recipe, told.item_id, told.content_sha256)
            policy = policy_in(connection, told.recipe)
            connection.execute(
                update(tables.slots)
                .where(
                    _slots.recipe == told.recipe,
                    _slots.item_id == told.item_id,
                    _slots.content_sha256 == told.content_sha256,
                    _slots.role == told.role,
                    _slots.account == account.name,
                )
                .values(state=HELD, taken_at=moment, expires_at=moment + lease(policy))
            )
            place = {name: getattr(told, name) for name in (*CONTENT, "role")}
            connection.execute(statements.FORGET_UNSENT, {**its(told, *place), "its_account": account.name})
            saved = Saved(
                body=body, revision=1, seconds=told.seconds or 0.0, saved_at=moment, answer=_answered(told)
            )
            connection.execute(statements.KEEP_UNSENT, {**place, "account": account.name, **asdict(saved)})
            slot = held(connection, account, recipe=told.recipe, item_id=told.item_id, role=told.role)
        if slot is None:
            raise ReviewError("The decision is withdrawn; the item is asked no more in this form.")
        return slot

    def decline(self, account: Account, slot: Slot, kind: str, words: str = "") -> None:
        """Give an item back: not one's own to judge, later, or a conflict of interest."""
        _own(account, slot)
        with self._database.writing() as connection:
            connection.execute(statements.LEAVE, at(slot))
            connection.execute(
                delete(tables.declines).where(
                    _declines.recipe == slot.recipe,
                    _declines.item_id == slot.candidate.item_id,
                    _declines.account == account.name,
                )
            )
            connection.execute(
                insert(tables.declines).values(
                    recipe=slot.recipe,
                    item_id=slot.candidate.item_id,
                    account=account.name,
                    kind=kind,
                    words=words[:1000],
                    at=self._now(),
                )
            )
            count_anew(connection, slot.recipe, slot.candidate.item_id, slot.candidate.content_sha256)

    def take_back(self, account: Account, *, recipe: str, item_id: str) -> Slot:
        """Take an item again that this reader gave back: a slip of the hand is no loss.

        Raises ``ReviewError`` when they gave back no such item, or others have all its places by now.
        """
        with self._database.writing() as connection:
            policy = policy_in(connection, recipe)
            free_expired(connection, now=self._now())
            settle(connection, recipe, policy=policy, weigh=weigh)
            given = (
                _declines.recipe == recipe,
                _declines.item_id == item_id,
                _declines.account == account.name,
            )
            if connection.scalar(select(_declines.kind).where(*given)) is None:
                raise ReviewError("You gave back no such item.")
            connection.execute(delete(tables.declines).where(*given))
            row = open_item(connection, account, recipe=recipe, item_id=item_id)
            if row is None:
                raise ReviewError("Others have this item by now; it needs no more readers.")
            return take(connection, row, account, policy, role=REVIEWER, now=self._now())

    def given(self, account: Account) -> list[Given]:
        """What this reader gave to others and could take back, the newest first."""
        statement = (
            select(_declines.recipe, _declines.item_id, _declines.kind, _declines.at, _queue.candidate)
            .join_from(
                tables.declines,
                tables.queue,
                and_(_declines.recipe == _queue.recipe, _declines.item_id == _queue.item_id),
            )
            .where(_declines.account == account.name, _declines.kind != LATER, _queue.state == OPEN)
            .order_by(_declines.at.desc(), _declines.item_id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        return [
            Given(
                recipe=row.recipe,
                item_id=row.item_id,
                kind=row.kind,
                at=row.at,
                question=candidate_from_json(row.candidate).question,
            )
            for row in rows
        ]

    # What is typed --------------------------------------------------------------------------------

    def save(
        self,
        account: Account,
        slot: Slot,
        *,
        body: str,
        revision: int,
        seconds: float,
        answer: str | None = None,
    ) -> Saved:
        """Keep what was typed so far. ``answer`` is what they answered before the marked answer is shown;
        the first one stands, whatever comes later or at the same moment.

        Raises ``ReviewError`` when a newer one is there (another tab).
        """
        _own(account, slot)
        newer = ReviewError("This item was changed in another window; that one is newer.")
        saved = Saved(body=body, revision=revision, seconds=seconds, saved_at=self._now(), answer=answer)
        values = {**at(slot), **asdict(saved), "first_answer": answer}
        with self._database.writing(lasting=False, in_turn=False) as connection:
            row = connection.execute(statements.UNSENT, at(slot)).one_or_none()
            if row is not None and row.answer is not None:
                saved = replace(saved, answer=row.answer)
            same = (revision, body, saved.answer)
            if row is not None and (row.revision, row.body, row.answer) == same:
                return saved_of(row)
            if row is not None and not connection.execute(statements.CHANGE_UNSENT, values).rowcount:
                raise newer
            if row is None:
                try:
                    key = {name.removeprefix("its_"): value for name, value in at(slot).items()}
                    connection.execute(statements.KEEP_UNSENT, {**key, **asdict(saved)})
                except IntegrityError as exc:  # another window was first, this very moment
                    raise newer from exc
        return saved

    def unsent(self, account: Account, slot: Slot) -> Saved | None:
        """What was typed on this slot and not sent yet."""
        _own(account, slot)
        with self._database.reading() as connection:
            row = connection.execute(statements.UNSENT, at(slot)).one_or_none()
        return None if row is None else saved_of(row)

    # Looking --------------------------------------------------------------------------------------

    def mine(self, account: Account, *, recipe: str | None = None) -> list[ReviewEvent]:
        """One's own events, the newest first."""
        statement = select(tables.events).where(tables.events.c.reviewer == account.name)
        if recipe is not None:
            statement = statement.where(tables.events.c.recipe == recipe)
        with self._database.reading() as connection:
            rows = connection.execute(statement.order_by(tables.events.c.sequence.desc())).all()
        return [event_from_row(row) for row in rows]

    def progress(self, account: Account, *, recipe: str) -> Progress:
        """How far this account is in a queue."""
        whose = {"its_recipe": recipe, "its_account": account.name}
        with self._database.reading() as connection:
            done = connection.scalar(statements.COUNT_DONE, whose)
            left = count_open(connection, account, recipe)
        return Progress(mine=done or 0, left=left)

    def left(self, account: Account, *, recipe: str) -> int:
        """How many contents this account could take."""
        with self._database.reading() as connection:
            return count_open(connection, account, recipe)

    # Inside ---------------------------------------------------------------------------------------

    def _in_hand(
        self, account: Account, *, recipe: str, but: str = "", role: str = REVIEWER
    ) -> Slot | None:
        """What an account holds and need not be kept on yet: found without waiting for any writer."""
        with self._database.reading() as connection:
            slot = held(connection, account, recipe=recipe, but=but, role=role)
        return slot if slot is not None and is_fresh(slot, now=self._now()) else None

    def _another(self, account: Account, *, recipe: str, but: str = "") -> Slot | None:
        """What this reader holds, kept on, else a new place. All that can be is looked up before the turn,
        in which others wait."""
        with self._database.reading() as connection:
            policy = policy_in(connection, recipe)
            stale = is_stale(connection, recipe, now=self._now())
        with self._database.writing(lasting=False) as connection:
            if stale:
                self._refresh(connection, recipe, policy)
            slot = held(connection, account, recipe=recipe, but=but)
            if slot is not None:
                return renewed(connection, slot, now=self._now())
            if policy.specialties and not set(policy.specialties).intersection(account.specialties):
                return None
            row = due(connection, account, recipe, policy)
            if row is None and not stale:  # until a moment ago: now nothing may be missed
                self._refresh(connection, recipe, policy)
                row = due(connection, account, recipe, policy)
            if row is None:
                return None
            return take(connection, row, account, policy, role=REVIEWER, now=self._now())

    def _refresh(self, connection: Connection, recipe: str, policy: Review) -> None:
        free_expired(connection, now=self._now())
        settle(connection, recipe, policy=policy, weigh=weigh)

    def _event(self, slot: Slot, verdict: Verdict) -> ReviewEvent:
        return ReviewEvent(
            event_id=slot.event_id,
            recipe=slot.recipe,
            item_id=slot.candidate.item_id,
            content_sha256=slot.candidate.content_sha256,
            reviewer=slot.account,
            role=slot.role,
            decision=verdict.decision,
            reasons=verdict.reasons,
            comment=verdict.comment,
            edits=verdict.edits,
            ratings=verdict.ratings,
            marks=verdict.marks,
            answer=verdict.answer,
            seconds=verdict.seconds,
            created_at=self._now(),
        )


def _guard(event: ReviewEvent, _entry: QueueEntry, earlier: Sequence[ReviewEvent]) -> str | None:
    return objection(event, earlier)


def _answered(event: ReviewEvent) -> str | None:
    """What its reader answered before the marked answer was shown to them. Only rejecting needs no look at
    it: whoever did so without an answer must still give one; whoever accepted has seen it."""
    return event.answer if event.answer or event.decision != REJECT else None


def _own(account: Account, slot: Slot) -> None:
    if slot.account != account.name:
        raise ReviewError("That item is kept for somebody else.")
