"use strict";
// Makes pages livelier; each works without this.

// One open menu at a time; Escape and a click elsewhere close it.
const menus = document.querySelectorAll("details.menu");

function closeMenus(but) {
  for (const menu of menus) if (menu !== but) menu.open = false;
}

for (const menu of menus) menu.addEventListener("toggle", () => { if (menu.open) closeMenus(menu); });
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

// What failed gets the focus, so that it is read first.
const failed = document.querySelector("main [role=alert]") ?? document.querySelector("main [aria-invalid=true]");
if (failed) {
  if (failed.matches("[role=alert]")) failed.tabIndex = -1;
  failed.focus({ preventScroll: true });
  failed.scrollIntoView({ block: "center" });
}

// A form that takes longer shows that it runs, for how long, and can be stopped; it is not sent twice.
const waiting = document.getElementById("wartet");
let sent = null; // the form, the button that sent it, what is timed

function tell(text, seconds) {
  waiting.hidden = false;
  waiting.querySelector("[role=status]").textContent = text;
  waiting.querySelector(".seconds").textContent = seconds;
  waiting.querySelector("button").hidden = !seconds;
}

function endWaiting() {
  if (!sent) return;
  for (const timer of sent.timers) clearTimeout(timer);
  sent.button?.removeAttribute("aria-busy");
  sent = null;
  waiting.hidden = true;
}

function showSeconds(since) {
  tell(waiting.dataset.running, `${Math.round((performance.now() - since) / 1000)} s`);
  sent.timers[1] = setTimeout(showSeconds, 1000, since);
}

// What the browser's own button or Escape ends; `window.stop` ends it, too.
function stopWaiting() {
  if (!sent) return;
  const { button } = sent;
  endWaiting();
  tell(waiting.dataset.stopped, "");
  button?.focus();
}

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !waiting) return;
  if (sent) { event.preventDefault(); return; }
  // A file leaves the page as it is.
  if ((event.submitter ?? event.target).closest("[data-download]")) return;
  const button = event.submitter;
  waiting.hidden = true;
  sent = { button, timers: [setTimeout(() => button?.setAttribute("aria-busy", "true"), 50),
    setTimeout(showSeconds, 1000, performance.now())] };
});
waiting?.querySelector("button").addEventListener("click", () => { window.stop(); stopWaiting(); });
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && sent) { window.stop(); stopWaiting(); }
});
globalThis.navigation?.addEventListener("navigateerror", stopWaiting);
// The browser's way back shows the form as it was left.
addEventListener("pageshow", endWaiting);

// Copies what stands beside the button.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    button.querySelector(".kern-label").textContent = button.dataset.done;
  });
}

// Outlook/Office 365 has no choice of TLS and signs in without a password: fields and sentences say so as
// soon as it is chosen, also where the browser restores a choice.
const choice = document.getElementById("interface");
if (choice) {
  const fields = document.querySelectorAll("[id='imap.tls'], [id='smtp.tls'], .password input");
  const notes = document.querySelectorAll("[data-office365]");
  const show = () => {
    const office365 = choice.value === "office365";
    for (const field of fields) field.disabled = office365;
    for (const note of notes) note.hidden = !office365;
  };
  choice.addEventListener("change", show);
  addEventListener("pageshow", show);
}

// What a choice means stands beside it as soon as it is made.
for (const note of document.querySelectorAll("[data-choice]")) {
  const select = document.getElementById(note.dataset.choice);
  const show = () => { note.hidden = select.disabled || !note.dataset.values.split(" ").includes(select.value); };
  select.addEventListener("change", show);
  choice?.addEventListener("change", show);
  addEventListener("pageshow", show);
}

