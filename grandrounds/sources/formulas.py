"""Formulas as one line of text: MathML and TeX, enough for a reader to see what is meant."""

from __future__ import annotations

import re
from typing import Any

from grandrounds.sources.characters import raised

_TEX_BODY = re.compile(r"\\begin\s*\{document\}(.*?)\\end\s*\{document\}", re.DOTALL)
_TEX_FENCE = re.compile(r"^\s*(?:\$\$|\$|\\\[|\\\()|(?:\$\$|\$|\\\]|\\\))\s*$")
_TEX_FRACTION = re.compile(r"\\d?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_TEX_FONT = re.compile(
    r"\\(?:mathrm|mathit|mathbf|text|textrm|textit|mathop|operatorname|hbox|mbox)\s*\{([^{}]*)\}"
)
_TEX_NAMES = {
    "times": "\u00d7", "pm": "\u00b1", "leq": "\u2264", "le": "\u2264", "geq": "\u2265", "ge": "\u2265",
    "approx": "\u2248", "sim": "~", "cdot": "\u00b7", "mu": "\u03bc", "alpha": "\u03b1", "beta": "\u03b2",
    "gamma": "\u03b3", "delta": "\u03b4", "Delta": "\u0394", "kappa": "\u03ba", "lambda": "\u03bb",
    "sigma": "\u03c3", "omega": "\u03c9", "circ": "\u00b0", "degree": "\u00b0", "to": "\u2192",
    "rightarrow": "\u2192", "infty": "\u221e", "neq": "\u2260", "div": "\u00f7", "sqrt": "\u221a",
    "sum": "\u03a3",
    "left": "", "right": "", "displaystyle": "", "limits": "", "quad": " ", "qquad": " ",
}  # fmt: skip
_TEX_NAME = re.compile(r"\\([A-Za-z]+)\s*")
_SKIPPED = frozenset({"annotation", "annotation-xml", "mphantom", "maction"})


def local_name(element: Any) -> str:
    """The element's name without namespace; empty for comments, instructions and entities."""
    tag = element.tag
    return str(tag).rpartition("}")[2] if isinstance(tag, str) else ""


def tex_line(source: str) -> str:
    """TeX as readable text: document frame and font commands gone, common symbols as characters."""
    body = _TEX_BODY.search(source)
    line = (body.group(1) if body else source).strip()
    for _ in range(2):
        line = _TEX_FENCE.sub("", line)
    for _ in range(4):
        line = _TEX_FONT.sub(r"\1", _TEX_FRACTION.sub(r"(\1)/(\2)", line))
    line = _TEX_NAME.sub(lambda match: _TEX_NAMES.get(match.group(1), match.group(1) + " "), line)
    line = (
        line.replace("\\,", " ")
        .replace("\\;", " ")
        .replace("\\ ", " ")
        .replace("~", " ")
        .replace("\\%", "%")
    )
    line = re.sub(r"\^\{?(\u00b0|[\d+-]+)\}?", lambda match: _power(match.group(1)), line)
    return " ".join(re.sub(r"[{}\\]", "", line).split())


def math_line(element: Any, depth: int = 0) -> str:
    """MathML as one line: fractions as (a)/(b), powers as raised digits or ``^(...)``."""
    name = local_name(element)
    children = [child for child in element if local_name(child) and local_name(child) not in _SKIPPED]
    if not children or depth > 60:
        return " ".join("".join(element.itertext()).split())
    if name == "semantics":
        return math_line(children[0], depth + 1)
    parts = [math_line(child, depth + 1) for child in children]
    if name == "mfrac" and len(parts) == 2:
        return f"{_wrapped(parts[0])}/{_wrapped(parts[1])}"
    if name in ("msup", "mover") and len(parts) == 2:
        return parts[0] + _power(parts[1])
    if name in ("msubsup", "munderover") and len(parts) == 3:
        return parts[0] + parts[1] + _power(parts[2])
    if name == "msqrt":
        return f"\u221a({''.join(parts)})"
    if name == "mroot" and len(parts) == 2:
        return f"{_power(parts[1])}\u221a({parts[0]})"
    if name == "mfenced":
        return f"{element.get('open', '(')}{', '.join(parts)}{element.get('close', ')')}"
    if name == "mtable":
        return "; ".join(parts)
    return (" " if name in ("mtr", "mlabeledtr") else "").join(parts)


def _power(text: str) -> str:
    lifted = raised(text, before="x")
    return lifted if lifted != text else f"^({text})"


def _wrapped(text: str) -> str:
    return text if re.fullmatch(r"[\w.]*", text) else f"({text})"
