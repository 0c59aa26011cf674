'use strict';

// opentok-jwt, the vendor's own maker of REST tokens: they are good for 30 days unless told otherwise, which is longer
// than documented, and some of its users pass milliseconds. The service takes both.

const assert = require('node:assert/strict');
const jwt = require('opentok-jwt');
const { BASE, newApplication, test } = require('./support');

const DAY = 24 * 60 * 60;

async function archives({ apiKey }, token) {
  const response = await fetch(`${BASE}/v2/project/${apiKey}/archive`, { headers: { 'X-OPENTOK-AUTH': token } });
  return [response.status, await response.json()];
}

async function taken(expires) {
  const application = await newApplication();
  const token = jwt.projectToken(application.apiKey, application.apiSecret, expires);
  assert.deepEqual(await archives(application, token), [200, { count: 0, items: [] }]);
}

test('a token of opentok-jwt is taken with the 30 days of its default', () => taken());

test('a token of opentok-jwt is taken with a day', () => taken(Math.floor(Date.now() / 1000) + DAY));

test('a token of opentok-jwt is taken with an expiry in milliseconds', () => taken(Date.now() + DAY * 1000));

test('a token of opentok-jwt with another secret is refused', async () => {
  const application = await newApplication();
  const [status, body] = await archives(application, jwt.projectToken(application.apiKey, 'another secret'));
  assert.deepEqual([status, body.message], [403, 'Invalid signature']);
});
