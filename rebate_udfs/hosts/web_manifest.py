"""The manifest by which Excel finds the add-in: one XML text for the address of a server.

The template is `addin/web/manifest.xml`; buttons, addresses and texts are put in here. Its id stays the same for one
address, so that a newer manifest replaces the older one.
"""

from __future__ import annotations

import uuid
from string import Template
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

from ..actions import Refused
from ..assets import asset
from ..version import VERSION
from .web_generated import buttons, groups

SIZES = (16, 32, 80)
IMAGES = "".join(f'<bt:Image size="{size}" resid="Icon.{size}"/>' for size in SIZES)
SHORT, LONG = 125, 250  # characters of a label and of a description
MOST_CONTROLS = 6  # of a group


def manifest(url: str, sign_in: str = "") -> str:
    """The manifest for the add-in at `url`, an https address; `sign_in` is the application's id at Entra ID, if people sign in there.

    Raises Refused for another kind of address: Excel loads add-ins over https only.
    """
    parts = urlsplit(url.strip())
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise Refused(f'"{url}" is no address for an add-in; give one such as https://rebates.example.com or https://localhost:8765')
    base = f"https://{parts.netloc}{parts.path.rstrip('/')}"
    template = Template((asset("addin") / "web" / "manifest.xml").read_text(encoding="utf-8"))
    return template.substitute(
        id=uuid.uuid5(uuid.NAMESPACE_URL, base),
        version=_four_parts(VERSION),
        base=escape(base, {'"': "&quot;"}),
        images=IMAGES,
        groups="\n".join(_group(group, names) for group, names in groups().items()),
        labels="".join(_text(f"Label.{name}", label, SHORT) for name, (label, _) in buttons().items())
        + "".join(_text(f"Label.{group}", group, SHORT) for group in groups()),
        helps="".join(_text(f"Help.{name}", text, LONG) for name, (_, text) in buttons().items()),
        sign_in=_sign_in(sign_in, parts.netloc) if sign_in else "",
    )


def _four_parts(version: str) -> str:
    """A version as Office wants it.

    >>> _four_parts("1.2.0rc1")
    '1.2.0.0'
    """
    numbers = ["".join(sign for sign in part if sign.isdigit()) or "0" for part in version.split("+")[0].replace("rc", ".").split(".")[:3]]
    return ".".join((numbers + ["0"] * 4)[:4]) if any(int(number) for number in numbers) else "1.0.0.0"


def _group(group: str, names: list[str]) -> str:
    """A group of the tab: label and picture first, then at most six controls, as the format wants it."""
    controls = "\n".join(_button(name, buttons()[name][0]) for name in names[:MOST_CONTROLS])
    return f'<Group id="Group.{group}"><Label resid="Label.{group}"/><Icon>{IMAGES}</Icon>\n{controls}\n</Group>'


def _button(name: str, label: str) -> str:
    return (
        f'<Control xsi:type="Button" id="Button.{name}"><Label resid="Label.{name}"/>'
        f'<Supertip><Title resid="Label.{name}"/><Description resid="Help.{name}"/></Supertip>'
        f'<Icon>{IMAGES}</Icon><Action xsi:type="ExecuteFunction"><FunctionName>{name}</FunctionName></Action></Control>'
    )


def _text(name: str, text: str, most: int) -> str:
    return f"<bt:String id={quoteattr(name)} DefaultValue={quoteattr(text[:most])}/>"


def _sign_in(client: str, host: str) -> str:
    return (
        f"<WebApplicationInfo><Id>{escape(client)}</Id><Resource>api://{escape(host)}/{escape(client)}</Resource>"
        "<Scopes><Scope>openid</Scope><Scope>profile</Scope></Scopes></WebApplicationInfo>"
    )
