// oidc-provider with Microsoft's habits: who has to sign in when, what stands in the tokens, and how
// answers look.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Provider, interactionPolicy } from 'oidc-provider';

import { body, describe, meaning } from './errors.mjs';
import { errorPage } from './pages.mjs';

export const AUTHORIZE = '/oauth2/v2.0/authorize';
export const TOKEN = '/oauth2/v2.0/token';
export const SCOPES = [
  'https://outlook.office.com/IMAP.AccessAsUser.All',
  'https://outlook.office.com/SMTP.Send',
  'https://outlook.office.com/POP.AccessAsUser.All',
];
const STANDARD_SCOPES = ['openid', 'profile', 'email', 'offline_access'];
const BITS_PER_LETTER = 6;
const CODE_LETTERS = 120;
const REFRESH_TOKEN_LETTERS = 1200;
const ID_LETTERS = 27;
const TEN_MINUTES = 600;
const DAY = 86_400;

export function createProvider(issuer, state, store) {
  const provider = new Provider(issuer, configuration(state, store));
  const faults = new WeakMap(); // context -> what went wrong at the token endpoint
  provider.on('grant.error', (ctx, error) => faults.set(ctx, error));
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path === TOKEN) dressToken(ctx, state, store, faults.get(ctx));
    dressRedirect(ctx);
  });
  provider.on('server_error', (_ctx, error) => console.error(error));
  markTokens(provider, state);
  return provider;
}

// Codes and tokens that can be found in a program's output.
function markTokens(provider, state) {
  for (const { prototype } of [provider.AccessToken, provider.AuthorizationCode, provider.RefreshToken]) {
    const generate = prototype.generateTokenId;
    prototype.generateTokenId = function marked() {
      return state.mark + generate.call(this);
    };
  }
}

function configuration(state, store) {
  return {
    adapter: (name) => store.adapter(name),
    findAccount: (_ctx, subject) => account(state, subject),
    claims: { openid: ['sub', 'oid', 'tid', 'ver', 'name', 'preferred_username', 'upn', 'email'] },
    conformIdTokenClaims: false,
    cookies: { keys: [randomUUID()] },
    extraParams: ['microsoft_prompt'],
    features: { devInteractions: { enabled: false }, userinfo: { enabled: false } },
    formats: { bitsOfOpaqueRandomness: (_ctx, token) => BITS_PER_LETTER * letters(state, token) },
    interactions: { policy: policy(state), url: (_ctx, { uid }) => `/interaction/${uid}` },
    jwks: { keys: [signingKey()] },
    loadExistingGrant: (ctx) => loadGrant(ctx, state),
    pkce: { required: () => true },
    renderError: (ctx, out, error) => showError(ctx, out, error),
    revokeGrantPolicy: () => state.strict,
    rotateRefreshToken: true,
    routes: { authorization: AUTHORIZE, token: TOKEN },
    scopes: [...STANDARD_SCOPES, ...SCOPES],
    ttl: {
      AccessToken: () => state.lifetimes.access,
      AuthorizationCode: () => state.lifetimes.code,
      Grant: () => state.lifetimes.refresh + DAY,
      IdToken: () => TEN_MINUTES * 6,
      Interaction: () => TEN_MINUTES,
      RefreshToken: () => state.lifetimes.refresh,
      Session: () => DAY,
    },
  };
}

function signingKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: randomUUID() };
}

function letters(state, token) {
  return {
    AccessToken: state.tokenLength, AuthorizationCode: CODE_LETTERS, RefreshToken: REFRESH_TOKEN_LETTERS,
  }[token.kind] ?? ID_LETTERS;
}

function account(state, subject) {
  const user = state.userOf(subject);
  return user && {
    accountId: subject,
    claims: () => ({ sub: subject, oid: subject, tid: state.tenant, ver: '2.0', ...user.claims }),
  };
}

