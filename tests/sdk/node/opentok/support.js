'use strict';

// What the tests of opentok share: the SDK pointed at the emulator, with promises instead of callbacks.

const assert = require('node:assert/strict');
const OpenTok = require('opentok');
const errors = require('opentok/lib/errors');
const support = require('../support');

/** The SDK's client with these credentials: an api key and secret, or an application id and private key. */
function sdk(key, secret) {
  return new OpenTok(key, secret, support.BASE);
}

/** A new application with `options` of its own, and the SDK that uses it by its api key. */
async function newApplication(options = {}) {
  const application = await support.makeApplication(options);
  return { ...application, opentok: sdk(application.apiKey, application.apiSecret) };
}

/** The promise of what `work` hands to the callback it is given; several results are an array. */
function promised(work) {
  return new Promise((resolve, reject) => {
    work((error, ...results) => {
      if (error) {
        reject(error);
      } else {
        resolve(results.length > 1 ? results : results[0]);
      }
    });
  });
}

/** A new application with a routed session in which `count` participants have a camera each. */
async function newCall(count = 2, options = {}) {
  const application = await newApplication(options);
  const { opentok } = application;
  const { sessionId } = await promised((done) => opentok.createSession({ mediaMode: 'routed' }, done));
  const people = count ? await application.join(sessionId, { count }) : [];
  const streamIds = people.flatMap((person) => person.streams.map((stream) => stream.id));
  return { application, opentok, sessionId, people, streamIds };
}

/** Assert that `work` is refused with an error of this kind (null: a plain one) whose message matches. */
async function refused(work, kind, message = /./) {
  const error = await promised(work).then(
    () => assert.fail(`expected a refusal: ${message}`),
    (reason) => reason,
  );
  const expected = kind ? errors[kind] : Error;
  assert.ok(error instanceof expected, `expected ${kind}, got ${error.constructor.name}: ${error.message}`);
  assert.match(error.message, message);
}

module.exports = { ...support, newApplication, newCall, promised, refused, sdk };
