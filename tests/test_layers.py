"""Imports run one way: pipelines -> assets -> resources -> grandrounds; the command line starts light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

FORBIDDEN = {
    "grandrounds": {"dagster", "assets", "resources", "pipelines"},
    "resources": {"assets", "pipelines"},
    "assets": {"pipelines"},
}
ROOMS = ("authoring", "gates", "review", "release")
HEAVY = [
    "dagster",
    "great_expectations",
    "pandas",
    "pyarrow",
    "numpy",
    "sqlalchemy",
    "alembic",
    "aiohttp",
    "ray",
    "openai",
    "pydicom",
    "nibabel",
    "lxml",
    "matplotlib",
    "jinja2",
    "datasets",
    "PIL",
    "upath",
    "rich",
]


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The dotted names that a module imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_layer_never_imports_what_stands_above_it(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(package)
        for name in imported(path)
        if name.split(".")[0] in FORBIDDEN[package]
    ]
    assert wrong == []


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_of_the_library_never_import_one_another(room: str) -> None:
    others = tuple(f"grandrounds.{other}" for other in ROOMS if other != room)
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(f"grandrounds/{room}")
        for name in imported(path)
        if name.startswith(others)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "ground", ["contracts", "errors", "fingerprint", "paths", "text", "stem", "records"]
)
def test_the_ground_stands_on_nothing_but_itself(ground: str) -> None:
    allowed = ("grandrounds.records", "grandrounds.contracts", "grandrounds.errors", "grandrounds.fingerprint",
               "grandrounds.paths", "grandrounds.text")  # fmt: skip
    paths = modules(f"grandrounds/{ground}") or [ROOT / "grandrounds" / f"{ground}.py"]
    wrong = [
        f"{path.name} imports {name}"
        for path in paths
        for name in imported(path)
        if name.startswith("grandrounds.") and not name.startswith(allowed)
    ]
    assert wrong == []


@pytest.mark.parametrize("package", ["grandrounds", "assets", "resources", "pipelines"])
def test_no_module_is_longer_than_500_lines(package: str) -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in modules(package)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert long == {}


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["build", "--help"], ["review", "--help"], ["verify", "--help"]],
)
def test_the_command_line_starts_without_anything_heavy(arguments: list[str]) -> None:
    script = (
        "import sys\n"
        "from grandrounds.cli import main\n"
        "try:\n"
        f"    main({arguments!r})\n"
        "except SystemExit as stop:\n"
        "    assert stop.code in (0, None), stop.code\n"
        f"print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip().splitlines()[-1] == "HEAVY []"


def test_no_text_of_the_project_names_a_machine_or_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, cwd=ROOT, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    tell_tales = ("/home" + "/", "/root" + "/", "file:///" + "opt", "extra-index" + "-url")
    wrong = []
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if path.suffix in {".py", ".md", ".yaml", ".toml", ".txt", ""} and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            wrong += [f"{name}: {tale}" for tale in tell_tales if tale in text]
    assert wrong == []
