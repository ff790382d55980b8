// What stands before oidc-provider: Microsoft's paths with the tenant, the journal, answers forced by a
// test, and the two prompts that oidc-provider handles otherwise.

import { body, describe } from './errors.mjs';
import { isForcedWhole, sendForced } from './forced.mjs';
import { errorPage, sendPage } from './pages.mjs';
import { SCOPES } from './provider.mjs';

const MOST_BODY = 65_536;
const PATHS = [
  [/^\/([^/]+)(\/oauth2\/v2\.0\/authorize)$/, 'authorize'],
  [/^\/([^/]+)(\/oauth2\/v2\.0\/authorize\/[^/]+)$/, 'resume'],
  [/^\/([^/]+)(\/oauth2\/v2\.0\/token)$/, 'token'],
  [/^\/([^/]+)(\/v2\.0\/adminconsent)$/, 'adminconsent'],
  [/^()\/interaction\/[^/]+$/, 'interaction'],
];
const KNOWN_SCOPES = new Set([...SCOPES, 'openid', 'profile', 'email', 'offline_access']);
const NOTED_HEADERS = ['accept', 'content-type', 'host', 'user-agent'];

export function createFront(state, provider, signIn) {
  const serve = provider.callback();
  const handlers = {
    authorize: (request) => authorize(request, state, serve),
    resume: (request) => { strip(request); serve(request.req, request.res); },
    token: (request) => { strip(request); serve(request.req, request.res); },
    adminconsent: (request) => signIn.adminConsent(request),
    interaction: (request) => signIn.interaction(request),
  };
  return async (req, res) => {
    try {
      const request = await read(req, res);
      const entry = state.note(noted(request));
      res.on('close', () => { entry.status = res.statusCode; });
      await answer(request, state, handlers);
    } catch (error) {
      console.error(error);
      if (!res.headersSent) res.writeHead(error.status ?? 500);
      res.end();
    }
  };
}

async function read(req, res) {
  const url = new URL(req.url, 'http://localhost');
  const [endpoint, tenant, path] = match(url.pathname);
  const form = req.method === 'POST' ? await readForm(req) : new URLSearchParams();
  const parameters = Object.fromEntries([...url.searchParams, ...form]);
  // oidc-provider takes the body from here, since the stream is read already.
  if (req.method === 'POST') req.body = form.toString();
  return { req, res, url, endpoint, tenant, path, parameters: withBasic(req, parameters) };
}

function match(pathname) {
  for (const [pattern, endpoint] of PATHS) {
    const found = pattern.exec(pathname);
    if (found) return [endpoint, decodeURIComponent(found[1]), found[2]];
  }
  return ['other'];
}

async function readForm(req) {
  const parts = [];
  let size = 0;
  for await (const part of req) {
    size += part.length;
    if (size > MOST_BODY) throw Object.assign(new Error('body too large'), { status: 413 });
    parts.push(part);
  }
  return new URLSearchParams(Buffer.concat(parts).toString());
}

// The journal shows a secret in the header like one in the form.
function withBasic(req, parameters) {
  const [, basic] = /^Basic (.+)$/i.exec(req.headers.authorization ?? '') ?? [];
  if (!basic) return parameters;
  const [id, secret] = Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent);
  return { client_id: id, client_secret: secret, ...parameters };
}

function noted({ req, url, endpoint, tenant, parameters }) {
  const headers = Object.fromEntries(NOTED_HEADERS.map((name) => [name, req.headers[name] ?? null]));
  return { endpoint, tenant: tenant ?? null, method: req.method, path: url.pathname, headers, parameters };
}

async function answer(request, state, handlers) {
  const { req, res, endpoint, parameters, tenant } = request;
  const forced = state.takeForced(endpoint);
  if (forced?.hold) await state.wait();
  if (forced?.delay) await new Promise((resolve) => { setTimeout(resolve, forced.delay * 1000); });
  if (forced && isForcedWhole(forced)) return sendForced(res, forced);
  if (forced?.lose) loseAnswer(res);
  if (!(endpoint in handlers)) return sendPage(res, errorPage('Diese Seite gibt es nicht.'), 404);
  if (tenant && !state.tenants.has(tenant)) return refuse(request, 90002);
  req.parameters = parameters;
  return handlers[endpoint](request);
}

// The request is carried out, but its answer never arrives.
function loseAnswer(res) {
  res.write = () => true;
  res.end = () => { res.destroy(); };
}

// Takes the tenant away; oidc-provider makes its own addresses from originalUrl.
function strip({ req, tenant, path, url }) {
  req.url = path + url.search;
  req.originalUrl = `/${tenant}${req.url}`;
}

function authorize(request, state, serve) {
  const { url, parameters } = request;
  if ((parameters.scope ?? '').split(' ').some((scope) => scope && !KNOWN_SCOPES.has(scope))) {
    return redirectWith(request, state, 'invalid_scope', 70011);
  }
  const prompts = (parameters.prompt ?? '').split(' ').filter(Boolean);
  if (!prompts.includes('none')) {
    url.searchParams.set('prompt', [...new Set([...prompts, 'consent'])].join(' '));
    if (prompts.length) url.searchParams.set('microsoft_prompt', prompts.join(' '));
  }
  strip(request);
  return serve(request.req, request.res);
}

// An error that the application is told, where its address is a registered one.
function redirectWith(request, state, error, number) {
  const { res, parameters } = request;
  const client = state.client(parameters.client_id);
  const bare = (address) => (address ?? '').replace(/^(http:\/\/localhost):\d+/, '$1');
  if (!client?.redirectUris.map(bare).includes(bare(parameters.redirect_uri))) return refuse(request, 50011);
  const target = new URL(parameters.redirect_uri);
  target.searchParams.set('error', error);
  target.searchParams.set('error_description', describe(number));
  if (parameters.state) target.searchParams.set('state', parameters.state);
  return res.writeHead(302, { location: target.href }).end();
}

function refuse({ res, endpoint }, number) {
  if (endpoint !== 'token') return sendPage(res, errorPage(describe(number)), 400);
  const json = JSON.stringify(body('invalid_request', number));
  return res.writeHead(400, { 'content-type': 'application/json; charset=utf-8' }).end(json);
}
