'use strict';

const assert = require('node:assert/strict');
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { sdk, test } = require('./support');

const EXCLUDED = {
  constructor: 'every test calls it',
  generateJwt: 'for internal use, sends nothing by itself',
};

test('every public method of the SDK is exercised', () => {
  const opentok = sdk('1', 'secret');
  const names = new Set([...Object.keys(opentok), ...Object.getOwnPropertyNames(Object.getPrototypeOf(opentok))]);
  const methods = [...names].filter((name) => typeof opentok[name] === 'function' && !(name in EXCLUDED));
  assert.ok(methods.length > 30, 'the SDK has lost its methods, or this check its way of finding them');
  const suite = readdirSync(__dirname)
    .filter((file) => file.endsWith('.test.js'))
    .map((file) => readFileSync(join(__dirname, file), 'utf8'))
    .join('\n');
  assert.deepEqual(methods.filter((name) => !suite.includes(`opentok.${name}(`)), []);
});
