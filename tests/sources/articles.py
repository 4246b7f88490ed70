"""Small articles in the dialects that publishers write, made for the tests; all patients are invented."""

from __future__ import annotations

NAMESPACES = (
    'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:mml="http://www.w3.org/1998/Math/MathML" '
    'xmlns:ali="http://www.niso.org/schemas/ali/1.0/" '
    'xmlns:oasis="http://www.niso.org/standards/z39-96/ns/oasis-exchange/table"'
)
CC_BY_4 = (
    '<license license-type="open-access" xlink:href="https://creativecommons.org/licenses/by/4.0/">'
    "<license-p>Distributed under the Creative Commons Attribution License.</license-p></license>"
)


def jats(
    body: str = "<p>A 40-year-old man presented with a cough.</p>",
    *,
    title: str = "A cough that would not stop",
    ids: str = '<article-id pub-id-type="doi">10.9999/cough.1</article-id>',
    dates: str = '<pub-date pub-type="epub"><day>3</day><month>4</month><year>2021</year></pub-date>',
    licence: str = CC_BY_4,
    meta: str = "",
    back: str = "",
    floats: str = "",
    attributes: str = 'article-type="case-report" xml:lang="en"',
    more: str = "",
) -> bytes:
    """A whole JATS article around ``body``."""
    return (
        f"<article {NAMESPACES} {attributes}><front><journal-meta><journal-title-group>"
        "<journal-title>Journal of Invented Cases</journal-title></journal-title-group></journal-meta>"
        f"<article-meta>{ids}<title-group><article-title>{title}</article-title></title-group>"
        '<contrib-group><contrib contrib-type="author"><name><surname>Roe</surname>'
        "<given-names>Ann Bea</given-names></name></contrib></contrib-group>"
        f"{dates}<permissions>{licence}</permissions>{meta}</article-meta></front>"
        f"<body>{body}</body><back>{back}</back>{floats}{more}</article>"
    ).encode()


