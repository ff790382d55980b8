"""Hostile mails in the page: in a real browser that runs scripts, nothing of them runs, is fetched, or leads
away; and downloads, list, search and log keep their names and subjects harmless."""

import re
from html.parser import HTMLParser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import page_browser
import page_zoo
import pytest
from page import PAGE_PASSWORD, Daemon, Person
from page_office import ADMIN, add_person, execute
from page_zoo import BEGIN, FOLDER, NAMES, Canary
from peers.node import Missing
from runner import Amtspost

# What the browser fetches is the same in every build; the sanitiser itself is fuzzed under sanitizers.
pytestmark = pytest.mark.release_only

ARCHIVIST = "a.archiv"
SECONDS = 2  # in which a mail is shown
USUAL = 200  # milliseconds of a usual mail where nothing else goes on
ELEMENTS = set("""a abbr address b big blockquote body br caption center cite code col colgroup dd del div dl dt em font
    h1 h2 h3 h4 h5 h6 hr i img ins kbd li ol p pre q s samp small span strike strong style sub sup table tbody td tfoot
    th thead tr tt u ul var""".split())
ATTRIBUTES = set("""align alt bgcolor border cellpadding cellspacing class color colspan dir face height href lang rel
    rowspan size span src start style target title type valign width""".split())
STYLES = re.compile("position|z-index|opacity|transform|float|filter|content|clip|mask|cursor|overflow|.*-image|-.*|inset.*")
# What must be said of a mail: was something fetched, is something active?
BLOCKED = {"scripts": (True, True), "handlers": (True, True), "svg": (True, True), "math": (False, True),
           "meta": (False, True), "css": (True, True), "base": (True, True), "forms": (False, True),
           "images": (True, True), "relations": (True, False), "frames": (False, True), "mutation": (True, True),
           "schemes": (True, True), "navigation": (False, False), "own": (False, False), "overlay": (False, False),
           "escape": (False, True), "cover": (True, True), "clobber": (True, True), "images-own": (True, True), "quoted": (True, True),
           "utf7": (True, True), "utf16": (True, True), "plain-with-tags": (False, False), "no-end": (True, True),
           "nested": (True, True), "charset-lie": (True, True), "quoted-lie": (True, True)}
# Where nothing that can be read is left. It is all in the .eml file.
UNREADABLE = {"base64-lie", "uuencode-lie", "xhtml", "ebcdic"}  # the last: the sealed reader has no table of it
# What the same HTML does where nothing protects from it: a path that the canary is asked for, and whether a
# script of it runs.
NAKED = {"scripts": ("/c/script", True), "handlers": ("/c/onerror", True), "svg": ("/c/svg-image", True),
         "math": ("/c/annotation", True), "meta": ("/c/refresh", False), "css": ("/c/attribute", False),
         "base": ("/c/base/relativ.png", False), "forms": ("/c/input-image", False), "images": ("/c/img", False),
         "relations": ("/c/preload", False), "frames": ("/c/iframe", True), "mutation": (None, True),
         "escape": (None, True)}


@dataclass
class Zoo:
    """All mails in one archive, each seen once."""

    daemon: Daemon
    canary: Canary
    numbers: dict[str, int]
    stops: dict[str, Any]
    before: dict[str, list]
    archivist: Person


def snapshot(amtspost: Amtspost) -> dict[str, list]:
    return {table: execute(amtspost, f"SELECT * FROM {table}") for table in ("mails", "users", "audit", "user_settings")}


def upload(amtspost: Amtspost, folder: Path, mails: dict[str, bytes]) -> dict[str, int]:
    folder.mkdir()
    paths = []
    for name, mail in mails.items():
        paths.append(folder / f"{name}.eml")
        paths[-1].write_bytes(mail)
    return dict(zip(mails, (mail["id"] for mail in amtspost.json("archive", "add", *map(str, paths))), strict=True))


