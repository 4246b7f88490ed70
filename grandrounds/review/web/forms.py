"""Forms as pages take them: texts of bounded length, or all fields as they came."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.datastructures import FormData
from starlette.requests import Request


class Form:
    """The fields of a form that was sent. A file, or a field that isn't there, is an empty text."""

    def __init__(self, data: FormData) -> None:
        self._data = data

    def text(self, name: str, *, most: int = 200) -> str:
        """The field ``name``. Longer texts than ``most`` are empty, too: none is ever cut. So are those
        with a NUL, which PostgreSQL can't keep."""
        found = self._data.get(name, "")
        return found if isinstance(found, str) and len(found) <= most and "\0" not in found else ""

    def texts(self, name: str, *, most: int = 50) -> list[str]:
        """Every field called ``name``, at most so many."""
        found = self._data.getlist(name)
        return [one for one in found if isinstance(one, str) and len(one) <= 200 and "\0" not in one][:most]

    def number(self, name: str) -> int | None:
        """The field ``name`` as a whole number, ``None`` when it is none."""
        found = self.text(name, most=9).strip()
        return int(found) if found.isascii() and found.isdigit() else None


async def form(request: Request) -> Form:
    """A dependency: the form that was sent. Routes that use it may be plain functions, which run in
    threads of their own: hashing a password holds up nobody else."""
    return Form(await request.form())


async def fields(request: Request) -> FormData:
    """A dependency: the form as it came, for pages whose fields may be long."""
    return await request.form()


Fields = Annotated[FormData, Depends(fields)]
