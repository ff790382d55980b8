// The pages that a person sees: German, plain forms, no script.

const RIGHTS = {
  'https://outlook.office.com/IMAP.AccessAsUser.All': 'Ihre E-Mails lesen und ablegen (IMAP)',
  'https://outlook.office.com/SMTP.Send': 'E-Mails in Ihrem Namen senden (SMTP)',
  'https://outlook.office.com/POP.AccessAsUser.All': 'Ihre E-Mails abrufen (POP)',
  offline_access: 'Den Zugriff behalten, den Sie ihr gewähren',
  openid: 'Sie anmelden',
  profile: 'Ihr Profil ansehen',
  email: 'Ihre E-Mail-Adresse ansehen',
};

const STYLE = `
:root { color-scheme: light dark; --ground: #e9eef4; --card: #fff; --text: #17212b; --soft: #52606d;
  --line: #9aa5b1; --accent: #0b5cad; --on: #fff; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ground: #11181f; --card: #1b252f; --text: #e6ebf0;
  --soft: #a9b4bf; --line: #5b6874; --accent: #7db8f2; --on: #0d1720; --bad: #ffb4ab; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  background: var(--ground); color: var(--text); font: 1rem/1.5 "Segoe UI", "Fira Sans", system-ui, sans-serif; }
main { width: min(28rem, 100%); background: var(--card); border-radius: .5rem; padding: 2.25rem;
  box-shadow: 0 .25rem 1.5rem rgb(0 0 0 / .15); overflow-wrap: anywhere; }
.service { display: flex; gap: .6rem; align-items: center; margin: 0 0 1.5rem; color: var(--soft); }
.service svg { width: 1.4rem; height: 1.4rem; fill: var(--accent); flex: none; }
h1 { font-size: 1.45rem; line-height: 1.25; margin: 0 0 .5rem; }
p { margin: 0 0 1rem; }
label { display: block; font-weight: 600; margin: 1rem 0 .25rem; }
input { width: 100%; font: inherit; padding: .55rem .65rem; color: inherit; background: transparent;
  border: 1px solid var(--line); border-radius: .25rem; }
button { font: inherit; font-weight: 600; padding: .55rem 1.4rem; border-radius: .25rem; cursor: pointer;
  border: 1px solid var(--accent); background: transparent; color: var(--accent); }
button.main { background: var(--accent); color: var(--on); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.buttons { display: flex; gap: .75rem; justify-content: flex-end; margin-top: 1.75rem; }
.problem { color: var(--bad); font-weight: 600; }
.other { border-top: 1px solid var(--line); margin-top: 1.5rem; }
ul { margin: 0 0 1rem; padding: 0; list-style: none; border: 1px solid var(--line); border-radius: .25rem; }
li { padding: .6rem .8rem; }
li + li { border-top: 1px solid var(--line); }
.soft { color: var(--soft); font-size: .9rem; margin: 0; }
pre { white-space: pre-wrap; font-size: .85rem; color: var(--soft); }`;

const SYMBOL = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 1 3 5v6c0 5.5 3.8 10.7 9 12 5.2-1.3 '
  + '9-6.5 9-12V5z"/></svg>';

export function escape(text) {
  return String(text ?? '').replace(/[&<>"']/g, (letter) => `&#${letter.codePointAt(0)};`);
}

export function sendPage(res, page, status = 200) {
  res.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  });
  res.end(page);
}

function page(title, content) {
  return `<!DOCTYPE html>
<html lang="de">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="service">${SYMBOL} Anmeldedienst (Probebetrieb)</p>
<h1>${escape(title)}</h1>
${content}
</main>
</body>
</html>
`;
}

const warning = (problem) => (problem ? `<p class="problem" role="alert">${escape(problem)}</p>` : '');

const fields = (name) => `<label for="name">Benutzername</label>
<input id="name" name="name" type="text" autocomplete="username" autocapitalize="none" spellcheck="false"
 value="${escape(name)}"${name ? '' : ' autofocus'}>
<label for="password">Kennwort</label>
<input id="password" name="password" type="password" autocomplete="current-password"${name ? ' autofocus' : ''}>`;

export function loginPage({ application, name, problem, picking, present }) {
  const pick = present ? `<form method="post"><input type="hidden" name="present" value="yes">
<div class="buttons"><button class="main">Weiter als ${escape(present)}</button></div></form>
<p class="other"></p><p>Oder mit einem anderen Konto:</p>` : '';
  return page(picking ? 'Konto auswählen' : 'Anmelden', `<p>Weiter zu <strong>${escape(application)}</strong></p>
${warning(problem)}${pick}<form method="post">
${fields(name)}
<div class="buttons"><button class="main" name="action" value="sign-in">Anmelden</button></div>
</form>`);
}

const rights = (scopes) => `<ul>${scopes.map((scope) => `<li>${escape(RIGHTS[scope] ?? scope)}</li>`).join('')}</ul>`;

const decision = `<div class="buttons"><button name="decision" value="decline">Ablehnen</button>
<button class="main" name="decision" value="accept">Akzeptieren</button></div>`;

export function consentPage({ application, name, scopes }) {
  return page('Angeforderte Berechtigungen', `<p><strong>${escape(application)}</strong> möchte:</p>
${rights(scopes)}
<p class="soft">Angemeldet als ${escape(name)}. Sie können diese Zustimmung jederzeit zurücknehmen.</p>
<form method="post">${decision}</form>`);
}

export function administratorNeededPage({ application, name }) {
  return page('Genehmigung durch Administrator erforderlich', `<p><strong>${escape(application)}</strong> benötigt
Berechtigungen, die nur ein Administrator Ihrer Behörde erteilen kann. Bitte wenden Sie sich an ihn.</p>
<p class="soft">Angemeldet als ${escape(name)}.</p>
<form method="post"><div class="buttons"><button class="main" name="decision" value="decline">Zurück
zur Anwendung</button></div></form>`);
}

export function adminConsentPage({ application, scopes, name = '', problem = '' }) {
  return page('Zustimmung für die ganze Behörde', `<p><strong>${escape(application)}</strong> möchte für alle
Benutzer Ihrer Behörde:</p>
${rights(scopes)}
${warning(problem)}<form method="post">
<p class="soft">Bitte melden Sie sich als Administrator an.</p>
${fields(name)}
${decision}</form>`);
}

export function errorPage(text, more = '') {
  return page('Die Anmeldung ist nicht möglich', `<p>Bitte wenden Sie sich an Ihren Administrator.</p>
<pre>${escape(text)}${more ? `\n${escape(more)}` : ''}</pre>`);
}
