// Stands in for Microsoft's sign-in on loopback. The first line of standard input is the configuration
// (JSON); the answer on standard output is one line with the ports. Ends when standard input does, so
// that it never outlives who started it.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createInterface } from 'node:readline';

import { createControl } from './control.mjs';
import { createFront } from './front.mjs';
import { createProvider } from './provider.mjs';
import { SignIn } from './sign-in.mjs';
import { State } from './state.mjs';
import { Store } from './store.mjs';

const HOST = '127.0.0.1';

function listen(server, port = 0) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => resolve(server.address().port));
  });
}

// Takes the service away, with its open connections, and brings it back on the same ports.
function createSwitch(listeners) {
  let online = true;
  return async (wanted) => {
    if (wanted === online) return;
    online = wanted;
    await Promise.all(listeners.map(async ([server, port]) => {
      if (online) {
        await listen(server, port);
      } else {
        server.close();
        server.closeAllConnections();
      }
    }));
  };
}

async function start({ certificate, key, ...values }) {
  const state = new State(values);
  const store = new Store(state);
  let front;
  const handle = (req, res) => front(req, res);
  const plain = createServer(handle);
  const port = await listen(plain);
  const provider = createProvider(`http://localhost:${port}/${state.tenant}/v2.0`, state, store);
  front = createFront(state, provider, new SignIn(state, provider, store));
  const listeners = [[plain, port]];
  if (certificate) {
    const encrypted = createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key) }, handle);
    listeners.push([encrypted, await listen(encrypted)]);
  }
  const setOnline = createSwitch(listeners);
  const controlPort = await listen(createControl(state, store, provider, setOnline));
  const tlsPort = listeners[1]?.[1] ?? 0;
  process.stdout.write(`${JSON.stringify({ port, tlsPort, controlPort, tenant: state.tenant })}\n`);
}

const input = createInterface({ input: process.stdin });
input.once('line', (line) => start(JSON.parse(line)).catch((error) => {
  console.error(error);
  process.exit(1);
}));
input.once('close', () => process.exit(0));
process.once('SIGTERM', () => process.exit(0));
