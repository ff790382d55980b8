// The pages between "authorize" and the redirect: who are you, do you agree. Plain forms; each POST
// redirects or shows its page again.

import { describe } from './errors.mjs';
import {
  adminConsentPage, administratorNeededPage, consentPage, errorPage, loginPage, sendPage,
} from './pages.mjs';

export class SignIn {
  constructor(state, provider, store) {
    Object.assign(this, { state, provider, store });
  }

  async interaction({ req, res, parameters }) {
    let details;
    try {
      details = await this.provider.interactionDetails(req, res);
    } catch {
      sendPage(res, errorPage('Diese Anmeldung ist abgelaufen. Bitte beginnen Sie in der Anwendung von vorn.'), 400);
      return;
    }
    const step = { req, res, parameters, details, client: this.state.client(details.params.client_id) };
    const isPost = req.method === 'POST';
    if (details.prompt.name === 'consent') await (isPost ? this.#decide(step) : this.#askConsent(step));
    else if (isPost) await this.#logIn(step);
    else this.#askWho(step);
  }

  #askWho({ res, details, client }, problem = '', name = undefined) {
    const picking = details.prompt.name === 'select_account';
    const present = picking ? this.state.userOf(details.session?.accountId) : undefined;
    sendPage(res, loginPage({
      application: client.name,
      name: name ?? details.params.login_hint ?? '',
      problem,
      picking,
      present: present?.name,
    }));
  }

  async #logIn(step) {
    const { details, parameters } = step;
    this.state.count('login');
    const user = parameters.present
      ? this.state.userOf(details.session?.accountId)
      : this.#authenticate(parameters);
    if (!user) {
      this.#askWho(step, 'Name oder Kennwort stimmt nicht.', parameters.name);
      return;
    }
    const refusal = this.state.refusals.shift();
    if (refusal) {
      await this.#refuse(step, refusal.error, refusal.aadsts, refusal.text);
      return;
    }
    await this.#forgetOther(details, user);
    await this.#finish(step, { select_account: {}, login: { accountId: user.subject } });
  }

  #authenticate({ name, password }) {
    const user = this.state.user(name);
    return user && !user.locked && user.password === password ? user : undefined;
  }

  // oidc-provider would log the other one out by a page that needs JavaScript.
  async #forgetOther(details, user) {
    if (!details.session?.accountId || details.session.accountId === user.subject) return;
    const session = await this.provider.Session.findByUid(details.session.uid);
    await session?.destroy();
    details.session = undefined;
    await details.save(details.exp - Math.floor(Date.now() / 1000));
  }

  async #askConsent(step) {
    const { res, details, client } = step;
    const user = this.state.userOf(details.session.accountId);
    if (this.state.declines > 0) {
      this.state.declines -= 1;
      await this.#refuse(step, 'access_denied', 65004);
    } else if (this.#needsAdministrator(details)) {
      sendPage(res, administratorNeededPage({ application: client.name, name: user.name }));
    } else {
      sendPage(res, consentPage({
        application: client.name, name: user.name, scopes: details.params.scope.split(' '),
      }));
    }
  }

  #needsAdministrator({ params }) {
    return this.state.adminConsentRequired && !this.state.hasAdminConsent(params.client_id);
  }

  async #decide(step) {
    const { details, parameters } = step;
    this.state.count('consent');
    if (this.#needsAdministrator(details)) await this.#refuse(step, 'access_denied', 90094);
    else if (parameters.decision !== 'accept') await this.#refuse(step, 'access_denied', 65004);
    else await this.#accept(step);
  }

  async #accept(step) {
    const { details: { params, session } } = step;
    const grant = new this.provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    this.state.consent(session.accountId, params.client_id, params.scope.split(' '));
    await this.#finish(step, { consent: { grantId: await grant.save() } });
  }

  #refuse(step, error, aadsts, text) {
    return this.#finish(step, { error, error_description: describe(aadsts, text) });
  }

  #finish({ req, res }, result) {
    return this.provider.interactionFinished(req, res, result);
  }

  // An administrator agrees for everybody.
  async adminConsent({ req, res, parameters, tenant }) {
    const client = await this.provider.Client.find(parameters.client_id);
    if (!client?.redirectUriAllowed(parameters.redirect_uri)) {
      sendPage(res, errorPage(describe(client ? 50011 : 700016)), 400);
      return;
    }
    const page = {
      application: this.state.client(client.clientId).name,
      scopes: (parameters.scope ?? '').split(' ').filter(Boolean),
    };
    if (req.method !== 'POST') {
      sendPage(res, adminConsentPage(page));
    } else if (parameters.decision !== 'accept') {
      back(res, parameters, { error: 'access_denied', error_description: describe(65004) });
    } else if (!this.#authenticate(parameters)?.admin) {
      sendPage(res, adminConsentPage({
        ...page, name: parameters.name, problem: 'Name oder Kennwort stimmt nicht, oder das Konto verwaltet nichts.',
      }));
    } else {
      this.state.giveAdminConsent(client.clientId);
      back(res, parameters, {
        admin_consent: 'True', tenant: tenant.includes('-') ? tenant : this.state.tenant, scope: parameters.scope,
      });
    }
  }
}

function back(res, { redirect_uri: address, state }, values) {
  const url = new URL(address);
  for (const [key, value] of Object.entries({ ...values, state })) {
    if (value !== undefined) url.searchParams.set(key, value);
  }
  res.writeHead(302, { location: url.href }).end();
}
