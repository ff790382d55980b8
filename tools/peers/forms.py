"""A person at the sign-in pages, played without a browser: follows redirects, keeps cookies, fills in the
forms that the pages really contain. For tests that need many sign-ins and no real browser."""

import http.client
import ssl
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

MOST_STEPS = 20
SECONDS = 30


class Stuck(RuntimeError):
    """The pages did not lead to the end: the name or password is wrong, or a page is unknown."""


@dataclass
class SignIn:
    """How a sign-in ended."""

    address: str  # the application's redirect address, or the page that led no further
    text: str = ""  # what the last page said
    final: str = ""  # the last page's address, where the application redirected again
    pages: list[str] = field(default_factory=list)  # the titles of the service's pages
    screenshots: list[bytes] = field(default_factory=list)  # PNG

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.address).query))


class _Page(HTMLParser):
    """The forms of a page, its title and its text."""

    def __init__(self, html: str):
        super().__init__()
        self.forms: list[dict] = []
        self.words: list[str] = []
        self.title = ""
        self._silent = 0
        self._in_title = False
        self.feed(html)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attributes}
        self._silent += tag in ("style", "script")
        self._in_title |= tag == "title"
        if tag == "form":
            self.forms.append({"action": values.get("action", ""), "fields": {}, "buttons": []})
        elif tag == "input" and self.forms:
            self.forms[-1]["fields"][values.get("name", "")] = values.get("value", "")
        elif tag == "button" and self.forms:
            self.forms[-1]["buttons"].append((values.get("name", ""), values.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("style", "script")
        self._in_title &= tag != "title"

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif not self._silent:
            self.words.append(data)


@dataclass
class _Answer:
    status: int
    location: str | None
    body: str


class FormBrowser:
    """Cookies and steps of one person. A second sign-in with the same object finds the session of the
    first."""

    def __init__(self, context: ssl.SSLContext | None = None):
        self._context = context
        self._cookies: dict[tuple[str, str, str], str] = {}  # host, path, name -> value

    def sign_in(self, url: str, name: str, password: str, consent: bool = True,
                visit: bool = True) -> SignIn:
        """Opens the authorize address URL and goes on to the end. VISIT False: stops at the redirect
        to the application and answers its address, for pasting."""
        service = urlsplit(url).netloc
        result = SignIn(url)
        answer = self._request("GET", url)
        passwords_left = 1
        for _ in range(MOST_STEPS):
            if answer.location:
                result.address = urljoin(result.address, answer.location)
                if urlsplit(result.address).netloc != service:
                    return self._arrive(result, visit)
                answer = self._request("GET", result.address)
                continue
            page = _Page(answer.body)
            result.pages.append(page.title)
            result.text = page.text
            if not page.forms:
                result.final = result.address
                return result
            form = page.forms[-1]
            passwords_left -= "password" in form["fields"]
            if passwords_left < 0:
                raise Stuck(f"asked for the password again: {page.text}")
            answer = self._request("POST", urljoin(result.address, form["action"]),
                                   _filled(form, name, password, consent))
        raise Stuck(f"no end after {MOST_STEPS} steps, last at {result.address}")

    def _arrive(self, result: SignIn, visit: bool) -> SignIn:
        result.text, result.final = "", result.address
        if not visit:
            return result
        for _ in range(MOST_STEPS):
            answer = self._request("GET", result.final)
            if not answer.location:
                result.text = _Page(answer.body).text
                return result
            result.final = urljoin(result.final, answer.location)
        raise Stuck(f"the application redirects for ever, last to {result.final}")

    def _request(self, method: str, url: str, form: dict[str, str] | None = None) -> _Answer:
        parts = urlsplit(url)
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(parts.netloc, timeout=SECONDS, context=self._context)
        else:
            connection = http.client.HTTPConnection(parts.netloc, timeout=SECONDS)
        headers = {"Cookie": "; ".join(
            f"{name}={value}" for (host, path, name), value in self._cookies.items()
            if host == parts.hostname and parts.path.startswith(path))}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, parts._replace(scheme="", netloc="", fragment="").geturl() or "/",
                               urlencode(form) if form is not None else None, headers)
            response = connection.getresponse()
            self._keep_cookies(parts.hostname or "", response)
            return _Answer(response.status, response.headers.get("Location"),
                           response.read().decode("utf-8", "replace"))
        finally:
            connection.close()

    def _keep_cookies(self, host: str, response: http.client.HTTPResponse) -> None:
        for line in response.headers.get_all("Set-Cookie") or []:
            pair, *attributes = (part.strip() for part in line.split(";"))
            name, _, value = pair.partition("=")
            path = next((text[5:] for text in attributes if text.lower().startswith("path=")), "/")
            if value:
                self._cookies[host, path, name] = value
            else:
                self._cookies.pop((host, path, name), None)


def _filled(form: dict, name: str, password: str, consent: bool) -> dict[str, str]:
    """What a person's click on the right button sends."""
    fields = dict(form["fields"])
    if "password" in fields:
        fields |= {"name": name, "password": password}
    buttons = dict(form["buttons"])
    if "decision" in buttons:
        choices = [value for button, value in form["buttons"] if button == "decision"]
        fields["decision"] = "accept" if consent and "accept" in choices else "decline"
    return fields


def sign_in(url: str, name: str, password: str, consent: bool = True, visit: bool = True,
            context: ssl.SSLContext | None = None) -> SignIn:
    """One sign-in by somebody who was not there before."""
    return FormBrowser(context).sign_in(url, name, password, consent, visit)
