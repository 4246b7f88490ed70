"""A one-page PDF made by code: a file of another kind for the demo folder."""

from __future__ import annotations

from grandrounds.fingerprint import sha256_bytes

#: Its path inside the demo sources.
HANDOUT = "other_kinds/handout.pdf"

_LINES = (
    "A handout for the ward (fictional)",
    "This page shows that files of other kinds are counted and passed by.",
)


def handout_pdf() -> bytes:
    """The bytes of the handout: PDF 1.4, one page of A4, the built-in Helvetica, no compression."""
    drawn = " ".join(f"({line}) Tj T*" for line in _LINES)
    content = f"BT /F1 14 Tf 20 TL 60 760 Td {drawn} ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    made = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    name = sha256_bytes(made)[:32].encode("ascii")
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /ID [<%s> <%s>] >>\n" % (size, name, name)
    end = b"startxref\n%d\n%%%%EOF\n" % len(made)
    return made + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer + end
