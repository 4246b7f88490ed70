"""Chapters printed by code, with the true place of every picture, panel and caption on the page.

``chapters`` says what a chapter is; ``openstax`` reads chapters from the real inputs, ``fiction`` writes
others for a checkout without them, ``pictures`` and ``drawings`` make what those show. ``layouts`` sets
chapters as HTML, ``chromium`` prints it, ``typeset`` reads the truth from the printed page and takes
everything that would give it away out of the copy that readers get. ``readers`` runs the readers that are
compared, ``score`` compares, ``paired`` does the same for articles with JATS beside them, ``speed`` takes
times.

The folder that ``typeset`` writes::

    FOLDER/LAYOUT/truth.json          what is true of the documents of this layout
    FOLDER/LAYOUT/fiction.pdf         what readers are given: no annotations, no names, no tags
    FOLDER/LAYOUT/openstax.pdf        (where the real inputs are there)

``truth.json`` holds ``{"layout", "documents": [{"pdf", "pages", "figures": [...], "tables": [...]}]}``.
A figure is ``{"id", "label", "caption", "page", "box", "pictures", "caption_page", "caption_box", "panels",
"origin"}``: ``label`` as printed ("Figure 2.3", empty for a figure without a number), ``caption`` the words
after it (spaces folded, as written, in the order they are read), ``page`` from 1, ``box`` ``[x0, y0, x1,
y1]`` in points of the page as a reader sees it (after its rotation), origin at the top left: the rectangle
around all its pictures and the letters printed below them, without the caption. ``pictures`` are the boxes
of the single pictures, ``panels`` ``[{"label", "box", "caption"}]`` its lettered parts and what the caption
says of each, ``origin`` is ``raster`` or ``vector``. A table is ``{"label", "page", "box"}``, its box
without the caption.
"""