def browse(daemon: Daemon, **plan: Any) -> dict:
    """The report of zoo.mjs."""
    try:
        return page_browser.run("zoo.mjs", origin=daemon.address, folder=page_browser.PICTURES,
                                person={"name": ARCHIVIST, "password": PAGE_PASSWORD}, **plan)
    except Missing as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zoo]:
    folder = tmp_path_factory.mktemp("zoo")
    amtspost = Amtspost(folder / "data")
    add_person(amtspost, ADMIN, "--admin")
    add_person(amtspost, ARCHIVIST, "--archive")
    with Canary() as canary, Daemon(amtspost) as daemon:
        numbers = upload(amtspost, folder / "mails", page_zoo.mails(canary, daemon.address))
        before = snapshot(amtspost)
        stops = [{"name": name, "path": f"/archiv/{number}"} for name, number in numbers.items()]
        report = browse(daemon, stops=stops, controls=[])
        yield Zoo(daemon, canary, numbers, report["stops"], before, daemon.person(ARCHIVIST, add=False))


def test_nothing_runs(zoo):
    faults = {name: stop["faults"] for name, stop in zoo.stops.items() if stop["faults"]}
    assert not faults, "\n".join(f"{name}: {fault}" for name, found in faults.items() for fault in found[:5])


def test_nothing_is_fetched(zoo):
    assert zoo.canary.betrayed() == []
    for name, stop in zoo.stops.items():
        for request in stop["opened"] + [request for request in stop["followed"] if not request["aside"]]:
            own = request["url"].startswith((zoo.daemon.address + f"/archiv/{zoo.numbers[name]}", zoo.daemon.address + "/statisch/"))
            assert own or request["url"].startswith("data:image/"), f"{name}: {request}"
    frame = zoo.archivist.get(f"/archiv/{zoo.numbers['relations']}/ansicht")
    assert frame.headers["X-DNS-Prefetch-Control"] == "off"


def test_what_is_clicked_opens_a_tab_that_knows_nothing(zoo):
    """Links lead elsewhere in a tab of its own: without a cookie, the address they were on, or a way back."""
    clicked = [hit for hit in zoo.canary.hits if hit.path.startswith("/clicked/")]
    assert {"/clicked/top", "/clicked/parent", "/clicked/self", "/clicked/opener", "/clicked/good"} <= {hit.path for hit in clicked}
    assert all(hit.referer is None and hit.cookie is None for hit in clicked)
    for name, stop in zoo.stops.items():
        assert not [tab for tab in stop["tabs"] if tab["opener"]], name
        assert all(scheme in ("http:", "https:", "mailto:") and target == "_blank" and "noopener" in relation
                   for scheme, target, relation in stop["links"]), name
    assert [scheme for scheme, *_ in zoo.stops["schemes"]["links"]] == ["http:", "mailto:"]


def test_only_what_may_be_is_there(zoo):
    """As Chromium's parser sees it, which is not the sanitiser's."""
    for name, stop in zoo.stops.items():
        assert set(stop["elements"]) <= ELEMENTS, name
        assert set(stop["attributes"]) <= ATTRIBUTES, name
        assert not [style for style in stop["styles"] if STYLES.fullmatch(style)], name
        assert all(source.startswith("data:image/") for *_, source in stop["images"]), name


