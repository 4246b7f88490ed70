"""The second demo book: a chapter in one column, with captions where one doesn't expect them."""

from __future__ import annotations

from grandrounds.demo.books.atlas import LICENCE
from grandrounds.demo.books.sheet import SANS, Figure, Setter, Sheet
from grandrounds.demo.books.told import Made

TITLE = "Looking into the Belly"
_AUTHORS = "Ottilie Marrowby and Wilhelmina Dray"


def belly() -> Made:
    """The chapter, and what a reader should find in it."""
    page = Setter(Sheet(width=504, height=720, columns=1, margin=62, size=10.4), running=TITLE)
    page.title(TITLE, chapter="Chapter 2", authors=_AUTHORS)
    _kidneys(page)
    _gut(page)
    _liver(page)
    _riddle(page)
    page.text(
        f"© 2024 The Imaginary Press, Thornby. {LICENCE} Figures taken from elsewhere are marked, "
        "and are not covered. doi:10.5555/grdr.book.2024.02",
        font=SANS,
        size=8.0,
    )
    data = page.finish(title=TITLE, author=_AUTHORS, day="20240212", subject="Fictional textbook chapter")
    return Made(
        data=data,
        kind="pdf",
        facts={"title": TITLE, "licence": "CC-BY-4.0", "language": "en", "pages": page.pages, "tables": 0},
        figures=page.told,
    )


def _kidneys(page: Setter) -> None:
    page.heading("The kidneys")
    page.text(
        "Three questions are put to a picture of a kidney: how large is it, is its hollow part wide, "
        "and is there something in it that should not be there? Sound answers the first two at the "
        "bedside. When urine can't leave, the cups fill first and then join, until they look like the "
        "fingers of a glove (Figure 2.1). The rind that is left about them tells how long this has "
        "been going on."
    )
    page.figure(
        Figure(
            label="Figure 2.1.",
            caption="Ultrasound of the right kidney shows hydronephrosis. The cups are wide and black and "
            "join in the middle; the rind is thin.",
            pictures=("kidney-wide-pelvis",),
            place="beside",
            width=214,
            why="its caption stands beside it",
        )
    )
    page.text(
        "A lump is another matter. Sound finds it, but whether it takes up contrast, whether it has "
        "fat in it and whether it reaches the vein are questions for a section. Figure 2.2 shows a "
        "lump that stands out from the rind at the side. It is darker than the kidney once contrast "
        "has come, and it is uneven."
    )
    page.figure(
        Figure(
            label="Figure 2.2.",
            caption="Axial CT of the abdomen at the level of the kidneys shows a mass in the left "
            "kidney (arrow).",
            pictures=("belly-left-kidney-mass",),
            place="above",
            width=300,
            why="its caption stands above it",
        )
    )
    page.text(
        "Small lumps are found by chance in every tenth person who is looked at for something else. "
        "Most of them can be watched. The one in Figure 2.2 could not, since it had doubled in a year."
    )
    page.text(
        "Before sections there were films with contrast in the arteries. They are hardly taken any "
        "more, but an old chart may hold one, and then one should be able to read it: where the vessel "
        "is narrow, the white column is waisted. Compare Figure 2.3, which the printer left out of "
        "this edition."
    )
    page.figure(
        Figure(
            label="Figure 2.3.",
            caption="Catheter angiogram of the left renal artery shows a stenosis close to the aorta.",
            why="its picture was never printed",
        )
    )
    page.text(
        "Pressure is what such a waist costs: the kidney behind it believes that the whole body lacks "
        "blood, and asks for more. A stent helps fewer people than one thought."
    )


def _gut(page: Setter) -> None:
    page.heading("The gut")
    page.text(
        "Gas is the gut's own contrast. A little of it is normal in the stomach and in the large gut. "
        "Wide loops in the middle of the belly that lie like the rungs of a ladder, each with a level, "
        "mean that nothing passes. Figure 2.4 was taken of a woman who had been sick for two days and "
        "had a scar below the navel. The film can't tell what holds the gut shut; a section can, and "
        "it also shows whether the wall still gets blood."
    )
    page.figure(
        Figure(
            label="Figure 2.4.",
            caption="Upright radiograph of the abdomen shows bowel dilatation: wide loops with levels "
            "of fluid lie above one another.",
            pictures=("belly-levels",),
            place="overleaf",
            width=330,
            why="its caption stands on the next page",
        )
    )
    page.text(
        "She was operated on the same evening. A band no thicker than a shoelace had caught a loop, "
        "which was blue and turned pink again when it was let go."
    )


def _liver(page: Setter) -> None:
    page.heading("The liver")
    page.text(
        "A round spot in the liver that is as bright as water when water is bright, and has no wall, is a "
        "cyst. Figure 2.5 shows one, found in a man who had come for his gallstones. It needs no "
        "treatment and no second look."
    )
    page.figure(
        Figure(
            label="Figure 2.5.",
            caption="Axial T2-weighted MRI of the upper abdomen shows a cyst in the right lobe of the "
            "liver.",
            pictures=("belly-liver-cyst",),
            width=290,
        )
    )
    page.text(
        "Scarring of the liver changes its outline late. Long before, it can be seen under the "
        "microscope: bands grow from one portal field to the next until they close rings about what is "
        "left (Figure 2.6). The islands within the rings grow again, but blood no longer flows through "
        "them as it should."
    )
    page.figure(
        Figure(
            label="Figure 2.6.",
            caption="Light micrograph of the liver shows fibrosis: bands of connective tissue enclose "
            "round islands of liver cells (haematoxylin and eosin). Reproduced with permission from "
            "Hobbleton's Picture Book of Pathology, Hobbleton Sons, Thornby 1998.",
            pictures=("liver-bands",),
            width=270,
            licence="unknown",
            why="it was taken from elsewhere, so the book's licence is not its own",
        )
    )


def _riddle(page: Setter) -> None:
    page.heading("A riddle")
    page.text(
        "What lies inside the gut is seen with an endoscope. The last picture was taken on the way "
        "out, which is when one looks; on the way in one only drives. It has no caption. Say what it "
        "shows, how it is taken away, and when one should look again."
    )
    page.figure(
        Figure(
            pictures=("polyp",),
            place="none",
            width=150,
            why="it has no caption",
        )
    )
