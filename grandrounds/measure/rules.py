"""The clinical rules: thresholds with their sources, as ``Criterion`` values."""

from __future__ import annotations

from grandrounds.measure import citations
from grandrounds.measure.criteria import Band, Criterion
from grandrounds.measure.spine import LEAST_SLIP_PERCENT

CARDIOMEGALY = Criterion(
    name="cardiomegaly",
    index="cardiothoracic_ratio",
    unit="1",
    bands=(Band(finding="not enlarged", upto=0.5, including=True), Band(finding="enlarged")),
    question="Is the heart enlarged by the cardiothoracic ratio?",
    structures=("heart", "lungs"),
    landmarks=("left and right border of the heart", "outer borders of the lungs in the widest row"),
    measurements=("heart_width", "thoracic_width"),
    source=citations.DANZER,
    applies="adults, PA film, full inspiration",
)
MEDIASTINAL_WIDENING = Criterion(
    name="mediastinal_widening",
    index="mediastinum_width",
    unit="mm",
    bands=(Band(finding="not widened", upto=80.0), Band(finding="widened")),
    question="Is the mediastinum widened?",
    structures=("mediastinum",),
    landmarks=("left and right border in the widest row",),
    measurements=(),
    source=citations.MEDIASTINUM,
    applies="adults, frontal film whose millimetres are calibrated",
)
VERTEBRAL_FRACTURE = Criterion(
    name="vertebral_height_loss",
    index="height_loss",
    unit="%",
    bands=(
        Band(finding="grade 0", upto=20.0),
        Band(finding="grade 1", upto=25.0, including=True),
        Band(finding="grade 2", upto=40.0, including=True),
        Band(finding="grade 3"),
    ),
    question="Which grade of height loss does the vertebral body have?",
    structures=("vertebral body",),
    landmarks=("front, middle and back of upper endplate", "front, middle and back of lower endplate"),
    measurements=("front_height", "middle_height", "back_height"),
    source=citations.GENANT,
    applies="thoracic and lumbar vertebrae",
)
SLIP = Criterion(
    name="spondylolisthesis",
    index="slip_percent",
    unit="%",
    bands=(
        Band(finding="no slip", upto=LEAST_SLIP_PERCENT),
        Band(finding="grade I", upto=25.0, including=True),
        Band(finding="grade II", upto=50.0, including=True),
        Band(finding="grade III", upto=75.0, including=True),
        Band(finding="grade IV", upto=100.0, including=True),
        Band(finding="grade V"),
    ),
    question="Which grade of slip does the upper vertebra have?",
    structures=("upper vertebral body", "lower vertebral body"),
    landmarks=("lower back corner of the upper body", "upper endplate of the lower body"),
    measurements=("slip", "endplate"),
    source=citations.MEYERDING,
    applies="a slip below 5 % is taken as none: that is within the error of marking corners",
)
SCOLIOSIS = Criterion(
    name="scoliosis",
    index="cobb_angle",
    unit="deg",
    bands=(Band(finding="no scoliosis", upto=10.0), Band(finding="scoliosis")),
    question="Does the curve amount to scoliosis?",
    structures=("upper end vertebra", "lower end vertebra"),
    landmarks=("upper endplate of the upper end vertebra", "lower endplate of the lower end vertebra"),
    measurements=("upper_tilt", "lower_tilt"),
    source=citations.SRS,
    applies="coronal plane, patient standing; lying down the angle is smaller",
)
CANAL_STENOSIS = Criterion(
    name="lumbar_canal_stenosis",
    index="canal_diameter",
    unit="mm",
    bands=(
        Band(finding="absolute stenosis", upto=10.0),
        Band(finding="relative stenosis", upto=12.0, including=True),
        Band(finding="no stenosis"),
    ),
    question="Is the lumbar canal narrowed by its front-to-back diameter?",
    structures=("spinal canal",),
    landmarks=("front and back border of the canal in its narrowest slice",),
    measurements=("chord_in_slice",),
    source=citations.VERBIEST,
    applies="lumbar levels; bony canal",
)
LYMPH_NODE = Criterion(
    name="lymph_node_size",
    index="short_axis",
    unit="mm",
    bands=(
        Band(finding="not pathological", upto=10.0),
        Band(finding="pathological, not measurable as target", upto=15.0),
        Band(finding="target lesion size"),
    ),
    question="How does the lymph node count by its short axis?",
    structures=("lymph node",),
    landmarks=("ends of the short axis in the axial slice with the longest diameter",),
    measurements=("slice_index",),
    source=citations.RECIST,
    applies="CT with slices of at most 5 mm",
)
TARGET_LESION = Criterion(
    name="measurable_lesion",
    index="long_axis",
    unit="mm",
    bands=(Band(finding="not measurable", upto=10.0), Band(finding="measurable")),
    question="Is the lesion measurable by its longest axial diameter?",
    structures=("lesion",),
    landmarks=("ends of the longest diameter in an axial slice",),
    measurements=("slice_index",),
    source=citations.RECIST,
    applies="CT with slices of at most 5 mm; not lymph nodes",
)
AORTIC_ANEURYSM = Criterion(
    name="abdominal_aortic_aneurysm",
    index="short_axis",
    unit="mm",
    bands=(Band(finding="no aneurysm", upto=30.0), Band(finding="aneurysm")),
    question="Is the abdominal aorta an aneurysm by its diameter?",
    structures=("abdominal aorta",),
    landmarks=("ends of the short axis in the axial slice with the longest diameter",),
    measurements=("slice_index",),
    source=citations.AORTA,
    applies="adults, infrarenal aorta running along the body's axis",
)
BONE_ATTENUATION = Criterion(
    name="bone_attenuation",
    index="mean",
    unit="HU",
    bands=(
        Band(finding="in the range of osteoporosis", upto=110.0, including=True),
        Band(finding="in between", upto=160.0, including=True),
        Band(finding="osteoporosis unlikely"),
    ),
    question="What does the attenuation of the first lumbar body's core tell?",
    structures=("core of the first lumbar body",),
    landmarks=("voxels of the core without cortex",),
    measurements=("voxels",),
    source=citations.TRABECULAR,
    applies="adults, CT at 120 kV, L1, core without cortex and arch",
)

CRITERIA: dict[str, Criterion] = {
    one.name: one
    for one in (
        CARDIOMEGALY,
        MEDIASTINAL_WIDENING,
        VERTEBRAL_FRACTURE,
        SLIP,
        SCOLIOSIS,
        CANAL_STENOSIS,
        LYMPH_NODE,
        TARGET_LESION,
        AORTIC_ANEURYSM,
        BONE_ATTENUATION,
    )
}
"""The criteria by name."""
