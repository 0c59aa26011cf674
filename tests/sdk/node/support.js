'use strict';

// What the suites of all Node SDKs share: tests with a name, and the control API of the emulator at EMULATOR_URL.

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const runner = require('node:test');

const BASE = process.env.EMULATOR_URL;
const SDK = process.env.SDK;
const NOTHING = '00000000-0000-4000-8000-00000000dead';
const WAIT_MS = 10_000;
const POLL_MS = 20;
const LOWER_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const running = new AsyncLocalStorage();

/** One test; the applications it makes carry its title, by which the journal of each is found afterwards. */
function test(title, work) {
  runner.test(title, (context) => running.run(title, () => work(context)));
}

async function control(method, path, body) {
  const response = await fetch(`${BASE}/_emulator/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** A new application with `options` of its own, and what only the control API can do. */
async function makeApplication(options = {}) {
  const name = `${SDK}: ${running.getStore()}`;
  const application = await control('POST', 'applications', { name, ...options });
  const inApplication = `applications/${application.id}`;
  return {
    ...application,

    async join(sessionId, fields = {}) {
      const path = `${inApplication}/sessions/${sessionId}/participants`;
      return (await control('POST', path, { count: 1, ...fields })).items;
    },
    async leave(sessionId, connectionId) {
      await control('DELETE', `${inApplication}/sessions/${sessionId}/participants/${connectionId}`);
    },
    async session(sessionId) {
      return control('GET', `${inApplication}/sessions/${sessionId}`);
    },
    async connectionIds(sessionId) {
      const { items } = await control('GET', `${inApplication}/sessions/${sessionId}/participants`);
      return items.map((item) => item.connectionId);
    },
    async muted(sessionId) {
      const { participants } = await control('GET', `${inApplication}/sessions/${sessionId}`);
      const streams = participants.flatMap((participant) => participant.streams);
      return streams.filter((stream) => stream.muted).map((stream) => stream.id);
    },
    async signals(sessionId) {
      return (await control('GET', `${inApplication}/sessions/${sessionId}/signals`)).items;
    },
  };
}

/** Ask `probe` until it answers something true and return that. */
async function eventually(probe, what) {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const answer = await probe();
    if (answer) {
      return answer;
    }
    assert.ok(Date.now() < deadline, `not within ${WAIT_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Assert that `stamp` is in ms and between `before` and now. */
function assertRecent(stamp, before) {
  assert.ok(Number.isInteger(stamp), `${stamp} is not an integer`);
  assert.ok(before <= stamp && stamp <= Date.now(), `${stamp} is not between ${before} and ${Date.now()}`);
}

/** The fields inside a session id: version, project, location, ms, noise, P for relayed, … */
function sessionFields(sessionId) {
  return Buffer.from(sessionId.slice(2), 'base64url').toString().split('~');
}

module.exports = {
  BASE,
  LOWER_UUID,
  NOTHING,
  assertRecent,
  control,
  eventually,
  makeApplication,
  sessionFields,
  test,
};
