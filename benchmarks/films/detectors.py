"""Ways of finding cuts, ours and PySceneDetect's, each as a function of a film's path.

    python benchmarks/films/detectors.py NAME FILM      one run in a process of its own, as JSON

PySceneDetect asks for ``opencv-python``, which can't stand beside ``opencv-python-headless``; it runs on
either: ``pip install --no-deps scenedetect platformdirs``. Its detectors run with the settings they come
with; those named ``-1`` may find shots of any length (they come with a least length of 0.6 seconds).
"""

from __future__ import annotations

import importlib.util
import json
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.support.memory import peak_mb


def ours(path: Path) -> list[int]:
    """As a source is read."""
    return _ours(path)


def ours_sparse(path: Path) -> list[int]:
    """As a long film is read, however short this one is."""
    return _ours(path, whole_below=0.0)


def ours_with_pictures(path: Path) -> list[int]:
    """As a source is read, and the pictures of all frames that are worth a closer look."""
    from grandrounds.videos import candidates
    from grandrounds.videos.container import pictures, probe
    from grandrounds.videos.cuts import find_cuts

    _, index = probe(path)
    cuts = find_cuts(path, index)
    wanted = candidates.wanted(index, candidates.scenes(index, cuts))
    taken = sum(picture.size > 0 for _, picture in pictures(path, index, wanted))
    print(f"{cuts.decoded} frames decoded for cuts, {taken} pictures taken", file=sys.stderr)
    return [one.frame for one in cuts.cuts]


def _ours(path: Path, **settings: float) -> list[int]:
    from grandrounds.videos.container import probe
    from grandrounds.videos.cuts import find_cuts

    _, index = probe(path)
    return [one.frame for one in find_cuts(path, index, **settings).cuts]


def _pyscenedetect(name: str, **settings: float) -> Callable[[Path], list[int]]:
    def found(path: Path) -> list[int]:
        from scenedetect import SceneManager, detectors, open_video

        logging.disable(logging.WARNING)
        manager = SceneManager()
        manager.add_detector(getattr(detectors, name)(**settings))
        manager.detect_scenes(open_video(str(path)))
        return [scene[0].frame_num for scene in manager.get_scene_list()][1:]

    return found


DETECTORS: dict[str, Callable[[Path], list[int]]] = {
    "ours": ours,
    "ours-sparse": ours_sparse,
    "ours-with-pictures": ours_with_pictures,
    "content": _pyscenedetect("ContentDetector"),
    "content-1": _pyscenedetect("ContentDetector", min_scene_len=1),
    "adaptive": _pyscenedetect("AdaptiveDetector"),
    "adaptive-1": _pyscenedetect("AdaptiveDetector", min_scene_len=1),
    "histogram": _pyscenedetect("HistogramDetector"),
    "hash": _pyscenedetect("HashDetector"),
}


def installed(name: str) -> bool:
    """Whether what the detector needs is here."""
    return name.startswith("ours") or importlib.util.find_spec("scenedetect") is not None


def main() -> None:
    detector, path = DETECTORS[sys.argv[1]], Path(sys.argv[2])
    _warm(sys.argv[1])
    wall, cpu = time.perf_counter(), time.process_time()
    found = detector(path)
    told = {"found": found, "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps({**told, "peak_mb": peak_mb()}))


def _warm(name: str) -> None:
    """Import what the detector needs: that isn't its work. Ours runs as in a worker that reads sources."""
    if name.startswith("ours"):
        from grandrounds.videos.worker import prepare

        prepare()
    else:
        import scenedetect  # noqa: F401


if __name__ == "__main__":
    main()
