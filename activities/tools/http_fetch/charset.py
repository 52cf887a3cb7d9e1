"""Decodes the text of a body as browsers do (https://encoding.spec.whatwg.org; HTML, "determining the character
encoding").

A byte order mark goes before the header's charset, that before what the document says of itself. Only the web's own
encodings are used: Python has others, some of which take minutes for a megabyte.
"""

import codecs
import re

import webencodings

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16le"), (codecs.BOM_UTF16_BE, "utf-16be"))
_LOOKED_AT = 1024
"""Bytes of a document in which it may say its charset."""

_CHARSET = re.compile(r"""(?:^|[;\s])charset\s*=\s*["']?([^\s;"']{1,50})""", re.IGNORECASE)
_META = re.compile(rb"""<meta[^>]{0,500}?\bcharset\s*=\s*["']?\s*([A-Za-z0-9_:.\-]{1,50})""", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?(?:-->|$)", re.DOTALL)
_XML = re.compile(rb"""^\s*<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z0-9_:.\-]{1,50})["']""")


def decode(content: bytes, content_type: str, media: str) -> str | None:
    """Return `content` as text; None if it is not text. A page that declares text keeps what can be decoded."""
    says_text = is_text(media)
    name, length = _mark(content)
    if name is not None and (says_text or name == "utf-8"):
        return content[length:].decode(name, "replace" if says_text else "strict")
    declared = _CHARSET.search(content_type)
    encoding = _known(declared[1]) if declared else None
    if encoding is None:
        encoding = _said_within(content, media)
    try:
        text = _decoded(content, encoding or "utf-8", "strict")
    except UnicodeError:
        if not says_text:
            return None
        return _decoded(content, encoding or ("windows-1252" if declared else "utf-8"), "replace")
    return text if "\0" not in text or says_text else None


def is_text(media: str) -> bool:
    return media.startswith("text/") or is_json(media) or media.endswith(("/xml", "+xml"))


def is_json(media: str) -> bool:
    return media in ("application/json", "text/json") or media.endswith("+json")


def _mark(content: bytes) -> tuple[str | None, int]:
    return next(((name, len(mark)) for mark, name in _MARKS if content.startswith(mark)), (None, 0))


def _said_within(content: bytes, media: str) -> str | None:
    head = content[:_LOOKED_AT]
    found = _XML.search(head) if media.endswith(("/xml", "+xml")) else None
    if found is None and media in ("text/html", "application/xhtml+xml"):
        found = _META.search(_COMMENT.sub(b"", head))
    name = _known(found[1].decode("ascii")) if found else None
    # Who could read that declaration byte by byte does not read UTF-16.
    return "utf-8" if name is not None and name.startswith("utf-16") else name


def _known(label: str) -> str | None:
    encoding = webencodings.lookup(label)
    return None if encoding is None else encoding.name


def _decoded(content: bytes, name: str, errors: str) -> str:
    text: str = webencodings.lookup(name).codec_info.decode(content, errors)[0]
    return text
