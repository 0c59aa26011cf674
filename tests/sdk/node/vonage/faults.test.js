'use strict';

const assert = require('node:assert/strict');
const { control, newCall, eventually, test } = require('./support');

/** A new call in an application with this rule. */
async function faultyCall(operation, then, rule = {}) {
  const call = await newCall(2);
  await control('POST', `applications/${call.application.id}/faults`, {
    name: 'sdk', when: { operation }, then, ...rule,
  });
  return call;
}

async function attempts(call, operation) {
  const path = `applications/${call.application.id}/requests?operation=${operation}`;
  return (await control('GET', path)).items.map((item) => [item.status, item.fault]);
}

test('faults: a conflict is thrown with its response, once; then it works', async () => {
  const call = await faultyCall('startArchive', 'conflict', { times: 1 });
  await assert.rejects(call.video.startArchive(call.sessionId), (error) => {
    assert.equal(error.response.status, 409);
    assert.equal(error.response.headers.get('x-emulator-fault'), 'sdk');
    return true;
  });
  assert.equal((await call.video.startArchive(call.sessionId)).status, 'started');
});

test('faults: rate limited and unavailable are not repeated by the SDK', async () => {
  for (const [effect, status] of [['rateLimited', 429], ['unavailable', 503]]) {
    const call = await faultyCall('startArchive', { [effect]: { retryAfter: 0 } });
    await assert.rejects(call.video.startArchive(call.sessionId), (error) => error.response.status === status);
    assert.deepEqual(await attempts(call, 'startArchive'), [[status, 'sdk']]);
  }
});

test('faults: a reset connection is ECONNRESET, and the work may be done', async () => {
  const call = await faultyCall('startArchive', 'reset', { position: 'after', times: 1 });
  await assert.rejects(call.video.startArchive(call.sessionId), (error) => {
    assert.match(`${error.message} ${error.code} ${error.cause?.code}`, /ECONNRESET/);
    return true;
  });
  await assert.rejects(call.video.startArchive(call.sessionId), (error) => error.response.status === 409);
});

test('faults: an empty reply is a thrown error too', async () => {
  const call = await faultyCall('startArchive', 'emptyReply', { times: 1 });
  await assert.rejects(call.video.startArchive(call.sessionId));
  assert.deepEqual(await attempts(call, 'startArchive'), [[0, 'sdk']]);
});

test('faults: malformed JSON is thrown', async () => {
  const call = await faultyCall('startArchive', 'malformedJson', { times: 1 });
  await assert.rejects(call.video.startArchive(call.sessionId));
});

test('faults: a render that cannot load its page fails', async () => {
  const call = await faultyCall('startRender', 'renderCannotLoad');
  const token = call.video.generateClientToken(call.sessionId);
  const render = await call.video.startExperienceComposerRender(call.sessionId, token, {
    url: 'https://example.com/page',
  });
  await eventually(
    async () => (await call.video.getExperienceComposerRender(render.id)).status === 'failed',
    'the render failed',
  );
});
