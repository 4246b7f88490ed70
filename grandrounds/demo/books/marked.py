"""The demo books in markup: a CNXML collection, an XHTML chapter and an EPUB."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grandrounds.demo.books import plates
from grandrounds.demo.books.told import Made, Told

BY = "https://creativecommons.org/licenses/by/4.0/"
_MOMENT = (2024, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A figure in markup: its id, plate and caption; ``label`` where the markup prints one."""

    id: str
    plate: str
    caption: str
    label: str = ""
    missing: bool = False

    def told(self, *, mentions: int, chapter: str, section: tuple[str, ...] = ()) -> Told:
        """What a reader should find."""
        return Told(
            status="no_picture" if self.missing else "paired",
            label=self.label,
            caption=self.caption,
            origin="none" if self.missing else "markup",
            picture="" if self.missing else self.plate,
            mentions=mentions,
            chapter=chapter,
            section=section,
            why="the file that it names is not there" if self.missing else "",
        )


# ------------------------------------------------------------------------------------------- CNXML

_KIDNEY = Shown(
    id="fig-tract",
    plate="tract-drawing",
    caption="Illustration of the urinary tract: the kidneys, the ureters and the urinary bladder, seen "
    "from the front.",
)
_GLOMERULUS = Shown(
    id="fig-glomerulus",
    plate="glomerulus",
    caption="Light micrograph of the renal cortex shows a glomerulus in its capsule, with cut tubules "
    "around it (haematoxylin and eosin).",
)
_FEET = Shown(
    id="fig-feet",
    plate="foot-processes",
    caption="Transmission electron micrograph of a glomerulus of the kidney shows the feet of a "
    "podocyte on the basement membrane.",
)
_STONE = Shown(
    id="fig-stone",
    plate="bladder-stone",
    caption="Ultrasound of the urinary bladder shows a stone with a black shadow behind it.",
)
_FRONDS = Shown(
    id="fig-fronds",
    plate="bladder-growth",
    caption="Cystoscopy shows a papillary tumour on the wall of the urinary bladder.",
)
_UROGRAM = Shown(
    id="fig-urogram",
    plate="urogram",
    caption="Excretory urogram shows a narrow place in the left ureter.",
    missing=True,
)

_COLLECTION = f"""<col:collection xmlns="http://cnx.rice.edu/collxml" xmlns:md="http://cnx.rice.edu/mdml" \
xmlns:col="http://cnx.rice.edu/collxml" xml:lang="en">
  <metadata mdml-version="0.5">
    <md:title>The Urinary Tract in Pictures</md:title>
    <md:language>en</md:language>
    <md:license url="{BY}">Creative Commons Attribution License</md:license>
    <md:uuid>00000000-0000-4000-8000-000000090000</md:uuid>
    <md:slug>urinary-tract-in-pictures</md:slug>
  </metadata>
  <col:content>
    <col:subcollection>
      <md:title>Where Urine Is Made and Kept</md:title>
      <col:content>
        <col:module document="m90001"/>
        <col:module document="m90002"/>
      </col:content>
    </col:subcollection>
  </col:content>
</col:collection>
"""


