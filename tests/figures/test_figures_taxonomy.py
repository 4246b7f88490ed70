"""Taxonomies: what ships is sound, a mistake is told with its place, and neighbours are never relatives."""

from __future__ import annotations

from pathlib import Path

import pytest

from grandrounds.figures.taxonomy import (
    ANATOMY,
    DEPARTMENT,
    LABEL_SCHEMES,
    MODALITY,
    SCHEMES,
    TaxonomyError,
    load_taxonomy,
    read_taxonomy,
)

CORE = {
    "radiology": "radiograph fluoroscopy ct mri ultrasound mammography angiography cone_beam_ct",
    "nuclear medicine": "pet spect scintigraphy",
    "microscopy": "light_microscopy electron_microscopy fluorescence_microscopy",
    "photography": "clinical_photograph gross_specimen intraoperative_photograph",
    "endoscopy": "endoscopy",
    "ophthalmic imaging": "fundus_photograph optical_coherence_tomography fluorescein_angiography",
    "signals": "electrocardiogram electroencephalogram",
    "graphics": "illustration chart flow_diagram",
}

HEAD = "scheme: mine\nversion: '1'\nlevels: [a, b]\nnodes:\n"


def written(folder: Path, body: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(HEAD + body, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("family", "name"), [(f, n.replace("_", " ")) for f, names in CORE.items() for n in names.split()]
)
def test_the_core_of_modalities_is_there(family: str, name: str) -> None:
    assert (family, name) in load_taxonomy(MODALITY)


def test_the_trees_have_the_sizes_that_users_were_promised() -> None:
    anatomy, departments = load_taxonomy(ANATOMY), load_taxonomy(DEPARTMENT)
    assert len(anatomy.children(())) >= 12
    assert len(anatomy.nodes) >= 150
    assert {len(node.path) for node in anatomy.nodes} == {1, 2, 3}
    assert sum(len(node.path) == 2 for node in departments.nodes) >= 30
    assert all(len(load_taxonomy(scheme).levels) == (3 if scheme == ANATOMY else 2) for scheme in SCHEMES)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_links_lead_to_nodes_that_exist(scheme: str) -> None:
    for node in load_taxonomy(scheme).nodes:
        for other, paths in node.links.items():
            assert other in LABEL_SCHEMES
            assert [path for path in paths if path not in load_taxonomy(other)] == []


@pytest.mark.parametrize("scheme", [scheme for scheme in SCHEMES if scheme != DEPARTMENT])
def test_options_name_modalities_or_families_that_exist(scheme: str) -> None:
    known = {name for node in load_taxonomy(MODALITY).nodes for name in node.path}
    for node in load_taxonomy(scheme).nodes:
        assert set(node.seen_by) | set(node.best_by) <= known, node.path


@pytest.mark.parametrize("scheme", [scheme for scheme in SCHEMES if scheme != DEPARTMENT])
def test_no_neighbour_is_a_relative_or_has_the_same_title(scheme: str) -> None:
    taxonomy = load_taxonomy(scheme)
    for node in taxonomy.nodes:
        neighbours = [other for group in taxonomy.neighbours(node.path) for other in group]
        assert all(not taxonomy.related(node.path, other.path) for other in neighbours)
        assert all(not taxonomy.related(other.path, node.path) for other in neighbours)
        assert node.title.casefold() not in {other.title.casefold() for other in neighbours}
        assert len({other.path for other in neighbours}) == len(neighbours)


def test_siblings_stand_before_what_is_like_it_and_that_before_cousins() -> None:
    groups = load_taxonomy(MODALITY).neighbours(("nuclear medicine", "pet"))
    assert [node.path for node in groups[0]] == [
        ("nuclear medicine", "scintigraphy")
    ]  # spect and ct are near
    assert {node.path for node in groups[1]} == {("radiology", "radiograph"), ("radiology", "ultrasound")}


def test_an_organ_is_related_to_its_system_its_parts_and_the_region_it_lies_in() -> None:
    anatomy = load_taxonomy(ANATOMY)
    kidney, abdomen = ("urinary", "kidney"), ("body regions", "abdomen")
    assert anatomy.related(kidney, ("urinary",))
    assert anatomy.related(kidney, abdomen)
    assert anatomy.related(abdomen, kidney)
    assert anatomy.related(("cardiovascular", "heart", "mitral valve"), ("body regions", "chest"))
    assert not anatomy.related(kidney, ("hepatobiliary", "liver"))
    assert not anatomy.related(kidney, ("body regions", "chest"))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("  One: {}\n", "small letters"),
        ("  one: {wrods: x}\n", "wrods"),
        ("  one: {below: {two: {below: {three: }}}}\n", "deeper than the 2 levels"),
        ("  one: {words: same}\n  two: {words: same}\n", "names one and two"),
        ("  one: {near: three}\n", "refers to 'three', which is no node"),
        (
            "  one: {near: x}\n  two: {below: {x: }}\n  three: {below: {x: {silent: true}}}\n",
            "several nodes",
        ),
        ("  one: {words: '!'}\n", "has no letters"),
        ("  one: [\n", "is no YAML"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, body: str, told: str) -> None:
    with pytest.raises(TaxonomyError, match=told) as caught:
        read_taxonomy(written(tmp_path, body))
    assert "mine.yaml" in str(caught.value)
    assert caught.value.remedy


def test_a_missing_file_and_an_unknown_scheme_are_errors(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match=r"none\.yaml can't be read"):
        read_taxonomy(tmp_path / "none.yaml")
    with pytest.raises(TaxonomyError, match="no taxonomy 'colour'"):
        load_taxonomy("colour")
    with pytest.raises(TaxonomyError, match="no node radiology/x-ray vision"):
        load_taxonomy(MODALITY).node(("radiology", "x-ray vision"))


def test_what_shows_a_node_is_inherited_from_above(tmp_path: Path) -> None:
    taxonomy = read_taxonomy(
        written(tmp_path, "  one: {seen_by: ct, below: {two: , three: {seen_by: mri}}}\n")
    )
    assert taxonomy.node(("one", "two")).seen_by == ("ct",)
    assert taxonomy.node(("one", "three")).seen_by == ("mri",)
