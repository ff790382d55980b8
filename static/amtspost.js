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

// E-Mail senden: what is typed is kept by itself, files come one by one, addresses are completed.
const sending = document.querySelector("form.send");
if (sending) {
  const KEEP_AFTER = 3000; // milliseconds without a key
  const RETRY = 15000;
  const PIECE = 1 << 20; // bytes of a file at a time
  const words = sending.dataset;
  const said = sending.querySelector(".saved");
  const fields = [...sending.elements].filter((field) => field.name && !["file", "submit", "hidden"].includes(field.type));
  const snapshot = () => JSON.stringify(fields.map((field) => field.value));
  let kept = snapshot();
  let timer = 0;
  let running = null; // the keeping under way
  let leaves = false;
  let conflict = false;

  const draft = () => sending.getAttribute("action");
  const say = (text, ...nodes) => said.replaceChildren(text, ...nodes);
  const adopt = ({ id, stand }) => {
    sending.elements.stand.value = stand;
    if (draft() === `/senden/${id}`) return;
    sending.action = `/senden/${id}`;
    history.replaceState(null, "", `/senden/${id}`);
  };
  const post = (path, data) => fetch(path, { method: "POST", body: data, redirect: "manual" });
  const isJson = (answer) => answer.headers.get("Content-Type")?.startsWith("application/json");

  // The session is over, or another one than this page's: its token is taken over if it is the same person's.
  const renew = async () => {
    const answer = await fetch("/senden/neu", { redirect: "manual" });
    if (!answer.ok) return "signed-out";
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const form = page.querySelector("form.send");
    if (form?.elements.wer.value !== sending.elements.wer.value) return "other";
    for (const token of document.querySelectorAll("input[name=csrf]")) token.value = form.elements.csrf.value;
    return "";
  };
  const signInLink = () => Object.assign(document.createElement("a"),
    { href: "/anmelden?weiter=/senden", target: "_blank", textContent: words.signIn });
  const tellSignedOut = (why) => {
    say(`${why === "other" ? words.other : words.signedOut} `, signInLink());
    said.classList.add("lost");
  };
  // An answer in JSON to POST PATH with what MAKE makes; null: nobody is signed in. Tokens are renewed once.
  const ask = async (path, make) => {
    // A large one of somebody who is not signed in is cut off, as if the network had failed.
    let answer = await post(path, make()).catch(() => null);
    if (answer && isJson(answer)) return answer;
    const why = await renew();
    if (!why) answer = await post(path, make());
    if (isJson(answer)) return answer;
    tellSignedOut(why || "signed-out");
    return null;
  };

  const formData = () => {
    const data = new URLSearchParams();
    for (const field of sending.elements) {
      if (field.name && !["file", "submit"].includes(field.type)) data.append(field.name, field.value);
    }
    return data;
  };
  // What the person can do where nothing is kept any more: by the form, which shows all there is.
  const way = (label, value) => {
    const made = Object.assign(document.createElement("button"), { name: "tun", value, className: "kern-btn kern-btn--tertiary" });
    made.append(Object.assign(document.createElement("span"), { className: "kern-label", textContent: label }));
    return made;
  };
  const ways = ({ postausgang: href }) => (href
    ? [Object.assign(document.createElement("a"), { href, textContent: words.outbox }), " ", way(words.own, "eigener")]
    : [way(words.both, "speichern")]);
  const keepNow = async () => {
    const now = snapshot();
    say(words.saving);
    try {
      const answer = await ask(`${draft()}/sichern`, formData);
      if (!answer) return schedule(RETRY);
      const told = await answer.json();
      said.classList.toggle("lost", !answer.ok);
      if (answer.ok) {
        adopt(told);
        kept = now;
        say(words.saved.replace("{}", told.um));
        if (snapshot() !== kept) schedule(KEEP_AFTER);
        return true;
      }
      conflict = answer.status === 409;
      say(`${told.message} ${told.advice} `, ...(conflict ? ways(told) : []));
    } catch {
      said.classList.add("lost");
      say(words.unsaved);
      schedule(RETRY);
    }
    return false;
  };
  const keep = () => {
    clearTimeout(timer);
    running ??= keepNow().finally(() => { running = null; });
    return running;
  };
  function schedule(after) {
    clearTimeout(timer);
    if (!conflict) timer = setTimeout(() => { if (snapshot() !== kept) keep(); }, after);
  }
  // The draft's path, which is made first if need be.
  const ensure = async () => {
    if (draft() === "/senden/neu") await (running ?? keep());
    if (draft() === "/senden/neu") throw new Error("no draft");
    return draft();
  };

  sending.addEventListener("input", (event) => { if (fields.includes(event.target)) schedule(KEEP_AFTER); });
  addEventListener("focus", () => { if (said.classList.contains("lost") && !conflict) schedule(0); });
  // What is typed right before the page is left.
  const keepAtLast = () => {
    if (leaves || conflict || snapshot() === kept) return;
    clearTimeout(timer);
    const now = snapshot();
    running ??= fetch(`${draft()}/sichern`, { method: "POST", body: formData(), keepalive: true })
      .then(async (answer) => { if (answer.ok && isJson(answer)) { adopt(await answer.json()); kept = now; } })
      .catch(() => {})
      .finally(() => { running = null; });
  };
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") keepAtLast(); });
  addEventListener("pagehide", keepAtLast);
  addEventListener("beforeunload", (event) => {
    if (!leaves && said.classList.contains("lost") && snapshot() !== kept) event.preventDefault();
  });
  // What stands below the buttons before the form is sent: that it waits, or a question.
  const asked = document.createElement("div");
  asked.className = "asked";
  asked.hidden = true;
  asked.append(Object.assign(document.createElement("p"), { tabIndex: -1 }), Object.assign(document.createElement("div"), { className: "buttons" }));
  said.before(asked);
  const show = (text, role, ...buttons) => {
    asked.firstChild.setAttribute("role", role);
    asked.firstChild.textContent = text;
    asked.lastChild.replaceChildren(...buttons);
    asked.hidden = false;
  };
  const reply = (label, kind, act) => {
    const made = Object.assign(document.createElement("button"), { type: "button", className: `kern-btn kern-btn--${kind}` });
    made.append(Object.assign(document.createElement("span"), { className: "kern-label", textContent: label }));
    made.addEventListener("click", act);
    return made;
  };
  let held = null; // the button whose form waits for files
  const letGo = () => {
    held?.button?.removeAttribute("aria-busy");
    held = null;
    asked.hidden = true;
  };
  // A form that is sent while it is being kept waits for that, so that it is not older than what it made; files that
  // are on their way are waited for, too. It goes no more once one of them is stopped or refused.
  const hold = (button, comes) => {
    const mine = { button };
    letGo();
    held = mine;
    if (comes) {
      button?.setAttribute("aria-busy", "true");
      show(words.waits, "status", reply(words.takeBack, "secondary", () => { letGo(); button?.focus(); }));
    }
    Promise.allSettled(comes ? [running, ...going] : [running]).then(() => {
      if (held !== mine) return;
      letGo();
      sending.requestSubmit(button);
    });
  };
  let agreed = null; // the button whose question was answered
  const inquire = (button, text, label) => {
    show(text, "alert",
      reply(label, "primary", () => { asked.hidden = true; agreed = button; missing.clear(); sending.requestSubmit(button); }),
      reply(words.no, "secondary", () => { asked.hidden = true; button.focus(); }));
    asked.firstChild.focus();
  };
  // What is to be asked before BUTTON does its work; null: nothing.
  const question = ({ value }) => {
    if (value === "senden" && missing.size) {
      return [words.missing.replace("{}", [...missing].join(", ")), words.anyway];
    }
    return null;
  };
  sending.addEventListener("submit", (event) => {
    const button = event.submitter;
    const comes = uploads > 0 && button?.value !== "verwerfen";
    const about = button && button !== agreed ? question(button) : null;
    clearTimeout(timer);
    agreed = null;
    if (running || comes || about) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (running || comes) hold(button, comes);
      else inquire(button, ...about);
      return;
    }
    leaves = true;
    // They came by themselves.
    if (!files.files.length) files.disabled = true;
    setTimeout(() => { files.disabled = false; leaves = false; }, 1000);
  }, { capture: true });

  // An answer is written above what it quotes.
  const text = document.getElementById("text");
  if (!failed && new URL(document.referrer || location).pathname.startsWith("/archiv/") && text.value) {
    text.focus();
    text.setSelectionRange(0, 0);
    text.scrollTop = 0;
  }

  // ---- files ----

  const box = document.getElementById("anlagen");
  const list = box.querySelector(".files");
  const amount = box.querySelector(".amount");
  const files = document.getElementById("dateien");
  const wrong = document.getElementById("dateien-fehler");
  const drop = document.querySelector(".drop");
  const language = document.documentElement.lang;
  const going = new Set();
  const missing = new Set(); // names of files that were to be attached
  let uploads = 0;

  const weigh = (size) => Math.ceil(size / 57) * 78 + 1000;
  const used = () => [...list.children].reduce((sum, item) => sum + Number(item.dataset.weight), 0);
  const size = (bytes) => {
    const units = ["Byte", "KB", "MB", "GB"];
    let unit = 0;
    for (; bytes >= 1000 && unit < 3; unit++) bytes /= 1000;
    return `${bytes.toLocaleString(language, { maximumFractionDigits: unit ? 1 : 0 })} ${units[unit]}`;
  };
  // Of a mail, as servers count.
  const mailSize = (bytes) => bytes < 1048576 ? size(bytes)
    : `${(bytes / 1048576).toLocaleString(language, { maximumFractionDigits: 1 })} MB`;
  const limit = Number(box.dataset.limit);
  const showAmount = (done) => {
    const note = amount.dataset.note ??= amount.textContent.slice(amount.textContent.indexOf("("));
    amount.textContent = `${box.dataset.amount.replace("{used}", mailSize(used())).replace("{limit}", mailSize(limit))} ${note}`;
    if (done) {
      amount.append(Object.assign(document.createElement("span"),
        { className: "kern-sr-only", textContent: ` ${box.dataset.done.replace("{}", done)}` }));
    }
  };
  const tellWrong = (text, ...nodes) => {
    wrong.hidden = !text;
    wrong.querySelector(".kern-body").replaceChildren(text, ...nodes);
    if (text) { files.setAttribute("aria-invalid", "true"); files.focus(); }
    else files.removeAttribute("aria-invalid");
  };
  const button = (label, name) => {
    const made = Object.assign(document.createElement("button"), { type: "button", className: "kern-btn kern-btn--tertiary" });
    made.innerHTML = '<span class="kern-label"></span>';
    const hidden = Object.assign(document.createElement("span"), { className: "kern-sr-only", textContent: `: ${name}` });
    made.firstChild.append(label, hidden);
    return made;
  };
  const note = (text) => Object.assign(document.createElement("span"), { className: "note", textContent: text });

  const takeAway = async (item, file) => {
    const answer = await ask(`${draft()}/anlage/entfernen`,
      () => new URLSearchParams({ csrf: sending.elements.csrf.value, datei: file }));
    if (!answer?.ok) return;
    const next = (item.nextElementSibling ?? item.previousElementSibling)?.querySelector("button") ?? files;
    item.remove();
    showAmount();
    next.focus();
  };
  const piece = (file, at, id) => {
    const data = new FormData();
    data.append("csrf", sending.elements.csrf.value);
    data.append("dateiname", file.name);
    data.append("groesse", file.size);
    data.append("ab", at);
    if (id) data.append("datei", id);
    data.append("stueck", file.slice(at, at + PIECE), file.name);
    return data;
  };
  const tries = 3;
  const sendPiece = async (path, file, at, id) => {
    for (let number = 1; ; number++) {
      try {
        return await ask(`${path}/anlage`, () => piece(file, at, id));
      } catch (lost) {
        if (number === tries || !id) throw lost;
        await new Promise((next) => { setTimeout(next, 1000 * number); });
      }
    }
  };
  const bring = async (file, item, bar, stopped) => {
    const path = await ensure();
    let id = 0;
    let at = 0;
    do {
      const answer = await sendPiece(path, file, at, id);
      const told = answer ? await answer.json() : null;
      if (!answer?.ok) throw Object.assign(new Error("refused"), { told, signedOut: !answer });
      id = told.datei;
      at = Math.min(at + PIECE, file.size);
      bar.value = at;
      if (stopped()) break;
    } while (at < file.size);
    return id;
  };
  // Without it nothing is sent by itself.
  const miss = (file) => {
    missing.add(file.name);
    letGo();
  };
  const upload = async (file) => {
    const item = document.createElement("li");
    const bar = Object.assign(document.createElement("progress"), { max: Math.max(file.size, 1), value: 0 });
    const stop = button(box.dataset.cancel, file.name);
    let stopped = false;
    bar.setAttribute("aria-label", file.name);
    item.dataset.weight = weigh(file.size);
    item.append(Object.assign(document.createElement("span"), { textContent: file.name }), " ", note(size(file.size)), " ", bar, stop);
    list.append(item);
    showAmount();
    stop.addEventListener("click", () => { stopped = true; miss(file); });
    try {
      const id = await bring(file, item, bar, () => stopped);
      if (stopped) { await takeAway(item, id); return; }
      const link = Object.assign(document.createElement("a"),
        { className: "kern-link", href: `${draft()}/anlage?n=${id}`, download: "", textContent: file.name });
      const remove = button(box.dataset.remove, file.name);
      remove.addEventListener("click", () => takeAway(item, id));
      const had = document.activeElement === stop;
      item.replaceChildren(link, " ", note(size(file.size)), " ", remove);
      if (had) remove.focus();
      missing.delete(file.name);
      showAmount(file.name);
    } catch ({ told, signedOut }) {
      item.remove();
      miss(file);
      if (signedOut) tellWrong(`${box.dataset.signedOut.replace("{}", file.name)} `, signInLink());
      else tellWrong(told ? `${told.message} ${told.advice}` : box.dataset.lost.replace("{}", file.name));
      showAmount();
    }
  };
  // One after another.
  let turn = Promise.resolve();
  const take = (chosen) => {
    tellWrong("");
    let sum = used();
    const fits = (file) => {
      const good = sum + weigh(file.size) <= limit;
      if (good) sum += weigh(file.size);
      return good;
    };
    const taken = chosen.filter(fits);
    const refused = chosen.filter((file) => !taken.includes(file));
    if (refused.length) {
      refused.forEach(miss);
      tellWrong((refused.length === 1 ? box.dataset.much : box.dataset.muchMore)
        .replace("{}", refused.map((file) => file.name).join(", ")).replace("{limit}", size(limit)));
    }
    for (const file of taken) {
      uploads++;
      turn = turn.then(() => upload(file)).finally(() => { uploads--; });
      going.add(turn);
    }
  };
  files.addEventListener("change", () => {
    const chosen = [...files.files];
    files.value = "";
    take(chosen);
  });
  box.querySelector("button[value=anlagen]").hidden = true;
  // A click on "Entfernen" leaves the page as it is.
  list.addEventListener("click", (event) => {
    const clicked = event.target.closest("button[value^=entfernen-]");
    if (!clicked) return;
    event.preventDefault();
    takeAway(clicked.closest("li"), clicked.value.replace("entfernen-", ""));
  });
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  let inside = 0;
  document.addEventListener("dragenter", (event) => { if (holdsFiles(event)) { inside++; drop.hidden = false; } });
  document.addEventListener("dragleave", (event) => { if (holdsFiles(event) && --inside <= 0) drop.hidden = true; });
  document.addEventListener("dragover", (event) => { if (holdsFiles(event)) event.preventDefault(); });
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    inside = 0;
    drop.hidden = true;
    take([...event.dataTransfer.files]);
  });

  // ---- addresses: a list below the field, for the address that is being typed ----

  const offered = document.getElementById("adressen");
  for (const field of sending.querySelectorAll("input[list=adressen]")) {
    const choices = Object.assign(document.createElement("ul"), { className: "choices", id: `${field.id}-liste`, hidden: true });
    let wait = 0;
    let at = -1;
    field.removeAttribute("list");
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", choices.id);
    choices.setAttribute("role", "listbox");
    choices.setAttribute("aria-label", offered.dataset.label);
    field.after(choices);
    field.parentElement.classList.add("completes");

    const close = () => {
      choices.hidden = true;
      at = -1;
      field.setAttribute("aria-expanded", "false");
      field.removeAttribute("aria-activedescendant");
    };
    close();
    // Where the address at the cursor begins: a comma before any "@" belongs to a name.
    const start = () => {
      const before = field.value.slice(0, field.selectionStart);
      let from = before.lastIndexOf(";") + 1;
      for (let comma = before.indexOf(",", from); comma >= 0; comma = before.indexOf(",", comma + 1)) {
        if (before.slice(from, comma).includes("@")) from = comma + 1;
      }
      return from + before.slice(from).search(/\S|$/);
    };
    const choose = (text) => {
      const from = start();
      const rest = field.value.slice(field.selectionStart).replace(/^[^,;]*[,;]?\s*/, "");
      field.value = `${field.value.slice(0, from)}${text}, ${rest}`;
      field.setSelectionRange(from + text.length + 2, from + text.length + 2);
      close();
      field.focus();
      schedule(KEEP_AFTER);
    };
    const mark = (number) => {
      at = (number + choices.children.length) % choices.children.length;
      [...choices.children].forEach((choice, index) => choice.setAttribute("aria-selected", String(index === at)));
      field.setAttribute("aria-activedescendant", choices.children[at].id);
      choices.children[at].scrollIntoView({ block: "nearest" });
    };
    const complete = async () => {
      const typed = field.value.slice(start(), field.selectionStart);
      if (typed.length < 2) return close();
      const answer = await fetch(`${offered.dataset.addresses}?prefix=${encodeURIComponent(typed)}`, { redirect: "error" })
        .catch(() => null);
      if (!answer?.ok || document.activeElement !== field || typed !== field.value.slice(start(), field.selectionStart)) return;
      const found = await answer.json();
      choices.replaceChildren(...found.map((text, index) => {
        const choice = Object.assign(document.createElement("li"), { id: `${choices.id}-${index}`, textContent: text });
        choice.setAttribute("role", "option");
        choice.setAttribute("aria-selected", "false");
        choice.addEventListener("mousedown", (event) => { event.preventDefault(); choose(text); });
        return choice;
      }));
      if (!found.length) return close();
      at = -1;
      choices.hidden = false;
      field.setAttribute("aria-expanded", "true");
    };
    field.addEventListener("input", () => {
      clearTimeout(wait);
      wait = setTimeout(complete, 150);
    });
    field.addEventListener("blur", close);
    field.addEventListener("keydown", (event) => {
      if (choices.hidden) return;
      if (event.key === "ArrowDown") mark(at + 1);
      else if (event.key === "ArrowUp") mark(at < 0 ? -1 : at - 1);
      else if (event.key === "Enter" && at >= 0) choose(choices.children[at].textContent);
      else if (event.key === "Escape") close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
}
