'use strict';

const assert = require('node:assert/strict');
const { verify } = require('node:crypto');
const { assertRecent, newApplication, newCall, refused, sdk, sessionFields, NOTHING, test } = require('./support');

/** The claims of a token whose RS256 signature is the application's. */
function claimsOf(token, publicKey) {
  const [header, payload, signature] = token.split('.');
  assert.ok(verify('RSA-SHA256', `${header}.${payload}`, publicKey, Buffer.from(signature, 'base64url')));
  return JSON.parse(Buffer.from(payload, 'base64url'));
}

test('session without options is routed although the SDK sends location=null', async () => {
  const before = Date.now();
  const { id, video } = await newApplication();
  const session = await video.createSession();
  assert.equal(session.archiveMode, 'manual');
  assert.equal(session.mediaMode, 'disabled');
  assert.equal(session.location, null);
  const [version, project, location, createdAt, noise, relayed] = sessionFields(session.sessionId);
  assert.deepEqual([version, project, location, relayed], ['1', id, '', '']);
  assertRecent(Number(createdAt), before);
  assert.equal(noise.length, 24);
});

test('relayed session carries the mark SDKs look for', async () => {
  const { video } = await newApplication();
  const session = await video.createSession({ mediaMode: 'enabled' });
  assert.equal(session.mediaMode, 'enabled');
  assert.equal(sessionFields(session.sessionId)[5], 'P');
});

test('location hint is kept in the session id', async () => {
  const { video } = await newApplication();
  const session = await video.createSession({ location: '203.0.113.7' });
  assert.equal(sessionFields(session.sessionId)[2], '203.0.113.7');
});

test('relayed session cannot be archived automatically', async () => {
  const { video } = await newApplication();
  await refused(video.createSession({ archiveMode: 'always', mediaMode: 'enabled' }), 400);
});

test('automatic archive starts with the first client and resists stopping', async () => {
  const application = await newApplication();
  const { video } = application;
  const { sessionId } = await video.createSession({ archiveMode: 'always' });
  assert.deepEqual(await video.searchArchives({ sessionId }), { count: 0, items: [] });
  await application.join(sessionId);
  const { count, items } = await video.searchArchives({ sessionId });
  assert.equal(count, 1);
  assert.equal(items[0].status, 'started');
  await video.stopArchive(items[0].id);
  assert.equal((await video.getArchive(items[0].id)).status, 'started');
});

async function checkToken(role) {
  const { application, video, sessionId } = await newCall(0);
  const token = video.generateClientToken(sessionId, {
    role,
    data: 'name=Ada',
    initialLayoutClassList: ['full', 'focus'],
  });
  const claims = claimsOf(token, application.publicKey);
  assert.equal(claims.application_id, application.id);
  assert.equal(claims.session_id, sessionId);
  assert.equal(claims.role, role);
  assert.equal(claims.scope, 'session.connect');
  assert.equal(claims.sub, 'video');
  assert.equal(claims.connection_data, 'name=Ada');
  assert.equal(claims.initial_layout_class_list, 'full focus');
  assert.ok(Math.abs(claims.exp - claims.iat - 86_400) <= 1);

  const call = await video.initiateSIPCall(sessionId, { token, sip: { uri: 'sip:ada@sip.example.com' } });
  assert.equal(call.sessionId, sessionId);
}

test('token of a publisher is signed by the application and accepted', () => checkToken('publisher'));
test('token of a subscriber is signed by the application and accepted', () => checkToken('subscriber'));
test('token of a moderator is signed by the application and accepted', () => checkToken('moderator'));
test('token of a mere publisher is signed by the application and accepted', () => checkToken('publisheronly'));

test('key of another application is forbidden', async () => {
  const [mine, neighbour] = [await newApplication(), await newApplication()];
  const body = await refused(sdk(mine.id, neighbour.privateKey).createSession(), 403);
  assert.equal(body.code, -1);
  assert.equal(body.message, 'Invalid signature');
});

test('unknown application is forbidden', async () => {
  const { privateKey } = await newApplication();
  const body = await refused(sdk(NOTHING, privateKey).createSession(), 403);
  assert.equal(body.message, 'Issuer not found');
});

test('text that is no session id is a bad request', async () => {
  const { video } = await newApplication();
  const body = await refused(video.startArchive('not-a-session'), 400);
  assert.equal(typeof body.message, 'string');
});

test('contract of the specification calls missing clients a conflict', async () => {
  const { video, sessionId } = await newCall(0, { contract: 'spec' });
  await refused(video.startArchive(sessionId), 409);
});