def urinary_tract() -> dict[str, Made]:
    """The collection, its two modules and their pictures, by path."""
    kidney = _module(
        "m90001",
        "The Kidney",
        f"""<para id="p1">The kidneys lie behind the peritoneum, one on each side of the spine. \
<link target-id="fig-tract"/> shows how they are joined to the bladder.</para>
{_cnxml(_KIDNEY, title="The Urinary Tract")}
<section id="s1"><title>The Filter</title>
<para id="p2">A kidney has about a million filters. Each is a tuft of small vessels in a cup \
(<link target-id="fig-glomerulus"/>).</para>
{_cnxml(_GLOMERULUS)}
<para id="p3">The wall of the vessels is the filter proper. Cells with many feet sit on it, and the slits \
between the feet let water through, but no protein. When the feet melt together, as they do in some \
children, protein is lost. <link target-id="fig-feet"/> shows healthy ones; compare them with \
<link target-id="fig-glomerulus"/>, which shows the whole tuft at a hundredth of the scale.</para>
{_cnxml(_FEET)}
</section>""",
    )
    bladder = _module(
        "m90002",
        "The Bladder and the Ureters",
        f"""<section id="s1"><title>The Bladder</title>
<para id="p1">A full bladder is a window for sound. What moves when the patient turns over is no growth: a \
stone rolls, as the one in <link target-id="fig-stone"/> did.</para>
{_cnxml(_STONE)}
<para id="p2">Blood in the urine without pain calls for an endoscope. <link target-id="fig-fronds"/> was \
seen in a man who had worked with dyes.</para>
{_cnxml(_FRONDS)}
</section>
<section id="s2"><title>The Ureters</title>
<para id="p3">A ureter is seen only when something runs through it. For the whole tract see \
<link document="m90001" target-id="fig-tract"/>.</para>
{_cnxml(_UROGRAM)}
</section>""",
    )
    top, first, second = "Where Urine Is Made and Kept", "The Kidney", "The Bladder and the Ureters"
    facts: dict[str, object] = {"licence": "CC-BY-4.0", "language": "en"}
    made = {
        "collections/urinary-tract.collection.xml": Made(
            data=_COLLECTION.encode(), kind="cnxml_collection"
        ),
        "modules/m90001/index.cnxml": Made(
            data=kidney,
            kind="cnxml",
            facts={"title": "The Urinary Tract in Pictures", **facts},
            figures=(
                Told(
                    caption=f"The Urinary Tract {_KIDNEY.caption}",
                    origin="markup",
                    picture=_KIDNEY.plate,
                    mentions=2,
                    chapter=top,
                    section=(first,),
                ),
                _GLOMERULUS.told(mentions=2, chapter=top, section=(first, "The Filter")),
                _FEET.told(mentions=1, chapter=top, section=(first, "The Filter")),
            ),
        ),
        "modules/m90002/index.cnxml": Made(
            data=bladder,
            kind="cnxml",
            facts={"title": "The Urinary Tract in Pictures", **facts},
            figures=(
                _STONE.told(mentions=1, chapter=top, section=(second, "The Bladder")),
                _FRONDS.told(mentions=1, chapter=top, section=(second, "The Bladder")),
                _UROGRAM.told(mentions=0, chapter=top, section=(second, "The Ureters")),
            ),
        ),
    }
    shown = (_KIDNEY, _GLOMERULUS, _FEET, _STONE, _FRONDS)
    return made | {f"media/{plates.file_name(one.plate)}": _picture(one.plate) for one in shown}


def _module(name: str, title: str, content: str) -> bytes:
    return f"""<document xmlns="http://cnx.rice.edu/cnxml">
<title>{title}</title>
<metadata xmlns:md="http://cnx.rice.edu/mdml">
  <md:content-id>{name}</md:content-id>
  <md:title>{title}</md:title>
  <md:abstract/>
  <md:uuid>00000000-0000-4000-8000-0000000{name[1:]}</md:uuid>
</metadata>
<content>
{content}
</content>
</document>
""".encode()


def _cnxml(shown: Shown, *, title: str = "") -> str:
    head = f"<title>{title}</title>" if title else ""
    name = f"{shown.plate}.jpg" if shown.missing else plates.file_name(shown.plate)
    return (
        f'<figure id="{shown.id}">{head}<media id="{shown.id}-media" alt="">\n'
        f'<image mime-type="{_mime(name)}" src="../../media/{name}"/>\n</media>\n'
        f"<caption>{shown.caption}</caption></figure>"
    )


# ------------------------------------------------------------------------------------------- XHTML

_HEAD_TITLE = "The Head in Section"
_LENS = Shown(
    id="lens",
    plate="head-lens",
    label="Figure 5.1",
    caption="Axial CT of the head without contrast shows a left epidural hematoma, shaped like a lens, "
    "and a midline shift to the right.",
)
_RING = Shown(
    id="ring",
    plate="brain-ring",
    label="Figure 5.2",
    caption="Axial T1-weighted MRI of the brain after contrast shows an abscess in the right frontal "
    "lobe with a bright ring.",
)
_SPIKES = Shown(
    id="spikes",
    plate="spikes-and-waves",
    label="Figure 5.3",
    caption="Electroencephalogram shows epileptiform discharges: three spikes and waves a second in "
    "all channels.",
)

_FLAP = Shown(
    id="flap",
    plate="head-opened",
    label="Figure 5.4",
    caption="Axial CT of the head shows a left craniotomy: the flap of bone is held by plates, and some "
    "air and fluid lie below it.",
)