def test_the_mails_are_read_in_time(zoo):
    assert {name for name, stop in zoo.stops.items() if BEGIN not in stop["text"]} == UNREADABLE
    # How busy the machine is, the usual mail tells.
    usual = sorted(stop["milliseconds"] for stop in zoo.stops.values())[len(zoo.stops) // 2]
    limit = SECONDS * 1000 * max(1, usual / USUAL)
    assert not {name: stop["milliseconds"] for name, stop in zoo.stops.items() if stop["milliseconds"] > limit}
    assert any("zu groß" in note for note in zoo.stops["deep"]["notes"])


def test_it_is_said_what_was_blocked(zoo):
    for name, (fetched, active) in BLOCKED.items():
        notes = [note for note in zoo.stops[name]["notes"] if not note.endswith("(0)")]
        told = tuple(any(note.startswith(begin) for note in notes) for begin in ("Externe Inhalte blockiert (", "Skripte, Formulare"))
        assert told == (fetched, active), f"{name}: {notes}"


def test_nothing_is_painted_over_what_we_say(zoo):
    covered = {name: stop["covered"] for name, stop in zoo.stops.items() if stop["covered"]}
    assert not covered
    assert len(zoo.stops["cover"]["notes"]) == 2


def test_own_images_are_shown(zoo):
    shown = zoo.stops["images-own"]
    assert [image[:2] for image in shown["images"]] == [["rot", 8], ["rot2", 8], ["blau", 8]]
    assert "[SVG][Lüge][HTML][fehlt][fern][SVG2]" in shown["text"]


def test_links_to_ourselves_do_nothing(zoo):
    """Whoever clicked on them all is still signed in, and everything is as it was."""
    tabs = {tab["url"] for tab in zoo.stops["own"]["tabs"]}  # a busy browser may be clicked twice
    assert len(tabs) == 11 and all(url.startswith(zoo.daemon.address) for url in tabs)
    after = snapshot(zoo.daemon.amtspost)
    log = len(zoo.before["audit"])
    assert {table: rows for table, rows in after.items() if table != "audit"} == \
        {table: rows for table, rows in zoo.before.items() if table != "audit"}
    assert after["audit"][:log] == zoo.before["audit"]
    assert len(zoo.stops) == len(zoo.numbers)  # mails after it were seen as well


def download(zoo: Zoo, path: str) -> tuple[str, str, bytes]:
    """The answer's head as it came, the name in it, and the body."""
    answer = zoo.archivist.get(path)
    assert answer.status == 200 and answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    [field] = answer.headers.get_all("Content-Disposition")
    found = re.fullmatch(r"attachment; filename=\"[^\"%;=\\/\x00-\x1f\x7f-\uffff]+\"; filename\*=UTF-8''((?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+)", field)
    assert found, field
    assert answer.headers["Set-Cookie"] is None and answer.headers["X-Evil"] is None
    return field, unquote(found[1], errors="strict"), answer.body


def test_downloads_have_harmless_names(zoo):
    number = zoo.numbers["attachments"]
    for place, (given, wanted) in enumerate(NAMES.items(), 1):
        _, name, body = download(zoo, f"/archiv/{number}/anlage?n={place}")
        assert wanted in (None, name), given
        assert name.isprintable() and name == name.strip(" .") and len(name.encode()) <= 201, given
        assert not set(name) & set('/\\:*?"<>|') and not re.match(r"(?i)(con|nul|com1)(\.|$)", name), given
        assert b"top.owned" in body, given
    assert b"<svg" in download(zoo, f"/archiv/{number}/anlage?n={len(NAMES) + 1}")[2]
    assert download(zoo, f"/archiv/{zoo.numbers['scripts']}/eml")[1] == f"{zoo.numbers['scripts']}.eml"
    page = zoo.archivist.get(f"/archiv/{number}")
    assert "<script>top.owned" not in page.html
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f]", page.html)


SUBJECTS = {
    "tags": "<script>top.owned=1</script><img src=x onerror=top.owned=1>",
    "title": "</title><script>top.owned=1</script>",
    "quotes": "\" onmouseover=top.owned=1 x='",
    "entities": "&lt;b&gt; &amp;amp; &#0;",
    "direction": "Bescheid \u202e0002 \u2067fdp.exe\u2069",
    "marks": "Be\u200escheid\u200f\u061c",
    "invisible": "\u0007\u001b[31mrot\u0000\u0085 \ufeff\u2028Zeile",
    "long": "W" * 3000,
    "template": "{{7*7}} ${7*7} %s%n %d",
    "formula": "=cmd|' /C calc'!A0",
}


def encoded(text: str) -> str:
    """An encoded word: as it is, whatever is in it."""
    return "=?utf-8?B?" + page_zoo.base64.b64encode(text.encode()).decode() + "?="


@pytest.fixture(scope="module")
def subjects(zoo, tmp_path_factory) -> dict[str, int]:
    """Mails whose subjects, senders and people are hostile."""
    return upload(zoo.daemon.amtspost, tmp_path_factory.mktemp("subjects") / "mails", {
        name: page_zoo.head(f"subject-{name}", encoded(text), f"{encoded(text)} <eve@example.org>")
        + f"Cc: {encoded(text)} <cc@example.org>\r\n\r\nZooworte {BEGIN}".encode() for name, text in SUBJECTS.items()})


