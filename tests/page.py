"""The web page as a browser without scripts uses it: `amtspost serve` on a free port, people who sign in,
follow links and send the forms that pages really contain."""

import http.client
import re
import signal
import time
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urldefrag, urlencode, urljoin, urlsplit

from leaks import forms
from runner import MARK, Amtspost, Running

PAGE_PASSWORD = "Geheim-7Qx fuer die Seite"
START_SECONDS = 20
MOST_REDIRECTS = 5
SECRETS = forms(MARK)  # each password of the tests holds it


BOUNDARY = "----Grenze7Qx"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def multipart(name: str, files: list[tuple[str, bytes]], fields: dict[str, str]) -> bytes:
    """A body of FIELDS and, in the field NAME, FILES."""
    parts = [f'; name="{field}"\r\n\r\n'.encode() + value.encode() for field, value in fields.items()]
    parts += [f'; name="{name}"; filename="{file}"\r\nContent-Type: message/rfc822\r\n\r\n'.encode() + data
              for file, data in files]
    start = f"--{BOUNDARY}\r\nContent-Disposition: form-data".encode()
    return b"".join(start + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()


class Form:
    """One form of a page, with what it would send as it stands."""

    def __init__(self, action: str, method: str):
        self.action, self.method = action, method
        self.fields: dict[str, str] = {}
        self.more: list[tuple[str, str]] = []  # further fields of names that are there already
        self.buttons: list[tuple[str, str, str]] = []  # name, value, label

    def __contains__(self, name: str) -> bool:
        return name in self.fields


class View(HTMLParser):
    """What a page shows: `text`, `title`, `forms`, `links` (address -> label), `errors` (field -> text)."""

    SILENT = ("style", "script")

    def __init__(self, html: str):
        super().__init__()
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.alerts: list[str] = []
        self.title = ""
        self._words: list[str] = []
        self._silent = 0
        self._open: list[tuple[str, list[str]]] = []  # what gathers text: tag, words
        self._done: dict[str, Any] = {}
        self.errors: dict[str, str] = {}
        self.feed(html)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._words).split())

    def form(self, action: str, **holding: str | None) -> Form:
        """The first form for ACTION that has the fields HOLDING (with these values, unless None)."""
        for form in self.forms:
            if form.action == action and all(
                    name in form and value in (None, form.fields[name]) for name, value in holding.items()):
                return form
        raise AssertionError(f"no form for {action} with {holding}; there are {[f.action for f in self.forms]}")

    def _gather(self, tag: str, done: Any) -> None:
        words: list[str] = []
        self._open.append((tag, words))
        self._done[id(words)] = done

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        self._silent += tag in self.SILENT
        form = self.forms[-1] if self.forms else None
        if tag == "form":
            self.forms.append(Form(values.get("action", ""), values.get("method", "get")))
        elif tag == "a":
            self._gather("a", lambda text: self.links.setdefault(values.get("href", ""), text))
        elif tag == "title":
            self._gather("title", lambda text: setattr(self, "title", text))
        elif tag == "p" and values.get("id", "").endswith("-fehler"):
            self._gather("p", lambda text: self.errors.update({values["id"][:-len("-fehler")]: text}))
        elif tag == "textarea" and form:
            self._gather("textarea", lambda text: None)
            self._area = (form, values.get("name", ""), [])
        elif tag == "button" and form and values.get("type") == "submit":
            button = (values.get("name", ""), values.get("value", ""))
            self._gather("button", lambda text, to=form: to.buttons.append((*button, text)))
        elif tag == "select" and form:
            self._select = values.get("name", "")
        elif tag == "option" and form and "selected" in values:
            form.fields[self._select] = values.get("value", "")
        elif tag == "input" and form and values.get("name") and "disabled" not in values:
            if values.get("type") == "hidden" and values["name"] in form:
                form.more.append((values["name"], values.get("value", "")))
            elif values.get("type") != "checkbox" or "checked" in values:
                form.fields[values["name"]] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in self.SILENT
        if tag == "textarea" and getattr(self, "_area", None):
            form, name, parts = self._area
            text = "".join(parts)
            form.fields[name] = text.removeprefix("\n")
            self._area = None
        if self._open and self._open[-1][0] == tag:
            _, words = self._open.pop()
            self._done.pop(id(words))(" ".join(" ".join(words).split()))

    def handle_data(self, data: str) -> None:
        if getattr(self, "_area", None):
            self._area[2].append(data)
        if self._silent:
            return
        self._words.append(data)
        for _, words in self._open:
            words.append(data)


def table_rows(html: str) -> list[list[str]]:
    """The cells of the tables in HTML, a row each."""
    table: list[list[str]] = []
    for kind, cell in re.findall(r"<t([hd]) [^>]*data-label=[^>]*>(.*?)(?=</?t[hdr]\b|</tbody>)", html, re.DOTALL):
        if kind == "h":
            table.append([])
        table[-1].append(re.sub(r"<[^>]*>", "", cell).strip())
    return table


def first_event(response: http.client.HTTPResponse) -> bytes:
    """A stream of events does not end until the page does."""
    return b"".join(iter(response.readline, b"\n"))


class Answer:
    """What a request was answered with; of a stream of events the first one."""

    def __init__(self, address: str, response: http.client.HTTPResponse):
        self.address, self.status, self.headers = address, response.status, response.headers
        self.body = first_event(response) if response.headers.get_content_type() == "text/event-stream" else response.read()
        told = self.body + str(self.headers).encode()
        assert not any(form in told and form not in address.encode() for form in SECRETS), \
            f"a secret was told at {address}"

    @property
    def html(self) -> str:
        return self.body.decode()

    @property
    def view(self) -> View:
        return View(self.html)

    @property
    def text(self) -> str:
        return self.view.text

    @property
    def location(self) -> str | None:
        return self.headers["Location"]

    @property
    def path(self) -> str:
        parts = urlsplit(self.address)
        return parts.path + (f"?{parts.query}" if parts.query else "")


