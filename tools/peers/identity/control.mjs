// The tests' own entrance, on a port of its own: POST /COMMAND with JSON, answered with JSON; and
// /introspect (RFC 7662, a form) for mail servers.

import { createServer } from 'node:http';

const SCOPE_OF_SERVICE = {
  imap: 'https://outlook.office.com/IMAP.AccessAsUser.All',
  smtp: 'https://outlook.office.com/SMTP.Send',
};

export function createControl(state, store, provider, setOnline) {
  const commands = { ...commandsFor(state, store, provider), online: ({ online }) => setOnline(online) };
  return createServer(async (req, res) => {
    const name = req.url.slice(1);
    try {
      const text = await readAll(req);
      const answer = name === 'introspect'
        ? introspect(state, store, new URLSearchParams(text).get('token') ?? '')
        : await commands[name](JSON.parse(text || '{}'));
      if (name === 'reset') await setOnline(true);
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}));
    } catch (error) {
      const message = name in commands ? String(error) : `unknown command ${name}`;
      res.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error: message }));
    }
  });
}

async function readAll(req) {
  const parts = [];
  for await (const part of req) parts.push(part);
  return Buffer.concat(parts).toString();
}

function commandsFor(state, store, provider) {
  const subjectOf = (name) => (name === undefined || name === null ? undefined : known(state, name).subject);
  return {
    set: (values) => state.set(values),
    user: (values) => void state.setUser(values),
    client: (values) => state.setClient(values),
    password: ({ name, password }) => {
      state.setUser({ name: known(state, name).name, password });
      store.endSessions(subjectOf(name));
      return { revoked: store.revoke(subjectOf(name), 50173, ['AuthorizationCode', 'RefreshToken']) };
    },
    revoke: ({ name, aadsts = 50173, kinds }) => {
      store.endSessions(subjectOf(name));
      return { revoked: store.revoke(subjectOf(name), aadsts, kinds) };
    },
    'forget-consent': ({ name }) => state.forgetConsents(subjectOf(name)),
    'admin-consent': ({ client, given }) => (given ? state.giveAdminConsent(client) : state.takeAdminConsents()),
    force: ({ endpoint, ...answer }) => state.force(endpoint, answer),
    release: () => state.release(),
    waiting: () => ({ waiting: state.waiting }),
    refuse: ({ times, ...refusal }) => void state.refusals.push(...Array(times).fill(refusal)),
    reset: () => state.reset(),
    counts: () => state.counts,
    journal: () => state.journal,
    issue: (values) => issue(state, provider, values),
  };
}

function known(state, name) {
  const user = state.user(name);
  if (!user) throw new Error(`unknown user ${name}`);
  return user;
}

function introspect(state, store, token) {
  state.count('introspect');
  const payload = store.find('AccessToken', token);
  const user = payload && state.userOf(payload.accountId);
  if (!user || payload.exp <= Date.now() / 1000) return { active: false };
  const scopes = (payload.scope ?? '').split(' ');
  return {
    active: true,
    username: user.name,
    addresses: user.addresses.join(' '),
    scope: payload.scope,
    services: Object.keys(SCOPE_OF_SERVICE).filter((key) => scopes.includes(SCOPE_OF_SERVICE[key])).join(' '),
    client_id: payload.clientId,
    exp: payload.exp,
  };
}

// An access token without a browser, for tests of mail servers alone.
async function issue(state, provider, { name, client: id, scope, lifetime }) {
  const client = await provider.Client.find(id);
  const { subject } = known(state, name);
  const grant = new provider.Grant({ accountId: subject, clientId: id });
  grant.addOIDCScope(scope);
  const token = new provider.AccessToken({ accountId: subject, client, grantId: await grant.save(), scope });
  token.expiresIn = lifetime ?? state.lifetimes.access;
  return { access_token: await token.save() };
}
