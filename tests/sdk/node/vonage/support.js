'use strict';

// What the tests of @vonage/server-sdk share: the SDK pointed at the emulator.

const assert = require('node:assert/strict');
const { Vonage } = require('@vonage/server-sdk');
const { VetchError } = require('@vonage/vetch');
const support = require('../support');

/** The SDK's video client with these credentials. */
function sdk(applicationId, privateKey) {
  return new Vonage({ applicationId, privateKey }, { videoHost: support.BASE }).video;
}

/** A new application with `options` of its own, and the SDK that uses it. */
async function newApplication(options = {}) {
  const application = await support.makeApplication(options);
  return { ...application, video: sdk(application.id, application.privateKey) };
}

/** A new application with a routed session in which `count` participants have a camera each. */
async function newCall(count = 2, options = {}) {
  const application = await newApplication(options);
  const { sessionId } = await application.video.createSession();
  const people = count ? await application.join(sessionId, { count }) : [];
  const streamIds = people.flatMap((person) => person.streams.map((stream) => stream.id));
  return { application, video: application.video, sessionId, people, streamIds };
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

module.exports = { ...support, newApplication, newCall, refused, sdk };
