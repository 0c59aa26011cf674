'use strict';

// Sessions, tokens, streams, signals and moderation by the opentok package.

const assert = require('node:assert/strict');
const { NOTHING, newApplication, newCall, promised, refused, sdk, sessionFields, test } = require('./support');

test('a session is relayed unless it is said otherwise', async () => {
  const application = await newApplication();
  const { opentok } = application;
  const session = await promised((done) => opentok.createSession(done));
  const { sessionId } = session;
  assert.equal(sessionFields(sessionId)[1], application.apiKey);
  await application.join(sessionId, { token: session.generateToken() });
  assert.equal((await application.session(sessionId)).mediaMode, 'relayed');
});

test('a session takes every option', async () => {
  const application = await newApplication();
  const { opentok } = application;
  const options = { mediaMode: 'routed', archiveMode: 'always', archiveName: 'lesson', archiveResolution: '1280x720' };
  const always = await promised((done) => opentok.createSession({ ...options, location: '12.34.56.78' }, done));
  const made = await application.session(always.sessionId);
  assert.deepEqual([made.archiveMode, made.location, made.archiveName], ['always', '12.34.56.78', 'lesson']);
  const encrypted = await promised((done) => opentok.createSession({ mediaMode: 'routed', e2ee: true }, done));
  assert.ok((await application.session(encrypted.sessionId)).e2ee);
});

test('a session that cannot be is refused', async () => {
  const { opentok } = await newApplication();
  await refused((done) => opentok.createSession({ archiveName: 'x' }, done), null, /Failed to createSession.*archiveName/);
});

async function joinsWithToken(isT1) {
  const { application, opentok, sessionId } = await newCall(0);
  const options = { role: 'moderator', data: 'name=Ada', initialLayoutClassList: ['full', 'focus'] };
  const token = opentok.generateToken(sessionId, options, isT1);
  assert.equal(token.startsWith('T1=='), isT1);
  const [person] = await application.join(sessionId, { token });
  assert.deepEqual([person.role, person.data], ['moderator', 'name=Ada']);
}

test('a client joins with a JWT', () => joinsWithToken(false));

test('a client joins with a T1 token', () => joinsWithToken(true));

test('a token is made for sessions of the project only', async () => {
  const { sessionId } = await newCall(0);
  const { opentok } = await newApplication();
  assert.throws(() => opentok.generateToken(sessionId), /belongs to the API Key/);
});

test('a wrong secret is an AuthError', async () => {
  const { application, sessionId } = await newCall(0);
  const stranger = sdk(application.apiKey, 'not the secret');
  await refused((done) => stranger.createSession(done), null, /Invalid API key or secret/);
  await refused((done) => stranger.listArchives(done), 'AuthError');
  await refused((done) => stranger.listStreams(sessionId, done), 'AuthError');
  await refused((done) => stranger.startBroadcast(sessionId, { outputs: { hls: {} } }, done), null, /Invalid API key/);
});

test('an application key in place of the secret speaks for the application', async () => {
  const application = await newApplication();
  const unified = sdk(application.id, application.privateKey);
  const { sessionId } = await promised((done) => unified.createSession({ mediaMode: 'routed' }, done));
  assert.equal(sessionFields(sessionId)[1], application.id);
  await application.join(sessionId, { token: unified.generateToken(sessionId, { role: 'moderator' }) });
  const archive = await promised((done) => unified.startArchive(sessionId, {}, done));
  assert.deepEqual([archive.status, archive.applicationId], ['started', application.id]);
});

test('streams are listed', async () => {
  const { opentok, sessionId, streamIds } = await newCall();
  const streams = await promised((done) => opentok.listStreams(sessionId, done));
  assert.deepEqual(streams.map((stream) => stream.id).sort(), [...streamIds].sort());
  assert.deepEqual(Object.keys(streams[0]), ['id', 'videoType', 'name', 'layoutClassList']);
});

test('one stream is answered, though the SDK fails on an answer that is JSON', async () => {
  const { opentok, sessionId, streamIds } = await newCall();
  await refused((done) => opentok.getStream(sessionId, streamIds[0], done), null, /JSON/);
  await refused((done) => opentok.getStream(sessionId, NOTHING, done), 'RequestError', /invalid stream ID/);
});