def head_in_section() -> dict[str, Made]:
    """The chapter as a web page, and its pictures beside it, by path."""
    page = f"""<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" lang="en" xml:lang="en">
<head>
<title>{_HEAD_TITLE}</title>
<meta name="author" content="Wilhelmina Dray"/>
<meta name="dcterms.issued" content="2024-04-08"/>
<link rel="license" href="{BY}"/>
</head>
<body>
<h1>{_HEAD_TITLE}</h1>
<section><h2>Blood</h2>
<p>Fresh blood is white in a section, and it takes the shape of the room that it finds. Between bone and
dura there is none, so it has to make its own: the dura gives way between two sutures, and the blood is
bounded by a curve on both sides (<a href="#lens">Figure 5.1</a>). Below the dura it spreads like a sickle
instead.</p>
{_html(_LENS)}
<p>The patient may talk, and then sleep. That he talked is no comfort.</p>
</section>
<section><h2>Rings</h2>
<p>A ring in the brain is a wall about something that has died. Its wall is thin and even in an abscess, as
in <a href="#ring">Figure 5.2</a>, and thick and lumpy in most tumours. Swelling lies around either.</p>
{_html(_RING)}
</section>
<section><h2>Currents</h2>
<p>Some diseases of the brain can't be seen at all. <a href="#spikes">Figure 5.3</a> was taken from a girl
of seven who stopped in the middle of a word, again and again, for ten seconds at a time.</p>
{_html(_SPIKES)}
</section>
<section><h2>Doors</h2>
<p>Whoever looks at a head that has been opened should know what belongs there. Air does, for a week, and so
does a little fluid; <a href="#flap">Figure 5.4</a> was taken on the second day.</p>
{_html(_FLAP)}
</section>
<p class="copyright">© 2024 The Imaginary Press. <a rel="license" href="{BY}">CC BY 4.0</a>.</p>
</body>
</html>
"""
    figures = tuple(
        one.told(mentions=1, chapter=_HEAD_TITLE, section=(title,))
        for one, title in ((_LENS, "Blood"), (_RING, "Rings"), (_SPIKES, "Currents"), (_FLAP, "Doors"))
    )
    made = {
        "chapter.xhtml": Made(
            data=page.encode(),
            kind="html",
            facts={"title": _HEAD_TITLE, "licence": "CC-BY-4.0", "language": "en"},
            figures=figures,
        )
    }
    shown = (_LENS, _RING, _SPIKES, _FLAP)
    return made | {f"pictures/{plates.file_name(one.plate)}": _picture(one.plate) for one in shown}


def _html(shown: Shown, *, folder: str = "pictures") -> str:
    return (
        f'<figure id="{shown.id}"><img src="{folder}/{plates.file_name(shown.plate)}" alt=""/>\n'
        f"<figcaption>{shown.label}. {shown.caption}</figcaption></figure>"
    )


# ------------------------------------------------------------------------------------------- EPUB

_BOOK = "The Ward Picture Book"
_RINGWORM = Shown(
    id="f1",
    plate="ringworm",
    label="Figure 1.1",
    caption="Clinical photograph of the skin of the forearm shows a round plaque with a red, scaly edge.",
)
_DRUSEN = Shown(
    id="f1",
    plate="fundus-drusen",
    label="Figure 2.1",
    caption="Fundus photograph of the left eye shows drusen around the macula.",
)
_WRIST = Shown(
    id="f1",
    plate="wrist-broken",
    label="Figure 3.1",
    caption="Frontal radiograph of the left wrist shows a fracture of the radius close to the joint.",
)
_BEATS = Shown(
    id="f1",
    plate="uneven-beats",
    label="Figure 4.1",
    caption="Electrocardiogram shows atrial fibrillation: the distances between the beats are uneven, "
    "and there are no P waves.",
)