// Boxes of a list: all of the page at once, a row of them with Shift, and how many are ticked.
for (const link of document.querySelectorAll("[data-tick-all]")) {
  const form = link.closest("form");
  const boxes = [...form.querySelectorAll(`input[name="${link.dataset.tickAll}"]`)];
  const told = form.querySelector(".ticked");
  const words = told.textContent;
  let last = null;
  const show = () => {
    const count = boxes.filter((box) => box.checked).length;
    told.textContent = count === 0 ? words : count === 1 ? told.dataset.one : told.dataset.many.replace("{}", count);
  };
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const all = boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = !all;
    show();
  });
  form.addEventListener("click", (event) => {
    if (!boxes.includes(event.target)) return;
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(event.target)].sort((a, b) => a - b);
    if (event.shiftKey && last) for (const box of boxes.slice(from, to + 1)) box.checked = event.target.checked;
    last = event.target;
    show();
  });
  addEventListener("pageshow", show);
}

// What is typed into a field is completed by the server.
for (const list of document.querySelectorAll("datalist[data-complete]")) {
  let timer = 0;
  const complete = async (field) => {
    const answer = await fetch(`${list.dataset.complete}?prefix=${encodeURIComponent(field.value)}`);
    if (!answer.ok) return;
    list.replaceChildren(...(await answer.json()).map((one) => new Option("", one.case)));
  };
  for (const field of document.querySelectorAll(`input[list="${list.id}"]`)) {
    field.addEventListener("focus", () => complete(field));
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(complete, 200, field);
    });
  }
}

// Files dropped onto the page go into the field for them, as if chosen there; nothing is sent by that.
const dropForm = document.querySelector("form[data-drop]");
if (dropForm) {
  const files = document.getElementById(dropForm.dataset.drop);
  const zone = document.querySelector(".drop");
  const wrong = document.getElementById(`${files.id}-fehler`);
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  const check = () => {
    const bytes = [...files.files].reduce((sum, file) => sum + file.size, 0);
    const much = files.files.length > dropForm.dataset.dropFiles || bytes > dropForm.dataset.dropBytes;
    wrong.hidden = !much;
    wrong.querySelector(".kern-body").textContent = much ? wrong.dataset.tooMuch : "";
    if (much) files.setAttribute("aria-invalid", "true");
    else files.removeAttribute("aria-invalid");
    return !much;
  };
  let inside = 0;
  document.addEventListener("dragenter", (event) => {
    if (!holdsFiles(event)) return;
    inside += 1;
    zone.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (holdsFiles(event) && (inside -= 1) <= 0) zone.hidden = true;
  });
  document.addEventListener("dragover", (event) => { if (holdsFiles(event)) event.preventDefault(); });
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    inside = 0;
    zone.hidden = true;
    files.files = event.dataTransfer.files;
    dropForm.closest("details").open = true;
    if (check()) dropForm.querySelector("button[type=submit]").focus();
  });
  files.addEventListener("change", check);
  dropForm.addEventListener("submit", (event) => {
    if (check()) return;
    event.preventDefault();
    files.focus();
  });
}

// E-Mail importieren: how many are ticked, ranges with Shift, all of the page, the suggestion for what is ticked.
const picking = document.getElementById("auswahl");
if (picking) {
  const boxes = [...picking.querySelectorAll("input[name=uid]")];
  const all = document.getElementById("alle-auswaehlen");
  const button = picking.querySelector("button[value=auswahl] .kern-label");
  const label = button?.textContent;
  const suggestion = picking.querySelector(".suggestion");
  const field = document.getElementById("aktenzeichen");
  let last = null;

  // One that all of the ticked mails agree on, as far as they have any.
  const suggested = () => {
    const notes = boxes.filter((box) => box.checked).map((box) => box.closest("li").querySelector("[data-case]"))
      .filter((note) => note);
    return notes.every((note) => note.dataset.case === notes[0].dataset.case) ? notes[0] : null;
  };
  const show = () => {
    const count = boxes.filter((box) => box.checked).length;
    const note = suggested();
    if (button) button.textContent = count ? `${label} (${count})` : label;
    if (all) {
      all.checked = count > 0 && count === boxes.length;
      all.indeterminate = count > 0 && count < boxes.length;
    }
    if (!suggestion) return;
    suggestion.hidden = !note || field.value === note.dataset.case;
    suggestion.firstElementChild.textContent = note?.textContent ?? "";
    suggestion.dataset.value = note?.dataset.case ?? "";
  };
  picking.addEventListener("click", (event) => {
    const box = event.target;
    if (!boxes.includes(box)) return;
    if (event.shiftKey && last) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
    }
    last = box;
    show();
  });
  if (all) {
    all.closest(".all").hidden = false;
    all.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; show(); });
  }
  suggestion?.querySelector("button").addEventListener("click", () => {
    field.value = suggestion.dataset.value;
    show();
    field.focus();
  });
  addEventListener("pageshow", show);

  // The mail whose content is shown is marked; where the preview stands below, it is led to.
  for (const link of picking.querySelectorAll("a[target=vorschau]")) {
    link.addEventListener("click", () => {
      picking.querySelector("li.shown")?.classList.remove("shown");
      link.closest("li").classList.add("shown");
      if (!matchMedia("(max-width: 75rem)").matches) return;
      const preview = document.getElementById("vorschau-bereich");
      preview.querySelector(".back a").onclick = () => { link.focus(); return false; };
      preview.scrollIntoView({ behavior: "instant" });
    });
  }
}