test('streams of an empty session are not found', async () => {
  const { opentok, sessionId } = await newCall(0);
  await refused((done) => opentok.listStreams(sessionId, done), 'NotFoundError');
});

test('layout classes replace the old ones', async () => {
  const { opentok, sessionId, streamIds } = await newCall();
  const classes = [{ id: streamIds[0], layoutClassList: ['full'] }];
  await promised((done) => opentok.setStreamClassLists(sessionId, classes, done));
  const streams = await promised((done) => opentok.listStreams(sessionId, done));
  assert.deepEqual(streams.find((stream) => stream.id === streamIds[0]).layoutClassList, ['full']);
  const unknown = [{ id: NOTHING, layoutClassList: [] }];
  await refused((done) => opentok.setStreamClassLists(sessionId, unknown, done), 'NotFoundError', /^/);
});

test('signals go to all and to one', async () => {
  const { application, opentok, sessionId, people } = await newCall();
  const [{ connectionId }] = people;
  await promised((done) => opentok.signal(sessionId, null, { type: 'chat', data: 'to all' }, done));
  await promised((done) => opentok.signal(sessionId, connectionId, { type: 'chat', data: 'to one' }, done));
  const sent = (await application.signals(sessionId)).map((signal) => [signal.data, signal.connectionId ?? null]);
  assert.deepEqual(sent, [['to all', null], ['to one', connectionId]]);
  const nobody = { type: 'chat', data: '' };
  await refused((done) => opentok.signal(sessionId, NOTHING, nobody, done), 'SignalError', /not found/);
});

test('a client is disconnected by force', async () => {
  const { application, opentok, sessionId, people } = await newCall();
  await promised((done) => opentok.forceDisconnect(sessionId, people[0].connectionId, done));
  assert.deepEqual(await application.connectionIds(sessionId), [people[1].connectionId]);
  await refused((done) => opentok.forceDisconnect(sessionId, NOTHING, done), 'ForceDisconnectError', /not found/);
});

test('one stream is muted', async () => {
  const { application, opentok, sessionId, streamIds } = await newCall();
  await promised((done) => opentok.forceMuteStream(sessionId, streamIds[0], done));
  assert.deepEqual(await application.muted(sessionId), [streamIds[0]]);
  await refused((done) => opentok.forceMuteStream(sessionId, NOTHING, done), 'NotFoundError');
});

test('all are muted but those that are excluded, until muting ends', async () => {
  const { application, opentok, sessionId, streamIds } = await newCall();
  await promised((done) => opentok.forceMuteAll(sessionId, { excludedStreamIds: [streamIds[0]] }, done));
  assert.deepEqual(await application.muted(sessionId), [streamIds[1]]);
  await promised((done) => opentok.disableForceMute(sessionId, done));
  const [later] = await application.join(sessionId);
  assert.ok(!(await application.muted(sessionId)).includes(later.streams[0].id));
  await refused((done) => opentok.forceMuteAll('not-a-session', {}, done), 'RequestError', /Invalid session id/);
});

test('callbacks are registered, listed and removed', async () => {
  const { application, opentok, sessionId } = await newCall(0);
  const options = { group: 'connection', event: 'created', url: 'http://127.0.0.1:9/connections' };
  const registered = await promised((done) => opentok.registerCallback(options, done));
  assert.deepEqual([registered.group, registered.event, registered.url], Object.values(options));
  const listed = await promised((done) => opentok.listCallbacks(done));
  assert.deepEqual(listed.map((callback) => callback.id), [registered.id]);
  await application.join(sessionId);
  await promised((done) => opentok.unregisterCallback(registered.id, done));
  assert.deepEqual(await promised((done) => opentok.listCallbacks(done)), []);
  assert.throws(() => registered.unregister(() => {}), TypeError, 'a defect of the SDK');
  await refused((done) => opentok.unregisterCallback(registered.id, done), 'NotFoundError');
  await refused((done) => opentok.registerCallback({ ...options, group: 'x' }, done), 'RequestError', /group/);
});