// Sign-in as usual; the account picker; consent once for each person and application.
function policy(state) {
  const { Check, Prompt, base } = interactionPolicy;
  const prompts = base();
  prompts.add(new Prompt({ name: 'select_account', requestable: true }), 0);
  const { checks } = prompts.get('consent');
  // The front adds prompt=consent to every request, or oidc-provider would drop offline_access.
  checks.remove('consent_prompt');
  checks.remove('native_client_prompt');
  checks.add(new Check('consent_asked_for', 'consent was asked for', ({ oidc }) => (
    (oidc.params.microsoft_prompt ?? '').split(' ').includes('consent') && !oidc.result?.consent)));
  checks.add(new Check('administrator_needed', 'the grant requires admin permission', ({ oidc }) => (
    state.adminConsentRequired && !state.hasAdminConsent(oidc.client.clientId))));
  return prompts;
}

// A grant for each sign-in, so that ending one leaves the others; consents given before count.
async function loadGrant(ctx, state) {
  const { oidc } = ctx;
  const { accountId } = oidc.session;
  const given = oidc.result?.consent?.grantId;
  if (given) return oidc.provider.Grant.find(given);
  const consented = state.consented(accountId, oidc.client.clientId);
  const asked = oidc.params.scope?.split(' ') ?? [];
  if (!state.hasAdminConsent(oidc.client.clientId) && !asked.every((scope) => consented.has(scope))) {
    return undefined;
  }
  const grant = new oidc.provider.Grant({ accountId, clientId: oidc.client.clientId });
  grant.addOIDCScope(asked.join(' '));
  await grant.save();
  return grant;
}

function showError(ctx, out, error) {
  const number = meaning(out.error, error.error_detail, out.error_description);
  ctx.type = 'html';
  ctx.body = errorPage(describe(number, undefined), detail(ctx, number));
}

function detail(ctx, number) {
  const { redirect_uri: redirect, client_id: client } = ctx.query;
  if (number === 50011) return `Umleitungsadresse: ${redirect}`;
  return number === 700016 ? `Anwendung: ${client}` : '';
}

function dressToken(ctx, state, store, fault) {
  if (ctx.status === 200) {
    ctx.body = { ...ctx.body, ext_expires_in: ctx.body.expires_in, scope: audienceScopes(ctx.body.scope) };
    return;
  }
  if (!ctx.body?.error) return;
  const [error, number] = refusal(ctx, state, store, fault);
  ctx.status = error === 'invalid_client' ? 401 : 400;
  ctx.body = body(error, number);
}

// Microsoft's answer names the resource's scopes, not offline_access.
function audienceScopes(scope) {
  return (scope ?? '').split(' ').filter((word) => word !== 'offline_access').join(' ');
}

function refusal(ctx, state, store, fault) {
  const { error, error_description: text } = ctx.body;
  const parameters = ctx.req.parameters ?? {};
  const number = meaning(error, fault?.error_detail, text);
  if (error === 'invalid_client') return clientRefusal(state.client(parameters.client_id), parameters, number);
  if (error !== 'invalid_grant') return [error, number];
  const reason = store.reason('RefreshToken', parameters.refresh_token)
    ?? store.reason('AuthorizationCode', parameters.code);
  return [error, reason ?? number];
}

function clientRefusal(client, parameters, number) {
  if (!client) return ['unauthorized_client', 700016];
  const hasSecret = parameters.client_secret !== undefined;
  if (client.secret && !hasSecret && number !== 7000222) return ['invalid_client', 7000218];
  if (!client.secret) return ['invalid_client', 700025];
  return ['invalid_client', number === 7000222 ? number : 7000215];
}

// Microsoft sends session_state instead of RFC 9207's iss, and its own sentences.
function dressRedirect(ctx) {
  const location = ctx.response.get('location');
  if (!location || !/[?&](code|error)=/.test(location)) return;
  const url = new URL(location);
  url.searchParams.delete('iss');
  const error = url.searchParams.get('error');
  const text = url.searchParams.get('error_description') ?? '';
  if (!error) url.searchParams.set('session_state', randomUUID());
  else if (!text.startsWith('AADSTS')) {
    url.searchParams.set('error_description', describe(meaning(error, text)));
  }
  ctx.set('location', url.href);
}
