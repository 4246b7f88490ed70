"""The sentences of a page: what a week was like, in plain words and numbers."""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.weekly_report.note import (
    AgreementNote,
    ArrivalNote,
    CostNote,
    Note,
    ReadersNote,
    ReleasedNote,
)
from grandrounds.weekly_report.wording import age, be, count, duration, listed, number, share


def lead(note: Note) -> list[str]:
    """The first words of a page, and of the feed's entry."""
    return [*_came(note.arrivals), *_holds(note)]


def came(arrivals: ArrivalNote) -> str:
    """What the feeds brought."""
    total = arrivals.total("came")
    if not total:
        return "No feed listed anything new."
    taken = arrivals.total("taken")
    words = f"{taken:,} of {count(total, 'record')} {be(taken)} taken ({share(taken, total)})."
    parts = [
        f"{arrivals.total(what):,} {words}"
        for what, words in (("late", "came late"), ("revised", "revised"), ("retracted", "retracted"))
        if arrivals.total(what)
    ]
    words += f" Of all that came: {listed(parts)}." if parts else ""
    later = arrivals.total("later")
    return words + (f" {later:,} could not be had and {be(later, now=True)} tried again." if later else "")


def balance(release: ReleasedNote) -> str:
    """From the items of the week before to those of this one."""
    if not release.before:
        return f"This is the first week: all {count(release.items, 'item')} are new."
    replaced = (
        f" {release.replaced:,} of the new stand where another stood, whose source or making changed."
        if release.replaced
        else ""
    )
    return (
        f"{release.items_before:,} items of version {release.before}, less {release.gone:,} retired, and "
        f"{release.new:,} new: {release.items:,} items now.{replaced}"
    )


def ages(release: ReleasedNote) -> str:
    """How old the items are."""
    told = release.ages
    new = (
        f"; of the new ones {age(told.median_new)}"
        if told.median_new is not None and release.before
        else ""
    )
    extremes = f"The newest is {age(told.youngest)} old, the oldest {age(told.oldest)}."
    rest = [
        f"{amount:,} {words}"
        for amount, words in ((told.undated, "without a date"), (told.ahead, "dated after the week's end"))
        if amount
    ]
    left_out = f" Not counted: {listed(rest)}." if rest else ""
    return f"The median age is {age(told.median)}{new}. {extremes}{left_out}"


def agreement(now: AgreementNote, before: AgreementNote | None) -> str:
    """How far readers agree."""
    percent = (
        f"Readers said the same in {now.percent:.0%} of pairs" if now.percent is not None else "Readers"
    )
    words = f"{percent} on {count(now.items, 'candidate')} that two or more of them read."
    if now.ac1 is not None and before is not None and before.ac1 is not None:
        then = number(before.ac1, 2)
        words += f" Gwet's AC1, which allows for chance, went from {then} to {number(now.ac1, 2)}."
    return words


def load(readers: ReadersNote) -> str:
    """What readers did and what still waits."""
    done = sum(each.decisions for each in readers.loads)
    minutes = sum(each.minutes for each in readers.loads)
    time = f" in {duration(minutes)} on screen" if minutes else ""
    people = (
        f"{count(len(readers.loads), 'reader')} made {count(done, 'decision')}{time}."
        if done
        else ("Nobody decided anything.")
    )
    if not readers.waiting:
        return f"{people} Nothing was carried over."
    again = f", {readers.waiting_before:,} of them not for the first time" if readers.waiting_before else ""
    return f"{people} {count(readers.waiting, 'candidate')} {be(readers.waiting)} carried over{again}."


def cost(told: CostNote) -> str:
    """What models were asked."""
    if not told.requests:
        return "No model was asked anything."
    words = (
        f"{count(told.requests, 'request')} {be(told.requests)} answered, "
        f"{told.reused:,} of them from the ledger at no cost. The rest came to {told.prompt_tokens:,} "
        f"tokens of prompts and {told.completion_tokens:,} of answers"
    )
    if told.money is None:
        return f"{words}; without a price list the money is not known."
    return f"{words}, and cost {money(told.money)}{' ' + told.currency if told.currency else ''}."


def money(amount: float) -> str:
    """An amount, to the hundredth where it is not smaller."""
    return f"{amount:,.2f}" if amount >= 0.01 or not amount else f"{amount:.4f}"


def _came(arrivals: ArrivalNote | None) -> Iterator[str]:
    if arrivals is None:
        return
    total, taken = arrivals.total("came"), arrivals.total("taken")
    feeds = sum(bool(feed.came) for feed in arrivals.feeds)
    if not total:
        yield "Nothing came from the feeds."
    else:
        yield (f"{count(total, 'record')} came from {count(feeds, 'feed')}; {taken:,} {be(taken)} taken.")


def _holds(note: Note) -> Iterator[str]:
    release = note.release
    if release is None:
        yield note.waits if note.waits.endswith((".", "!", "?")) else "This week has not been released yet."
        return
    if not release.before:
        sources = count(release.sources, "source")
        yield f"The first release holds {count(release.items, 'item')} from {sources}."
        return
    yield (
        f"The benchmark now holds {count(release.items, 'item')} from {count(release.sources, 'source')}: "
        f"{release.new:,} new, {release.gone:,} retired since the week before."
    )