class Daemon:
    """`with Daemon(amtspost) as daemon:`. HOST is what browsers call it."""

    def __init__(self, amtspost: Amtspost, *arguments: str, host: str = "localhost", **options: Any):
        self.amtspost, self.host = amtspost, host
        self._arguments, self._options = arguments, options
        self.running: Running | None = None
        self.port = 0
        self._passwords: dict[str, str] = {}  # a password in use is not chosen anew
        self.setup = ""  # the path that sets up the first administrator, if one is open

    def __enter__(self) -> "Daemon":
        self.running = self.amtspost.start("serve", "--listen", "127.0.0.1:0", *self._arguments,
                                           **self._options)
        self.port = int(self.wait_for_words(r"bereit: https?://[^/]*:(\d+)/\n")[1])
        if found := re.search(r"/einrichten\?k=\S+", self.errors):
            self.setup = found[0]
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        run = self.stop()
        assert kind or run.status in (0, 130, 143), f"{run.status}: {run.stderr}"

    @property
    def errors(self) -> str:
        return self.running.output("stderr")

    def wait_for_words(self, pattern: str) -> re.Match:
        """Until it has said what PATTERN finds."""
        deadline = time.monotonic() + START_SECONDS
        while not (found := re.search(pattern, self.errors)):
            assert not self.running.is_over() and time.monotonic() < deadline, self.errors
            time.sleep(0.01)
        return found

    @property
    def address(self) -> str:
        return f"http://{self.host}:{self.port}"

    def stop(self, signum: int = signal.SIGTERM):
        if not self.running.is_over():
            self.running.process.send_signal(signum)
        return self.running.finish(30)

    def person(self, name: str | None = None, password: str = PAGE_PASSWORD, add: bool = True) -> "Person":
        """A browser; with NAME it is signed in. ADD: the user's password for the page is set first."""
        person = Person(self)
        if name:
            if add and self._passwords.get(name) != password:
                self._passwords[name] = password
                self.amtspost.ok("user", "passwd", name, stdin=password + "\n")
            person.sign_in(name, password)
        return person


class Person:
    """One browser with its cookies. `last` is the page that it shows."""

    def __init__(self, daemon: Daemon):
        self.daemon = daemon
        self.cookies: dict[str, str] = {}
        self.last: Answer | None = None

    def request(self, method: str, path: str, body: str | bytes | None = None, **headers: str) -> Answer:
        """One request, without following."""
        sent = {"Host": f"{self.daemon.host}:{self.daemon.port}"} | {
            name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection = http.client.HTTPConnection("127.0.0.1", self.daemon.port, timeout=90)
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body, sent)
            answer = Answer(urljoin(self.daemon.address, path), connection.getresponse())
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
            if not value:
                del self.cookies[name]
        return answer

    def get(self, path: str, follow: bool = True) -> Answer:
        return self._follow(self.request("GET", path), follow)

    def post(self, path: str, fields: dict[str, str | list[str]], follow: bool = True, csrf: str | None = None,
             **headers: str) -> Answer:
        """FIELDS with the token of the page that is shown, or CSRF."""
        token = self.csrf() if csrf is None else csrf
        body = urlencode(({"csrf": token} if token else {}) | fields, doseq=True)
        return self._follow(self.request("POST", path, body, **headers), follow)

    def upload(self, path: str, name: str, files: list[tuple[str, bytes]], follow: bool = True,
               **fields: str) -> Answer:
        """FILES in the field NAME, as a browser sends them, with the token of the page that is shown."""
        body = multipart(name, files, {"csrf": self.csrf()} | {
            field.replace("__", "-"): value for field, value in fields.items()})
        return self._follow(self.request("POST", path, body, Content_Type=MULTIPART), follow)

    def submit(self, action: str, holding: dict[str, str | None] | None = None, follow: bool = True,
               **fields: str | None) -> Answer:
        """Sends the shown page's form for ACTION (the one with HOLDING), its fields changed by FIELDS: None
        leaves a box unticked. Names may hold "__" for "." and end with "_" for keywords."""
        form = self.last.view.form(action, **(holding or {}))
        sent = dict(form.fields)
        for name, value in fields.items():
            name = name.removesuffix("_").replace("__", ".")
            sent.pop(name, None)
            if value is not None:
                sent[name] = value
        return self._follow(self.request("POST", action, urlencode([*sent.items(), *form.more])), follow)

    def csrf(self) -> str:
        """The token in the forms of the page that is shown."""
        forms = self.last.view.forms if self.last else []
        return next((form.fields["csrf"] for form in forms if "csrf" in form), "")

    def sign_in(self, name: str, password: str = PAGE_PASSWORD) -> Answer:
        self.get("/anmelden")
        answer = self.submit("/anmelden", benutzer=name, kennwort=password)
        assert self.cookies, answer.text
        return answer

    def _follow(self, answer: Answer, follow: bool) -> Answer:
        for _ in range(MOST_REDIRECTS):
            if not follow or answer.status not in (301, 302, 303, 307, 308):
                break
            target = urldefrag(urljoin(answer.address, answer.location)).url
            assert target.startswith(self.daemon.address), f"leads elsewhere: {target}"
            answer = self.request("GET", target.removeprefix(self.daemon.address))
        self.last = answer
        return answer
