"""Errors that people at the page see: a status, and the key of a text that says what to do."""

from __future__ import annotations

from starlette.exceptions import HTTPException


class RefusedError(HTTPException):
    """A request that is refused; ``key`` names the words for it, ``values`` fill them, ``to`` says where to
    go instead, ``wait`` after how many seconds to come again. It is the framework's own kind of error,
    which lets it pass while a body is read."""

    def __init__(self, status: int, key: str, *, to: str = "", wait: int = 0, **values: object) -> None:
        super().__init__(status, key)
        self.key = key
        self.to = to
        self.wait = wait
        self.values = values
