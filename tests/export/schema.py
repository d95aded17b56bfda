"""The MusicXML 4.0 schema, as a test package ships it; it refers to two small ones by addresses of the network."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

from lxml import etree

_XML = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">
<xs:attribute name="lang" type="xs:language"/><xs:attribute name="space" type="xs:NCName"/></xs:schema>"""
_XLINK_ATTRIBUTES = ("href", "type", "role", "title", "show", "actuate")
_XLINK = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/1999/xlink">'
    + "".join(f'<xs:attribute name="{name}" type="xs:string"/>' for name in _XLINK_ATTRIBUTES)
    + "</xs:schema>"
)


class _Local(etree.Resolver):
    def resolve(self, url: str, public_id: str, context: object) -> object:
        if url.endswith("xlink.xsd"):
            return self.resolve_string(_XLINK, context)
        return self.resolve_string(_XML, context) if url.endswith("xml.xsd") else None


@cache
def musicxml_schema() -> etree.XMLSchema:
    spec = importlib.util.find_spec("musicxml")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Local())
    file = Path(spec.submodule_search_locations[0]) / "generate_classes" / "musicxml_4_0.xsd"
    return etree.XMLSchema(etree.parse(str(file), parser))


def flaws(document: str) -> list[str]:
    """What the schema says against a document."""
    schema = musicxml_schema()
    schema.validate(etree.fromstring(document.encode("utf-8")))
    return [f"{entry.line}: {entry.message}" for entry in schema.error_log]
