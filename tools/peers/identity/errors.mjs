// Refusals in Microsoft's form: a number AADSTS…, a sentence, ids and a time.

import { randomUUID } from 'node:crypto';

const TEXTS = {
  50011: 'The redirect URI specified in the request does not match the redirect URIs configured for the application.',
  50020: 'User account from identity provider does not exist in tenant and cannot access the application in that tenant.',
  50034: 'The user account does not exist in the directory.',
  50053: 'The account is locked, you\'ve tried to sign in too many times with an incorrect user ID or password.',
  50055: 'The password is expired.',
  50057: 'The user account is disabled.',
  50058: 'A silent sign-in request was sent but no user is signed in.',
  50074: 'Strong Authentication is required.',
  50076: 'Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource.',
  50079: 'Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access the resource.',
  50105: 'Your administrator has configured the application to block users unless they are specifically granted (\'assigned\') access to the application.',
  50126: 'Error validating credentials due to invalid username or password.',
  50173: 'The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.',
  50196: 'The server terminated an operation because it encountered a client request loop.',
  53000: 'Your device is required to be compliant to access this resource.',
  53001: 'Your device is required to be managed to access this resource.',
  53003: 'Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.',
  54005: 'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.',
  65001: 'The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource.',
  65004: 'User declined to consent to access the app.',
  70000: 'The provided value for the input parameter \'refresh_token\' is not valid.',
  70003: 'The app requested an unsupported grant type.',
  70008: 'The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.',
  70011: 'The provided value for the input parameter \'scope\' is not valid.',
  70043: 'The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.',
  90002: 'Tenant not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.',
  90024: 'Request budget exceeded - a transient error has occurred. Please try again.',
  90033: 'A transient error has occurred. Please try again.',
  90094: 'The grant requires admin permission.',
  90095: 'Admin consent is required for the permissions requested by this application.',
  500112: 'The reply address does not match the reply address provided when requesting Authorization code.',
  501481: 'The Code_Verifier does not match the code_challenge supplied in the authorization request.',
  700016: 'Application was not found in the directory. You may have sent your authentication request to the wrong tenant.',
  700025: 'Client is public so neither \'client_assertion\' nor \'client_secret\' should be presented.',
  700082: 'The refresh token has expired due to inactivity.',
  700084: 'The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime, which can\'t be extended.',
  900144: 'The request body must contain the following parameter.',
  7000215: 'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.',
  7000218: 'The request body must contain the following parameter: \'client_assertion\' or \'client_secret\'.',
  7000222: 'The provided client secret keys are expired.',
  9002313: 'Invalid request. Request is malformed or invalid.',
  9002325: 'Proof Key for Code Exchange is required for cross-origin authorization code redemption.',
};

// What oidc-provider says (its error_detail or error_description) -> number, and where Microsoft says
// it so, another error.
const MEANINGS = [
  [/code already consumed/, 54005],
  [/authorization code is expired/, 70008],
  [/redirect_uri mismatch/, 500112],
  [/code_verifier/, 501481],
  [/refresh token is expired/, 700082],
  [/refresh token already used/, 70000],
  [/(code|token|grant) not found|client mismatch/, 9002313],
  [/secret is expired/, 7000222],
  [/invalid secret/, 7000215],
  [/code_challenge|PKCE/, 9002325],
  [/missing required parameter/, 900144],
];

const BY_ERROR = {
  access_denied: 65004, consent_required: 65001, interaction_required: 50076, invalid_client: 700016,
  invalid_grant: 70000, invalid_redirect_uri: 50011, invalid_scope: 70011, login_required: 50058,
  unauthorized_client: 700016, unsupported_grant_type: 70003,
};

// The AADSTS number of a refusal by oidc-provider.
export function meaning(error, ...texts) {
  const text = texts.filter(Boolean).join(' ');
  return MEANINGS.find(([pattern]) => pattern.test(text))?.[1] ?? BY_ERROR[error] ?? 9002313;
}

const timestamp = () => `${new Date().toISOString().slice(0, 19).replace('T', ' ')}Z`;

// "AADSTS50173: … Trace ID: …"; `ids` are those of the answer it stands in.
export function describe(number, text, ids = newIds()) {
  return `AADSTS${number}: ${text || TEXTS[number] || 'An error occurred.'}`
    + `\r\nTrace ID: ${ids.trace}\r\nCorrelation ID: ${ids.correlation}\r\nTimestamp: ${ids.timestamp}`;
}

function newIds() {
  return { trace: randomUUID(), correlation: randomUUID(), timestamp: timestamp() };
}

// The token endpoint's answer.
export function body(error, number, text, more = {}) {
  const ids = newIds();
  return {
    error,
    error_description: describe(number, text, ids),
    error_codes: [number],
    timestamp: ids.timestamp,
    trace_id: ids.trace,
    correlation_id: ids.correlation,
    ...more,
  };
}
