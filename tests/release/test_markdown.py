"""Words from sources have no power over the page that shows them."""

from __future__ import annotations

import pytest

from grandrounds.release.markdown import one_line, paragraphs, prose

HOSTILE = "a\x1b[31m \u202egnp.exe | <script>x</script> ![p](http://x) `c` \u200b"


@pytest.mark.parametrize("shown", [one_line, paragraphs, prose])
def test_nothing_that_does_not_print_reaches_the_page(shown: object) -> None:
    assert callable(shown)
    words = shown(HOSTILE)
    assert words.isprintable()
    assert "<script" not in words
    assert "](" not in words.replace("\\](", "")


def test_plain_words_stay_as_they_are() -> None:
    assert one_line("Weight loss, 3 mg/L (n = 4) – naïve") == "Weight loss, 3 mg/L (n = 4) – naïve"
