// Answers that a test forces: refusals, other statuses, garbage, endless or slow bodies, silence.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { body } from './errors.mjs';

const PIECE = 65_536;

// Whether the answer takes the place of the real one (and does not only delay or lose it).
export function isForcedWhole(forced) {
  return ['status', 'body', 'error', 'stall', 'close', 'bytes'].some((key) => forced[key] !== undefined);
}

export async function sendForced(res, forced) {
  if (forced.stall) return;
  if (forced.close) {
    res.destroy();
    return;
  }
  const content = Buffer.from(contentOf(forced));
  res.writeHead(forced.status ?? (forced.error ? 400 : 200), headersOf(forced));
  for await (const piece of pieces(content, forced.bytes)) {
    if (res.destroyed) return;
    if (forced.rate) await trickle(res, piece, forced.rate);
    else if (!res.write(piece)) await Promise.race([once(res, 'drain'), once(res, 'close')]);
  }
  res.end();
}

function contentOf(forced) {
  if (!forced.error) return forced.body ?? '';
  return JSON.stringify(body(forced.error, forced.aadsts, forced.text, forced.more));
}

function headersOf(forced) {
  const type = forced.error ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8';
  return { 'content-type': type, 'cache-control': 'no-store', ...forced.headers };
}

// CONTENT once, or repeated up to BYTES (-1: for ever).
function* pieces(content, bytes) {
  if (bytes === undefined) {
    yield content;
    return;
  }
  const source = content.length ? content : Buffer.from(' ');
  const piece = Buffer.concat(Array(Math.ceil(PIECE / source.length)).fill(source));
  for (let left = bytes; left !== 0; left -= bytes < 0 ? 0 : Math.min(left, piece.length)) {
    yield bytes < 0 ? piece : piece.subarray(0, Math.min(left, piece.length));
  }
}

// RATE bytes a second, one at a time.
async function trickle(res, piece, rate) {
  for (const byte of piece) {
    if (res.destroyed) return;
    res.write(Buffer.of(byte));
    await sleep(1000 / rate);
  }
}
