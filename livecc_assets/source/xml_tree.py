"""XML from outside as a tree of bounded size, without entities of its own."""

import re
from xml.etree import ElementTree

#: Elements inside each other, and in all, at most: captions need five and two a word.
MOST_DEPTH, MOST_ELEMENTS = 60, 2_000_000


class _Bounded(ElementTree.TreeBuilder):
    def __init__(self) -> None:
        super().__init__()
        self._depth = self._count = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> ElementTree.Element:  # type: ignore[override]
        self._depth += 1
        self._count += 1
        if self._depth > MOST_DEPTH or self._count > MOST_ELEMENTS:
            raise ValueError(f"more than {MOST_DEPTH} elements inside each other, or {MOST_ELEMENTS} in all")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ElementTree.Element:
        self._depth -= 1
        return super().end(tag)


def tree(text: str) -> ElementTree.Element:
    """The root element. Raises ValueError for what is no XML, has a DTD, or is nested or long beyond reason.

    Documents with a DTD are refused: entities defined in one can expand without bound.
    """
    if re.search(r"<!(?:DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise ValueError("a DTD is not allowed")
    parser = ElementTree.XMLParser(target=_Bounded())
    try:
        parser.feed(re.sub(r"^\s*<\?xml[^>]*\?>", "", text[:1000]) + text[1000:])
        root = parser.close()
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from error
    assert isinstance(root, ElementTree.Element)
    return root


def name(element: ElementTree.Element) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]