_CHAPTERS = (
    ("skin", "Skin", _RINGWORM,
     "Look before you touch, and touch before you scrape. The edge tells most: in Figure 1.1 it is "
     "raised and it "
     "scales, while the middle heals. A scale from the edge shows threads under the microscope."),
    ("eye", "Eye", _DRUSEN,
     "Waste that the pigment layer can't clear lies under the retina in yellow drops. A few are normal "
     "at sixty. "
     "Figure 2.1 has too many, and they run together; straight lines will soon look bent."),
    ("bone", "Bone", _WRIST,
     "People put out a hand when they fall. What breaks is the end of the radius, and it tilts towards "
     "the back of "
     "the hand. Figure 3.1 shows it from the front; a second view at right angles is never left out."),
    ("heart", "Heart", _BEATS,
     "Feel the pulse while you look at the paper. When nothing about it can be foretold, as in Figure "
     "4.1, the "
     "chambers above no longer beat but tremble, and clots may form in them."),
)  # fmt: skip


def ward_picture_book() -> Made:
    """An EPUB 3 of four chapters with a figure each."""
    entries: dict[str, bytes] = {
        "META-INF/container.xml": _container(),
        "OEBPS/book.opf": _package(
            _BOOK, [name for name, *_ in _CHAPTERS], [figure.plate for _, _, figure, _ in _CHAPTERS]
        ),
        "OEBPS/nav.xhtml": _page(
            "Contents",
            '<nav epub:type="toc"><ol>'
            + "".join(f'<li><a href="{name}.xhtml">{title}</a></li>' for name, title, *_ in _CHAPTERS)
            + "</ol></nav>",
        ),
    }
    for name, title, figure, words in _CHAPTERS:
        label = figure.label
        told = words.replace(label, f'<a href="#{figure.id}">{label}</a>')
        entries[f"OEBPS/{name}.xhtml"] = _page(
            title, f"<h1>{title}</h1>\n<p>{told}</p>\n{_html(figure, folder='images')}"
        )
        entries[f"OEBPS/images/{plates.file_name(figure.plate)}"] = plates.encoded(figure.plate)
    return Made(
        data=epub(entries),
        kind="epub",
        facts={"title": _BOOK, "licence": "CC-BY-4.0", "language": "en"},
        figures=tuple(figure.told(mentions=1, chapter=title) for _, title, figure, _ in _CHAPTERS),
    )


def epub(entries: Mapping[str, bytes], *, packed: Sequence[str] = ()) -> bytes:
    """An EPUB of these entries, stored but for those to be ``packed``; the type comes first, as it must."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in {"mimetype": b"application/epub+zip", **entries}.items():
            entry = zipfile.ZipInfo(name, date_time=_MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED if name in packed else zipfile.ZIP_STORED
            entry.create_system = 3
            archive.writestr(entry, data)
    return made.getvalue()


def package(title: str, chapters: Sequence[str], pictures: Sequence[str] = ()) -> dict[str, bytes]:
    """The two files that make an archive an EPUB: of these chapters, and these names of picture files."""
    return {
        "META-INF/container.xml": _container(),
        "OEBPS/book.opf": _package(title, chapters, (), files=pictures),
    }


def page_of(title: str, body: str) -> bytes:
    """A chapter's file."""
    return _page(title, body)


def _container() -> bytes:
    return b"""<?xml version="1.0"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""


def _package(
    title: str, chapters: Sequence[str], names: Sequence[str], *, files: Sequence[str] = ()
) -> bytes:
    pictures = [f"images/{plates.file_name(name)}" for name in names] + list(files)
    items = "".join(
        f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>\n' for name in chapters
    ) + "".join(
        f'<item id="p{number}" href="{name}" media-type="{_mime(name)}"/>\n'
        for number, name in enumerate(pictures)
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in chapters)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:00000000-0000-4000-8000-{sum(title.encode()):012d}</dc:identifier>
<dc:title>{title}</dc:title><dc:language>en</dc:language><dc:creator>Caspian Thistlewood</dc:creator>
<dc:date>2024-03-11</dc:date>
<dc:rights>This work is licensed under a Creative Commons Attribution 4.0 International License
({BY}).</dc:rights>
<meta property="dcterms:modified">2024-03-11T12:00:00Z</meta>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
{items}</manifest>
<spine>{spine}</spine>
</package>
""".encode()


def _page(title: str, body: str) -> bytes:
    return f"""<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"
lang="en" xml:lang="en">
<head><title>{title}</title></head>
<body>
{body}
</body>
</html>
""".encode()


def _mime(name: str) -> str:
    return "image/png" if name.endswith(".png") else "image/jpeg"


def _picture(name: str) -> Made:
    return Made(data=plates.encoded(name), kind="image", status="passed_by")
