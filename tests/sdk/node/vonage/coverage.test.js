'use strict';

const assert = require('node:assert/strict');
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { sdk, NOTHING, test } = require('./support');

const EXCLUDED = {
  constructor: 'every test calls it',
  stripBlankValues: 'private to initiateSIPCall, sends nothing by itself',
};

test('every public method of the SDK is exercised', () => {
  const all = Object.getOwnPropertyNames(Object.getPrototypeOf(sdk(NOTHING, 'no key')));
  const methods = all.filter((name) => !(name in EXCLUDED));
  assert.ok(methods.length > 30, 'the SDK has lost its methods, or this check its way of finding them');
  const suite = readdirSync(__dirname)
    .filter((file) => file.endsWith('.test.js'))
    .map((file) => readFileSync(join(__dirname, file), 'utf8'))
    .join('\n');
  assert.deepEqual(methods.filter((name) => !suite.includes(`video.${name}(`)), []);
});
