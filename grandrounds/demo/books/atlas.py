"""The first demo book: a chapter in two columns, with everything that a sound chapter has."""

from __future__ import annotations

from grandrounds.demo.books.sheet import SANS, Figure, Setter, Sheet
from grandrounds.demo.books.told import Made

TITLE = "A Short Atlas of Thoracic Imaging"
LICENCE = (
    "This chapter is distributed under the terms of the Creative Commons Attribution License "
    "(https://creativecommons.org/licenses/by/4.0/), which permits unrestricted use, distribution and "
    "reproduction in any medium, provided that the original work is properly cited."
)
_AUTHORS = "Ottilie Marrowby and Caspian Thistlewood"


def atlas() -> Made:
    """The chapter, and what a reader should find in it."""
    page = Setter(Sheet(), running=f"{TITLE} · Marrowby and Thistlewood", mark=True)
    page.title(TITLE, chapter="Chapter 1", authors=_AUTHORS)
    _film(page)
    _sound_and_sections(page)
    _tissue(page)
    page.text(
        f"© 2024 The Imaginary Press, Thornby. {LICENCE} doi:10.5555/grdr.book.2024.01", font=SANS, size=7.6
    )
    data = page.finish(title=TITLE, author=_AUTHORS, day="20240115", subject="Fictional textbook chapter")
    return Made(
        data=data,
        kind="pdf",
        facts={"title": TITLE, "licence": "CC-BY-4.0", "language": "en", "pages": page.pages, "tables": 1},
        figures=page.told,
    )


def _film(page: Setter) -> None:
    page.heading("The plain film")
    page.text(
        "A plain film of the chest is still the picture that most patients get first. It is quick, it "
        "needs little radi\u00ada\u00adtion, and it shows heart, lungs, pleura and bones at once. Its "
        "weakness is that all of them lie upon one another. Whoever reads it should therefore go "
        "through it in the same order each time: the tubes and wires, the airway, the bones, the "
        "heart, the dia\u00adphragm, and the lungs last. Figure 1 shows what the eye should get used "
        "to before it looks for anything else."
    )
    page.figure(
        Figure(
            label="Figure 1.",
            caption="Frontal chest radiograph of a healthy adult. The lungs are clear, both angles are "
            "sharp, and the heart takes up less than half of the width of the chest.",
            pictures=("chest-clear",),
            width=206,
        )
    )
    page.heading("Fluid", level=3)
    page.text(
        "Fluid in the pleural space runs to the lowest place. In an upright patient it fills the angle "
        "first and then climbs along the wall, so that its upper border is a curve that is open "
        "upwards (Figure 2). The dome of the dia\u00adphragm can no longer be seen. A lying patient's "
        "fluid spreads along the back, and all that is left of it is a veil over the whole side."
    )
    page.figure(
        Figure(
            label="Figure 2.",
            caption="Frontal chest radiograph shows a large right pleural effusion (arrow). The right "
            "half of the diaphragm is hidden.",
            pictures=("chest-right-fluid",),
            width=200,
        )
    )
    page.text(
        "How much fluid must be there before a picture shows it depends on the view. Figure 6 compares the "
        "views, and Table 1 says what each is good for. A film taken with the patient on the side shows "
        "less than a tenth of what a film of a lying patient needs."
    )
    page.heading("The heart", level=3)
    page.text(
        "The heart is measured where it is widest, and so is the chest. In Fig. 3 the ratio of the two is "
        "well above one half. A film that was taken from the front makes the heart look larger than it is, "
        "because the heart is then farther from the detector; one should not measure it there."
    )
    page.figure(
        Figure(
            label="Figure 3.",
            caption="Frontal chest radiograph shows cardiomegaly. The lungs are not congested.",
            pictures=("chest-large-heart",),
            width=196,
        )
    )
    page.table(
        "Table 1.",
        "Views of the chest, and what each is good for.",
        (
            ("View", "Good for", "Poor for"),
            ("Upright, from behind", "Heart, lungs", "Small effusions"),
            ("Lying, from the front", "Tubes, lines", "Heart size"),
            ("On the side", "Free fluid", "Lung fields"),
            ("In expiration", "Trapped air", "Everything else"),
        ),
        shares=(0.40, 0.30, 0.30),
    )


