// Everything that a test can set and ask: people, applications, lifetimes, answers to be forced, and a
// journal of all requests.

import { createHash, randomUUID } from 'node:crypto';

const SECRETS = new Set(['client_secret', 'code', 'code_verifier', 'password', 'refresh_token', 'token']);

const DAY = 86_400;
const LIFETIMES = { access: 3600, refresh: 90 * DAY, code: 600, grace: DAY };
const TOKEN_LENGTH = 2100;

export const hash = (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

export class State {
  tenant = randomUUID();
  tenants = new Set(['organizations', 'common', this.tenant]);
  mark = ''; // what codes and tokens begin with
  lifetimes = { ...LIFETIMES };
  tokenLength = TOKEN_LENGTH;
  strict = false;
  adminConsentRequired = false;
  refusals = []; // what the next sign-ins are answered after the password
  declines = 0; // how many of the next consents are declined without a page
  forced = new Map(); // endpoint -> answers for its next requests
  journal = [];
  counts = {};
  #users = new Map();
  #clients = new Map();
  #consents = new Map();
  #adminConsents = new Set();
  #gates = new Set();

  constructor({ clients = [], users = [], tenants = [], ...options }) {
    clients.forEach((client) => this.setClient(client));
    users.forEach((user) => this.setUser(user));
    tenants.forEach((tenant) => this.tenants.add(tenant));
    this.set(options);
  }

  // Changes some of the plain values above.
  set({ lifetimes, ...values }) {
    Object.assign(this.lifetimes, lifetimes);
    for (const [name, value] of Object.entries(values)) {
      if (!(name in this)) throw new Error(`unknown value ${name}`);
      this[name] = value;
    }
  }

  // Adds or changes a person; what is not given stays as it is.
  setUser({ name, ...values }) {
    const key = name.toLowerCase();
    const user = this.#users.get(key)
      ?? { subject: randomUUID(), name, password: '', claims: { preferred_username: name },
        addresses: [name], admin: false };
    this.#users.set(key, Object.assign(user, values));
    return user;
  }

  user(name) {
    return this.#users.get((name ?? '').trim().toLowerCase());
  }

  userOf(subject) {
    return [...this.#users.values()].find((user) => user.subject === subject);
  }

  setClient({ id, ...values }) {
    this.#clients.set(id, { name: id, redirectUris: [], ...this.#clients.get(id), ...values });
  }

  client(id) {
    return this.#clients.get(id);
  }

  // As oidc-provider wants it. "native" also for confidential ones: it allows http on loopback.
  clientMetadata(id) {
    const client = this.client(id);
    return client && {
      client_id: id,
      application_type: 'native',
      redirect_uris: client.redirectUris,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      id_token_signed_response_alg: 'ES256',
      token_endpoint_auth_method: client.secret ? 'client_secret_post' : 'none',
      ...(client.secret && {
        client_secret: client.secret,
        client_secret_expires_at: client.secretExpired ? 1 : 0,
      }),
    };
  }

  // Microsoft asks each person once for each application, whatever browser they use.
  consent(subject, client, scopes) {
    this.#consents.set(`${subject} ${client}`, new Set([...this.consented(subject, client), ...scopes]));
  }

  consented(subject, client) {
    return this.#consents.get(`${subject} ${client}`) ?? new Set();
  }

  forgetConsents(subject) {
    for (const key of this.#consents.keys()) {
      if (key.startsWith(`${subject} `)) this.#consents.delete(key);
    }
  }

  giveAdminConsent(client) {
    this.#adminConsents.add(client);
  }

  takeAdminConsents() {
    this.#adminConsents.clear();
  }

  hasAdminConsent(client) {
    return this.#adminConsents.has(client);
  }

  count(name) {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }

  // Notes a request; its status is added when it is answered.
  note({ endpoint, parameters, ...rest }) {
    const shown = Object.fromEntries(Object.entries(parameters)
      .map(([key, value]) => [key, SECRETS.has(key) ? hash(value) : value]));
    const entry = { endpoint, ...rest, parameters: shown, at: Date.now() / 1000, status: null };
    this.journal.push(entry);
    this.count(endpoint);
    if (endpoint === 'token') this.count(`token:${parameters.grant_type ?? ''}`);
    return entry;
  }

  force(endpoint, answer) {
    if (!this.forced.has(endpoint)) this.forced.set(endpoint, []);
    this.forced.get(endpoint).push({ times: 1, ...answer });
  }

  // The answer to be forced on the request that just came. times -1: on all that follow.
  takeForced(endpoint) {
    const queue = this.forced.get(endpoint) ?? [];
    const [answer] = queue;
    if (answer && answer.times > 0) answer.times -= 1;
    if (answer && answer.times === 0) queue.shift();
    return answer;
  }

  // Holds a request until release().
  wait() {
    return new Promise((resolve) => {
      this.#gates.add(resolve);
    });
  }

  get waiting() {
    return this.#gates.size;
  }

  release() {
    for (const open of this.#gates) open();
    this.#gates.clear();
  }

  // Back to plain service; people, applications, consents and tokens stay.
  reset() {
    this.forced.clear();
    this.release();
    this.journal.length = 0;
    this.refusals.length = 0;
    this.#adminConsents.clear();
    this.set({
      counts: {}, declines: 0, adminConsentRequired: false, strict: false, tokenLength: TOKEN_LENGTH,
      lifetimes: LIFETIMES,
    });
  }
}
