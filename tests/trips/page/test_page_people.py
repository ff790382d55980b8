"""Benutzerverwaltung: who cannot be locked out, many invitations at once, what of a user can be changed, and who
needs help and why."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from page import PAGE_PASSWORD, Answer, Person
from page_office import ADMIN, CLERK_A, CLERK_B, Office, add_person, execute

OTHER = "z.zweite"
KEYED = "s.schluessel"  # an administrator without a password, who acts by key


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with Office(tmp_path_factory.mktemp("people")) as running:
        yield running


@pytest.fixture
def admin(office: Office) -> Person:
    return office.person(ADMIN)


@pytest.fixture(scope="module")
def keyed(office: Office) -> str:
    office.amtspost.ok("user", "add", KEYED, "--admin")
    return office.key("keyed", KEYED)


def ask(office: Office, key: str, method: str, path: str, body: Any = None) -> Answer:
    return office.person().request(method, f"/api/v1/{path}", None if body is None else json.dumps(body),
                                   Authorization=f"Bearer {key}", Content_Type="application/json")


def condition(answer: Answer) -> str:
    return json.loads(answer.body)["error"]["condition"]


def deeds(office: Office, subject: str) -> list[str]:
    return [row["action"] for row in office.amtspost.json("audit") if row["subject"] == subject]


# ---- nobody is locked out ----


def test_no_buttons_against_oneself(admin):
    page = admin.get(f"/benutzer/{ADMIN}")
    actions = {form.action for form in page.view.forms}
    assert not {action for action in actions if action.endswith(("/sperren", "/entfernen"))}
    assert "nur ein anderer Administrator" in page.text
    others = {form.action for form in admin.get(f"/benutzer/{CLERK_A}").view.forms}
    assert {f"/benutzer/{CLERK_A}/sperren", f"/benutzer/{CLERK_A}/entfernen"} <= others


@pytest.mark.parametrize("deed", ["sperren", "entfernen"])
@pytest.mark.parametrize("alone", [True, False])
def test_nobody_locks_or_removes_themselves(office, admin, deed, alone):
    if not alone:
        add_person(office.amtspost, OTHER, "--admin")
    before = office.snapshot()
    admin.get(f"/benutzer/{ADMIN}")
    for name in (ADMIN, ADMIN.upper()):
        answer = admin.post(f"/benutzer/{name}/{deed}", {})
        assert answer.status == 409 and "Geändert wurde nichts" in answer.text
        assert ("letzte Administrator" if alone else "Das muss ein anderer Administrator tun") in answer.text
    assert office.snapshot() == before and admin.get("/benutzer").status == 200
    if not alone:
        office.amtspost.ok("user", "remove", OTHER)


def test_the_last_administrator_stays(office, keyed):
    """Others with the right count only if they could sign in: not without a password, and not locked."""
    add_person(office.amtspost, OTHER, "--admin")
    office.amtspost.ok("user", "lock", OTHER)
    for method, path in (("POST", f"users/{ADMIN}/lock"), ("DELETE", f"users/{ADMIN}")):
        answer = ask(office, keyed, method, path)
        assert answer.status == 409 and condition(answer) == "user-last-administrator"
    office.amtspost.ok("user", "unlock", OTHER)
    assert condition(ask(office, keyed, "POST", f"users/{KEYED}/lock")) == "user-own"
    assert condition(ask(office, keyed, "DELETE", f"users/{KEYED}")) == "user-own"
    assert ask(office, keyed, "POST", f"users/{OTHER}/lock").status == 200
    assert ask(office, keyed, "DELETE", f"users/{OTHER}").status == 200
    assert ask(office, keyed, "POST", f"users/{ADMIN}/unlock").status == 200


def test_the_command_line_may_and_warns(office):
    amtspost = office.amtspost
    add_person(amtspost, OTHER, "--admin")
    assert amtspost.ok("user", "lock", OTHER).stderr == ""
    locked = amtspost.ok("user", "lock", ADMIN)
    assert "kein Administrator mehr anmelden" in locked.stderr and "amtspost user unlock NAME" in locked.stderr
    try:
        answer = office.person().request("POST", "/anmelden", urlencode({"benutzer": ADMIN, "kennwort": PAGE_PASSWORD}))
        assert answer.status == 403 and "Zurzeit kann sich kein Administrator anmelden" in answer.text
        assert "amtspost user unlock NAME" in answer.text and "Ein Administrator kann ihn" not in answer.text
        assert amtspost.ok("user", "remove", OTHER).stderr == ""  # could not sign in either
    finally:
        amtspost.ok("user", "unlock", ADMIN)
        office._people.pop(ADMIN, None)
