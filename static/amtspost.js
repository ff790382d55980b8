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
document.querySelector("main [role=alert], main [aria-invalid=true]")?.scrollIntoView({ block: "center" });

// A form that takes longer shows that it runs, and is not sent twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  // A file leaves the page as it is: the form may be sent again a little later.
  if (form.closest("[data-download]")) { setTimeout(() => delete form.dataset.sent, 3000); return; }
  setTimeout(() => {
    const button = event.submitter;
    if (button) button.setAttribute("aria-busy", "true");
  }, 100);
});
// The browser's way back shows the form as it was left.
addEventListener("pageshow", () => { for (const form of document.forms) delete form.dataset.sent; });

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
