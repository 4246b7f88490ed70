"""The cheapest way to give each of some things one of others: the assignment problem.

Method: shortest augmenting paths with potentials (Kuhn 1955, Munkres 1957; in the form of Jonker and
Volgenant 1987), cubic in the number of things.
"""

from __future__ import annotations

from collections.abc import Sequence

FORBIDDEN = 1e9
"""A cost that is never paid: such a pair is left out of the answer."""


def assign(costs: Sequence[Sequence[float]], *, leave_out: float) -> dict[int, int]:
    """The cheapest pairs, row to column. Leaving a row without a column costs ``leave_out``."""
    rows = len(costs)
    columns = len(costs[0]) if rows else 0
    if not rows:
        return {}
    # one spare column a row: what it costs to leave the row out
    table = [
        [*row, *(leave_out if other == number else FORBIDDEN for other in range(rows))]
        for number, row in enumerate(costs)
    ]
    chosen = _solve(table)
    return {
        row: column
        for row, column in enumerate(chosen)
        if column < columns and costs[row][column] < leave_out
    }


def _solve(table: Sequence[Sequence[float]]) -> list[int]:  # noqa: PLR0912
    rows, columns = len(table), len(table[0])
    row_value, column_value = [0.0] * (rows + 1), [0.0] * (columns + 1)
    owner, way = [0] * (columns + 1), [0] * (columns + 1)
    for row in range(1, rows + 1):
        owner[0] = row
        here = 0
        least = [float("inf")] * (columns + 1)
        used = [False] * (columns + 1)
        while True:
            used[here] = True
            this, step, following = owner[here], float("inf"), 0
            for column in range(1, columns + 1):
                if used[column]:
                    continue
                cost = table[this - 1][column - 1] - row_value[this] - column_value[column]
                if cost < least[column]:
                    least[column], way[column] = cost, here
                if least[column] < step:
                    step, following = least[column], column
            for column in range(columns + 1):
                if used[column]:
                    row_value[owner[column]] += step
                    column_value[column] -= step
                else:
                    least[column] -= step
            here = following
            if owner[here] == 0:
                break
        while here:
            owner[here] = owner[way[here]]
            here = way[here]
    answer = [0] * rows
    for column in range(1, columns + 1):
        if owner[column]:
            answer[owner[column] - 1] = column - 1
    return answer