// A frame that has the focus is seen to have it; no selector tells.
addEventListener("blur", () => document.activeElement?.closest("iframe")?.classList.add("focused"));
addEventListener("focus", () => document.querySelector("iframe.focused")?.classList.remove("focused"));

// What the start page lacks comes as soon as somebody may see it; if it does not come, its button stays.
async function load(place) {
  const before = [...place.childNodes];
  const said = document.createElement("p");
  said.setAttribute("role", "status");
  said.textContent = place.dataset.loading;
  place.replaceChildren(said);
  try {
    const answer = await fetch(place.dataset.load, { redirect: "error" });
    if (!answer.ok) throw new Error(answer.status);
    place.innerHTML = await answer.text();
  } catch {
    place.replaceChildren(...before);
  }
}

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    load(target);
  }
});
for (const place of document.querySelectorAll("[data-load]")) seen.observe(place);

// What is shown anew keeps what is folded out, and the place of who is there with the keyboard.
function renew(place, html) {
  const open = [...place.querySelectorAll("details[open][id]")].map(({ id }) => id);
  const active = place.contains(document.activeElement) ? document.activeElement : null;
  const focusable = "a[href], button, summary, [tabindex]";
  const same = (one) => one.tagName === active.tagName && one.textContent === active.textContent
    && one.getAttribute("href") === active.getAttribute("href") && one.form?.action === active.form?.action;
  const nth = active ? [...place.querySelectorAll(focusable)].filter(same).indexOf(active) : -1;
  const scrolled = [...place.querySelectorAll(".scroll")].map(({ scrollLeft }) => scrollLeft);
  place.innerHTML = html;
  for (const id of open) {
    const details = document.getElementById(id);
    if (details) details.open = true;
  }
  for (const [index, box] of place.querySelectorAll(".scroll").entries()) box.scrollLeft = scrolled[index] ?? 0;
  if (!active) return;
  const again = [...place.querySelectorAll(focusable)].filter(same);
  place.tabIndex = -1;
  (again[nth] ?? again[0] ?? place).focus({ preventScroll: true });
}

// A running import tells how far it is; its end shows the result. So does the outbox, without an end. A stream
// that ends is opened again by the browser itself, also after a lost connection, but not for ever.
const LOST = 20; // tries without an answer
const state = document.getElementById("stand");
if (state) {
  const events = new EventSource(state.dataset.events);
  let tries = 0;
  const show = () => { events.close(); location.reload(); };
  events.addEventListener("open", () => { tries = 0; });
  events.addEventListener("stand", ({ data }) => { tries = 0; renew(state, data); });
  events.addEventListener("ansage", ({ data }) => { document.getElementById("ansage").textContent = data; });
  events.addEventListener("ende", show);
  events.addEventListener("error", () => {
    // Refused for good: the page itself says why, or is shown anew every few seconds.
    if (events.readyState === EventSource.CLOSED) setTimeout(show, 5000);
    else if (++tries >= LOST) {
      events.close();
      if ("keep" in state.dataset) state.prepend(state.dataset.lost);
      else state.textContent = state.dataset.lost;
    }
  });
}

// What an import came to is read first.
if (!failed) document.getElementById("ergebnis")?.focus();
