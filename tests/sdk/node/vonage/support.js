'use strict';

// What the tests share: the control API of the emulator at EMULATOR_URL, and the SDK pointed at it.

const assert = require('node:assert/strict');
const { Vonage } = require('@vonage/server-sdk');
const { VetchError } = require('@vonage/vetch');

const BASE = process.env.EMULATOR_URL;
const NOTHING = '00000000-0000-4000-8000-00000000dead';
const WAIT_MS = 10_000;
const POLL_MS = 20;
const LOWER_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

async function control(method, path, body) {
  const response = await fetch(`${BASE}/_emulator/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** The SDK's video client with these credentials. */
function sdk(applicationId, privateKey) {
  return new Vonage({ applicationId, privateKey }, { videoHost: BASE }).video;
}

/** A new application with `options` of its own, the SDK that uses it, and what only the control API can do. */
async function newApplication(options = {}) {
  const application = await control('POST', 'applications', { name: 'node', ...options });
  const inApplication = `applications/${application.id}`;
  return {
    ...application,
    video: sdk(application.id, application.privateKey),

    async join(sessionId, fields = {}) {
      const path = `${inApplication}/sessions/${sessionId}/participants`;
      return (await control('POST', path, { count: 1, ...fields })).items;
    },
    async leave(sessionId, connectionId) {
      await control('DELETE', `${inApplication}/sessions/${sessionId}/participants/${connectionId}`);
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

/** A new application with a routed session in which `count` participants have a camera each. */
async function newCall(count = 2, options = {}) {
  const application = await newApplication(options);
  const { sessionId } = await application.video.createSession();
  const people = count ? await application.join(sessionId, { count }) : [];
  const streamIds = people.flatMap((person) => person.streams.map((stream) => stream.id));
  return { application, video: application.video, sessionId, people, streamIds };
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

/** Assert that `promise` is refused with `status` as the SDK reports it; return the JSON body of the refusal. */
async function refused(promise, status) {
  const error = await promise.then(
    () => assert.fail(`expected a refusal with ${status}`),
    (reason) => reason,
  );
  assert.ok(error instanceof VetchError, `expected a VetchError, got ${error.stack}`);
  assert.equal(error.response.status, status);
  return error.response.json();
}

/** Assert that `stamp` is in ms and between `before` and now. */
function assertRecent(stamp, before) {
  assert.ok(Number.isInteger(stamp), `${stamp} is not an integer`);
  assert.ok(before <= stamp && stamp <= Date.now(), `${stamp} is not between ${before} and ${Date.now()}`);
}

/** The fields inside a session id: version, application, location, ms, noise, P for relayed, … */
function sessionFields(sessionId) {
  return Buffer.from(sessionId.slice(2), 'base64url').toString().split('~');
}

module.exports = {
  LOWER_UUID,
  NOTHING,
  assertRecent,
  control,
  eventually,
  newApplication,
  newCall,
  refused,
  sdk,
  sessionFields,
};