def handlers(html: str) -> list[str]:
    """The attributes of HTML that are event handlers; what stands within another one's value is none."""
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.extend(name for name, _ in attributes if name.startswith("on"))
    parser.feed(html)
    return found


def test_lists_and_log_escape(zoo, subjects):
    amtspost = zoo.daemon.amtspost
    reasons = [text.replace("\0", "") for name, text in SUBJECTS.items() if name not in ("invisible", "long", "marks", "direction")]
    doomed = upload(amtspost, amtspost.folder / "doomed", {
        str(place): page_zoo.head(f"doomed{place}") + b"\r\nText" for place in range(len(reasons))})
    for number, reason in zip(doomed.values(), reasons, strict=True):
        amtspost.ok("archive", "delete", str(number), "--reason", reason)
    admin = zoo.daemon.person(ADMIN, add=False)
    pages = [zoo.archivist.get(path) for path in ("/archiv", "/archiv/suche?suche=Zooworte", "/archiv/suche?suche=%22%3E%3Cscript%3Etop.owned%3D1",
                                                  *(f"/archiv/{number}" for number in subjects.values()))]
    pages.append(admin.get("/protokoll"))
    for page in pages:
        assert page.status == 200, page.text
        assert "<script>top" not in page.html and "onerror=top.owned=1>" not in page.html, page.address
        assert not handlers(page.html), page.address
        hidden = re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\u0001-\u0008\u000b-\u001f\u007f-\u009f]", page.html)
        assert not hidden, f"{page.address}: {hidden}"
    assert pages[1].text.count("eve@example.org") == len(SUBJECTS)
    assert "fdp.exe" in pages[1].text and "<script>top.owned=1</script>" in pages[1].text
    assert "Be\ufffdscheid" in pages[1].text  # what steers is seen
    assert "onmouseover=top.owned=1" in pages[-1].text and "</title><script>" in pages[-1].text


def test_what_nothing_protects_from(zoo):
    """The same HTML elsewhere, so that one knows that the tests above can fail: without anything, where it does
    all that; and, not sanitised, in our frame with our policy, which holds alone."""
    frame = zoo.archivist.get(f"/archiv/{zoo.numbers['scripts']}/ansicht")
    page = zoo.archivist.get(f"/archiv/{zoo.numbers['scripts']}")
    policy, outer = ({"Content-Security-Policy": answer.headers["Content-Security-Policy"],
                      "X-DNS-Prefetch-Control": answer.headers["X-DNS-Prefetch-Control"]} for answer in (frame, page))
    sandbox = re.search(r'<iframe class="mail" (sandbox="[^"]*")', page.html)[1]
    naked, guarded = {}, {}
    with Canary() as canary, Canary() as stage:
        for path in FOLDER.glob("*.html"):
            for kind, fields in (("naked", {}), ("raw", policy)):
                html = path.read_bytes().replace(b"/c/", f"/{kind}/{path.stem}/c/".encode())
                stage.pages[f"{kind}-{path.stem}"] = (fields, page_zoo.fill(html, canary, zoo.daemon.address))
            stage.pages[f"guarded-{path.stem}"] = (outer, f'<iframe {sandbox} src="/page/raw-{path.stem}">'.encode())
        stops = [{"name": name, "url": f"{stage.address}/page/{name}"} for name in stage.pages
                 if name.startswith("guarded-") or name.removeprefix("naked-") in NAKED]
        report = browse(zoo.daemon, stops=[], controls=stops)
    for name, result in report["controls"].items():
        kind, _, name = name.partition("-")
        (naked if kind == "naked" else guarded)[name] = result
    asked = {hit.path for hit in canary.hits}
    for name, (path, runs) in NAKED.items():
        assert path is None or f"/naked/{name}{path}" in asked, f"{name}: {sorted(hit for hit in asked if name in hit)}"
        assert not runs or naked[name]["owned"], f"{name}: {naked[name]}"
    assert naked["scripts"]["dialogs"] > 0
    assert not [path for path in asked if path.startswith("/raw/")]
    for name, result in guarded.items():
        assert result == {"owned": False, "dialogs": 0, "url": f"{stage.address}/page/guarded-{name}"}, name
