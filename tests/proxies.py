"""Proxies as tests use them: the names that only they know, who may sign in there, how a clerk is led through."""

from typing import Any

from peers.namespaces import Island
from peers.proxy import FORBIDDEN, Proxy
from peers.relay import Relay
from runner import CLERK, MARK, PASSWORD, Amtspost, Run

IMAP_HOST, SMTP_HOST, LOGIN_HOST = SERVERS = ("imap.office.test", "smtp.office.test", "login.office.test")
ELSEWHERE = "mail.office.test"  # leads to the servers, too, but no certificate says so
FORBIDDEN_HOST = "verboten.office.test"
UNKNOWN_HOST = "unbekannt.office.test"
NAMES = dict.fromkeys([*SERVERS, ELSEWHERE], "127.0.0.1") | {FORBIDDEN_HOST: FORBIDDEN}

PROXY_HOST = "proxy.office.test"  # the one name that the program can look up itself
DOORS = {"http": (3128, 3129), "socks5": (1080, 1081)}  # without and with a login; the first is the default
CLOSED_DOOR = 9
LOGINS = {
    "amt": MARK,
    "doppelpunkt": MARK + ":a:b:",
    "umlaute": MARK + "-äöüß€",
    "zeichen": MARK + "%41@%zz/?#&+\\\"'",
    "leerzeichen": f" {MARK} x ",
    "Käthe@office.test": MARK + "-k",
}


class Islander(Amtspost):
    """The program where only proxies lead out."""

    island: Island

    def start(self, *arguments: str, wrapper: list[str] | None = None, **options: Any) -> Any:
        return super().start(*arguments, wrapper=[*self.island.wrapper, *(wrapper or [])], **options)


class Way:
    """A proxy with its doors on the island."""

    def __init__(self, proxy: Proxy, island: Island):
        self.proxy, self.kind = proxy, proxy.kind
        self._ports = DOORS[proxy.kind]
        targets = (proxy.open_port, proxy.login_port)
        self.doors: list[Relay] = [island.open_door(*pair) for pair in zip(self._ports, targets)]

    def lead(self, amtspost: Amtspost, protocol: str, login: str | None = None) -> None:
        """Has all people's PROTOCOL take this way: the open one, or the one where LOGIN may pass."""
        amtspost.set(f"{protocol}.proxy.type", self.kind)
        amtspost.set(f"{protocol}.proxy.host", PROXY_HOST)
        if login:
            amtspost.set(f"{protocol}.proxy.port", str(self._ports[1]))
            sign_in(amtspost, protocol, login, LOGINS[login])


def sign_in(amtspost: Amtspost, protocol: str, name: str | None, password: str | None) -> None:
    """The proxy's credentials; None: without."""
    for key, value in (("username", name), ("password", password)):
        if value is None:
            amtspost.ok("settings", "unset", f"{protocol}.proxy.{key}")
        else:
            amtspost.set(f"{protocol}.proxy.{key}", value)


def _use(amtspost: Amtspost, protocol: str, **options: Any) -> Run:
    if protocol == "imap":
        return amtspost.run("--json", "folders", "--user", CLERK, **options)
    return amtspost.run("--json", "login", "--user", CLERK, stdin=PASSWORD + "\n", **options)


def check_works(amtspost: Amtspost, protocol: str, what: str = "", **options: Any) -> None:
    """PROTOCOL's server is reached and lets the clerk in."""
    run = _use(amtspost, protocol, **options)
    assert run.status == 0, f"{what}: {run.stdout}"
    assert protocol == "imap" or run.json["smtp"]["ok"] is True, f"{what}: {run.stdout}"


def check_fails(amtspost: Amtspost, protocol: str, status: int, condition: str, *told: str, what: str = "",
                **options: Any) -> str:
    """The use of PROTOCOL ends as STATUS and CONDITION say; its sentence, which is answered, holds all of
    TOLD. A sign-in that is out of reach (5) is none that fails."""
    run = _use(amtspost, protocol, **options)
    message: str = run.error["message"] if protocol == "imap" else run.json["smtp"]["message"]
    if protocol == "smtp" and status == 5:
        assert (run.status, run.json["smtp"]["reason"]) == (0, "unchecked"), f"{what}: {run.stdout}"
    else:
        assert (run.status, run.error["condition"]) == (status, condition), f"{what}: {run.stdout}"
    assert all(part in message for part in told), f"{what}: {message}"
    return message