FRONTIERS = jats(
    '<sec sec-type="intro" id="s1"><title>Introduction</title><p>Blue sleep is rare '
    '(<xref ref-type="bibr" rid="B1">Roe et al., 2010</xref>; <xref ref-type="bibr" rid="B2">Poe, 2012</xref>). '
    '<xref ref-type="bibr" rid="B1">Roe et al. (2010)</xref> saw it first.</p></sec>'
    '<sec sec-type="cases" id="s2"><title>Sleeping blue</title><p>A 7-year-old girl was admitted with blue sleep '
    '(<xref ref-type="fig" rid="F1">Figure 1A</xref>; <xref ref-type="table" rid="T1">Table 1</xref>).</p>'
    '<fig id="F1" position="float"><label>FIGURE 1</label><caption><p>Sleep laboratory. <bold>(A)</bold> Before.</p>'
    '</caption><graphic xlink:href="fneur-01-00001-g001.tif"/></fig>'
    '<sec id="s2-1"><title>Something said nowhere else</title><p>She slept on.</p></sec></sec>'
    '<sec sec-type="discussion" id="s3"><title>What we think</title><p>Sleep is blue.</p></sec>'
    '<sec sec-type="data-availability" id="s4"><title>Data</title><p>On request.</p></sec>',
    licence="<license><license-p>This is an open-access article distributed under the terms of the "
    '<ext-link ext-link-type="uri" xlink:href="http://creativecommons.org/licenses/by/4.0/">Creative Commons '
    "Attribution License (CC BY)</ext-link>.</license-p></license>",
)
PLOS = jats(
    '<sec id="sec001" sec-type="intro"><title>Introduction</title><p>A fever [<xref ref-type="bibr" '
    'rid="pone.0000001.ref001">1</xref>,<xref ref-type="bibr" rid="pone.0000001.ref002">2</xref>] (<xref '
    'ref-type="fig" rid="pone-0000001-g001">Fig 1</xref>).</p></sec>'
    '<sec id="sec002"><title>Case report</title><p>A 9-day-old neonate had 39°C.</p>'
    '<fig id="pone-0000001-g001"><object-id pub-id-type="doi">10.1371/x.g001</object-id><label>Fig 1</label>'
    "<caption><title>Fever over time.</title><p>Each dot is a day.</p></caption>"
    '<graphic xlink:href="info:doi/10.1371/journal.pone.0000001.g001"/></fig></sec>',
    dates='<pub-date pub-type="collection"><year>2013</year></pub-date><pub-date pub-type="epub"><day>28</day>'
    "<month>2</month><year>2013</year></pub-date>",
    licence='<license xlink:href="http://creativecommons.org/licenses/by/3.0/" xlink:type="simple"><license-p>This '
    "is an open-access article distributed under the terms of the Creative Commons Attribution License.</license-p>"
    "</license>",
)
ELSEVIER = jats(
    '<sec id="sec1"><label>1</label><title>Introduction</title><p id="p1">A lump<xref rid="bib1" ref-type="bibr">'
    '<sup>1</sup></xref><sup>,</sup><xref rid="bib2" ref-type="bibr"><sup>2</sup></xref> is not a bump.'
    '<xref rid="bib3" ref-type="bibr"><sup>3</sup></xref></p></sec>'
    '<sec id="sec2"><label>2</label><title>Presentation of case</title><p id="p2">A woman aged 61 presented with a '
    'lump [<xref rid="bib0015" ref-type="bibr">[3]</xref>, <xref rid="bib0020" ref-type="bibr">[4]</xref>] '
    '(<xref rid="fig0005" ref-type="fig">Fig. 1</xref>a, b).</p></sec>',
    meta='<kwd-group id="kwrds0010"><title>Abbreviations</title><kwd>LMP, lump of the palm</kwd></kwd-group>'
    "<kwd-group><title>Keywords</title><kwd>Lump</kwd><kwd>Palm</kwd></kwd-group>",
    floats='<floats-group><fig id="fig0005"><label>Fig. 1</label><caption><p>The lump.</p></caption>'
    '<alt-text id="at1">Fig. 1</alt-text><graphic xlink:href="gr1"/></fig></floats-group>',
    licence="<license><license-p>This is an open access article under the CC BY-NC-ND license "
    "(http://creativecommons.org/licenses/by-nc-nd/4.0/).</license-p></license>",
)
BMC = jats(
    '<sec id="Sec1"><title>Background</title><p id="Par1">Knees click [<xref ref-type="bibr" rid="CR1">1</xref>–<xref '
    'ref-type="bibr" rid="CR3">3</xref>].</p></sec><sec id="Sec2"><title>Case presentation</title><p id="Par2">A '
    '23-year-old Caucasian woman presented with a click (Fig. <xref rid="Fig1" ref-type="fig">1</xref>a). The force was '
    '<inline-formula id="IEq1"><alternatives><tex-math id="M1">\\documentclass{minimal}\\begin{document}$$ 3\\times '
    "{10}^2 $$\\end{document}</tex-math><mml:math><mml:mn>3</mml:mn><mml:mo>×</mml:mo><mml:msup><mml:mn>10</mml:mn>"
    '<mml:mn>2</mml:mn></mml:msup></mml:math><inline-graphic xlink:href="x.gif"/></alternatives></inline-formula> N.'
    "</p></sec>",
    back='<glossary><title>Abbreviations</title><def-list><def-item><term>ACL</term><def><p id="Par3">Anterior cruciate '
    "ligament</p></def></def-item></def-list></glossary><ack><title>Acknowledgements</title><p>None.</p></ack>",
    licence='<license license-type="OpenAccess"><license-p><bold>Open Access</bold>This article is distributed under the '
    'Creative Commons Attribution 4.0 International License (<ext-link ext-link-type="uri" '
    'xlink:href="http://creativecommons.org/licenses/by/4.0/">http://creativecommons.org/licenses/by/4.0/</ext-link>). The '
    "Creative Commons Public Domain Dedication waiver (http://creativecommons.org/publicdomain/zero/1.0/) applies to the "
    "data made available in this article.</license-p></license>",
)
