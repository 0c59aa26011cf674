// The control API: asking it, and remembering what was asked, so that the page can show it.

import { Store } from './lib.js';

const ROOT = '/_emulator';
const KEY = 'vonage-video-emulator.control-token';

/** What was done by this page, newest last; what the bar below shows: the last call; and one that a button would make, beside it. */
export const done = new Store([]);
export const bar = new Store(null);
export const pointed = new Store(null);
/** Whether the control API asks for a token that we do not have. */
export const locked = new Store(false);

export const token = () => sessionStorage.getItem(KEY) || '';

export function unlock(value) {
  sessionStorage.setItem(KEY, value);
  locked.set(false);
}

class RequestRefusedError extends Error {
  constructor(status, error) {
    super(error.message);
    Object.assign(this, { status, field: error.field, suggestion: error.suggestion });
  }

  get text() {
    return [this.field && `${this.field}: `, this.message, this.suggestion && ` (${this.suggestion})`].join('');
  }
}

const headers = () => (token() ? { Authorization: `Bearer ${token()}` } : {});

/** Ask the control API; `path` follows /_emulator. Throws `RequestRefusedError`. */
async function ask(method, path, body, signal) {
  let answer;
  try {
    answer = await fetch(ROOT + path, {
      method,
      headers: headers(),
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      cache: 'no-store',
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new RequestRefusedError(0, { message: 'the emulator does not answer' });
  }
  if (answer.status === 401) locked.set(true);
  const text = await answer.text();
  let content = null;
  try {
    content = text ? JSON.parse(text) : null;
  } catch {
    content = null;
  }
  if (!answer.ok) throw new RequestRefusedError(answer.status, content?.error || { message: `status ${answer.status}` });
  return { status: answer.status, content };
}

export const read = async (path, signal) => (await ask('GET', path, undefined, signal)).content;

/** Make a call that changes something, and show how it went. Throws `RequestRefusedError`. */
export async function act(call) {
  pointed.set(null);
  bar.set({ call, state: 'busy' });
  const entry = { call, at: Date.now() };
  try {
    const { status, content } = await ask(call.method, call.path, call.body);
    Object.assign(entry, { state: 'done', status, content });
    return content;
  } catch (error) {
    Object.assign(entry, { state: 'failed', status: error.status, message: error.text || error.message });
    throw error;
  } finally {
    done.value.push(entry);
    done.value.splice(0, done.value.length - 200);
    done.tell();
    bar.set(entry);
  }
}

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A control call as one line; `file` names where a long body came from. */
export function line({ method, path, body, file }) {
  const sent = file ? ` @${file}` : body === undefined ? '' : ` ${JSON.stringify(body)}`;
  return `${method} /_emulator${path}${sent}`;
}

/** A control call for a shell. */
export function curl({ method, path, body, file }) {
  const parts = ['curl', ...(method === 'GET' ? [] : ['-X', method]), quote(location.origin + ROOT + path)];
  if (token()) parts.push('-H', '"Authorization: Bearer $VONAGE_EMULATOR_CONTROL_TOKEN"');
  if (file) parts.push('--data-binary', quote(`@${file}`));
  else if (body !== undefined) parts.push('-d', quote(JSON.stringify(body)));
  return parts.join(' ');
}

// What the connection makes by itself is left out.
const OWN_HEADERS = new Set(['host', 'content-length', 'connection', 'accept-encoding', 'user-agent', 'accept']);

/** An exchange for a shell, as its client sent it. */
export function curlOf(exchange) {
  const url = location.origin + exchange.path + (exchange.query ? `?${exchange.query}` : '');
  const parts = ['curl', '-X', exchange.method, quote(url)];
  for (const [name, value] of Object.entries(exchange.headers)) {
    if (!OWN_HEADERS.has(name)) parts.push('-H', quote(`${name}: ${value}`));
  }
  if (exchange.body) parts.push('--data-raw', quote(exchange.body));
  return parts.join(' ');
}

/** Read server-sent events by fetch, which can carry the token; ends when the server or `signal` does. */
export async function stream(path, signal, onMessage) {
  const answer = await fetch(ROOT + path, { headers: headers(), signal, cache: 'no-store' });
  if (answer.status === 401) locked.set(true);
  if (!answer.ok) throw new RequestRefusedError(answer.status, { message: `status ${answer.status}` });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done: ended, value } = await reader.read();
    if (ended) return;
    const messages = (rest + value).split('\n\n');
    rest = messages.pop();
    for (const message of messages) {
      let name = '';
      let data = '';
      for (const line of message.split('\n')) {
        if (line.startsWith('event: ')) name = line.slice(7);
        if (line.startsWith('data: ')) data += line.slice(6);
      }
      onMessage(name, data ? JSON.parse(data) : null);
    }
  }
}
