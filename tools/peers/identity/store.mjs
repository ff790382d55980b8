// What oidc-provider remembers, in memory. A revoked token stays here with the reason, so that its
// later use can be answered as Microsoft does.

const REVOCABLE = ['AccessToken', 'AuthorizationCode', 'RefreshToken'];

const now = () => Math.floor(Date.now() / 1000);

export class Store {
  #models = new Map();

  constructor(state) {
    this.state = state;
  }

  model(name) {
    if (!this.#models.has(name)) this.#models.set(name, new Map());
    return this.#models.get(name);
  }

  // oidc-provider calls this for each of its models.
  adapter(name) {
    const entries = this.model(name);
    return {
      upsert: async (id, payload) => void entries.set(id, payload),
      find: async (id) => (name === 'Client' ? this.state.clientMetadata(id) : this.find(name, id)),
      findByUid: async (uid) => [...entries.values()].find((payload) => payload.uid === uid),
      consume: async (id) => this.#consume(name, entries.get(id)),
      destroy: async (id) => void entries.delete(id),
      revokeByGrantId: async (grant) => this.#reused(name, grant),
    };
  }

  find(name, id) {
    const payload = this.model(name).get(id);
    if (!payload || payload.gone) return undefined;
    if (name === 'RefreshToken' && payload.superseded + this.state.lifetimes.grace < now()) {
      return undefined;
    }
    return payload;
  }

  // Why a token is refused although it was issued once: an AADSTS number.
  reason(name, id) {
    const payload = this.model(name).get(id);
    return payload?.gone ?? (payload?.superseded ? 70000 : undefined);
  }

  // Ends all tokens of a person for REASON; the names of the models choose which kinds.
  revoke(subject, reason, names = REVOCABLE) {
    let count = 0;
    for (const name of names) {
      for (const payload of this.model(name).values()) {
        if ((subject === undefined || payload.accountId === subject) && !payload.gone) {
          payload.gone = reason;
          count += 1;
        }
      }
    }
    return count;
  }

  // Forgets who is signed in in which browser.
  endSessions(subject) {
    for (const [id, session] of this.model('Session')) {
      if (subject === undefined || session.accountId === subject) this.model('Session').delete(id);
    }
  }

  // Microsoft lets a former refresh token live on; the strict way is that of RFC 9700.
  #consume(name, payload) {
    if (name === 'RefreshToken' && !this.state.strict) payload.superseded ??= now();
    else payload.consumed = now();
  }

  #reused(name, grant) {
    if (!this.state.strict) return;
    for (const payload of this.model(name).values()) {
      if (payload.grantId === grant) payload.gone ??= 70000;
    }
  }
}