def _sound_and_sections(page: Setter) -> None:
    page.heading("Sections and sound")
    page.text(
        "A section shows what lies behind the heart and below the dome, where a plain film is blind. "
        "The window decides what can be seen: one for the lung, one for the soft tissue, one for bone. "
        "A round spot like the one in Figure 4 should be measured in the window for the lung, twice, "
        "at right angles, and compared with the oldest section that can be found. Growth tells more "
        "than shape."
    )
    page.figure(
        Figure(
            label="Figure 4.",
            caption="Axial CT of the chest at the level of the aortic arch shows a solitary nodule in "
            "the right lung (arrow).",
            pictures=("chest-nodule",),
        )
    )
    page.text(
        "Sound can't pass air, and so a healthy lung is a wall to it. Fluid, however, lets it through: "
        "what is hidden on a film lies open, as in Figure 5. The probe is put between two ribs, with "
        "its mark towards the head. First the bright line of the dia\u00adphragm is found, then what "
        "lies above it. Sound also guides the needle, and it should do so when\u00adever there is a "
        "choice."
    )
    page.figure(
        Figure(
            label="Figure 5.",
            caption="Ultrasound of the right side of the chest shows a pleural effusion, black, above "
            "the bright line of the diaphragm.",
            pictures=("chest-fluid",),
            width=210,
        )
    )
    page.figure(
        Figure(
            label="Figure 6.",
            caption="Bar chart of the smallest amount of pleural fluid that each view shows.",
            bars=(
                ("Lying film", 500),
                ("Upright film", 200),
                ("Film on the side", 45),
                ("Ultrasound", 20),
                ("CT", 10),
            ),
        )
    )


def _tissue(page: Setter) -> None:
    page.heading("From film to tissue")
    page.text(
        "Some diseases can be followed from the first film to the slide. Figure 7 does so for one patient "
        "with a dry cough and tender red lumps on the shins. The film raised the suspicion, the section "
        "showed how the lungs were involved, and the tissue settled the matter. None of the three would "
        "have been enough: the lumps at the lung roots could have been a lymphoma, the small spots "
        "tuber\u00adcu\u00adlosis, and nests of large pale cells are found in a dozen diseases."
    )
    page.figure(
        Figure(
            label="Figure 7.",
            caption="Sarcoidosis in three pictures. (A) Frontal chest radiograph shows enlarged lymph "
            "nodes at both lung roots. (B) Axial CT of the chest shows small nodules along the airways "
            "of both lungs. (C) Light micrograph of a lymph node shows a granuloma without necrosis "
            "(haematoxylin and eosin).",
            pictures=("chest-large-hila", "chest-small-nodules", "node-granuloma"),
            wide=True,
            why="three panels in a row, their letters printed over the pictures",
        )
    )
    page.text(
        "Where a growth has been found, tissue decides what it is. Figure 8 shows the commonest cancer of "
        "people who never smoked. Its cells still try to build glands, which tells where they came from; "
        "stains for two or three proteins confirm it. The slide says nothing about how far the disease has "
        "spread, and so one goes back to the section once more. Figures 4 and 8 are of the same patient."
    )
    page.figure(
        Figure(
            label="Figure 8.",
            caption="Light micrograph of the lung shows an adenocarcinoma: crooked glands of dark "
            "crowded cells, with bands of connective tissue between them (haematoxylin and eosin).",
            pictures=("lung-glands",),
            width=216,
        )
    )
    page.text(
        "A last word on arrows. An arrow tells the reader where to look, and it also tells him that "
        "there is something to be seen. Nobody puts arrows on the pictures of the next patient. Cover "
        "them with a thumb, look again, and ask what you would have said."
    )
