'use strict';

// SIP calls, captions, renders and audio connectors by the opentok package.

const assert = require('node:assert/strict');
const { LOWER_UUID, NOTHING, eventually, newApplication, newCall, promised, refused, test } = require('./support');

const URI = 'sip:ada@sip.example.com';
const PAGE = 'https://example.com/scoreboard';
const SOCKET = 'wss://example.com/audio';

test('a SIP call joins the session', async () => {
  const { application, opentok, sessionId, streamIds } = await newCall();
  const token = opentok.generateToken(sessionId);
  const options = {
    from: '15551234567@example.com',
    headers: { 'X-Room': '7' },
    auth: { username: 'ada', password: 'secret' },
    secure: true,
    video: true,
    observeForceMute: true,
    streams: [streamIds[0]],
  };
  const call = await promised((done) => opentok.dial(sessionId, token, URI, options, done));
  assert.match(call.id, LOWER_UUID);
  assert.ok((await application.connectionIds(sessionId)).includes(call.connectionId));
});

test('a SIP call needs a routed session and a token of it', async () => {
  const { opentok } = await newApplication();
  const { sessionId } = await promised((done) => opentok.createSession(done));
  const token = opentok.generateToken(sessionId);
  await refused((done) => opentok.dial(sessionId, token, URI, {}, done), null, /Failed to dial endpoint.*routed/);
  await refused((done) => opentok.dial(sessionId, 'T1==x', URI, {}, done), null, /Invalid API key or secret/);
});

test('DTMF digits are played to all and to one', async () => {
  const { opentok, sessionId } = await newCall();
  const token = opentok.generateToken(sessionId, {}, true);
  const call = await promised((done) => opentok.dial(sessionId, token, URI, {}, done));
  await promised((done) => opentok.playDTMF(sessionId, null, '12p#', done));
  await promised((done) => opentok.playDTMF(sessionId, call.connectionId, '*9', done));
  await refused((done) => opentok.playDTMF(sessionId, null, 'abc', done), 'RequestError', /DTMF/);
  await refused((done) => opentok.playDTMF(sessionId, NOTHING, '1', done), 'NotFoundError');
});

test('captions start and stop', async () => {
  const { opentok, sessionId } = await newCall();
  const token = opentok.generateToken(sessionId, { role: 'moderator' });
  const options = { languageCode: 'de-DE', maxDuration: 600, partialCaptions: false };
  const captionsId = await promised((done) => opentok.startCaptions(sessionId, token, options, done));
  assert.match(captionsId, LOWER_UUID);
  const again = await promised((done) => opentok.startCaptions(sessionId, token, {}, done)).catch((error) => error);
  assert.match(again.message, /already started/);
  assert.equal(await promised((done) => opentok.stopCaptions(captionsId, done)), true);
  await refused((done) => opentok.stopCaptions(captionsId, done), 'NotFoundError');
  const publisher = opentok.generateToken(sessionId, { role: 'publisher' });
  await refused((done) => opentok.startCaptions(sessionId, publisher, {}, done), 'AuthError');
});

test('a render starts, joins and stops', async () => {
  const { application, opentok, sessionId } = await newCall();
  const options = {
    sessionId,
    token: opentok.generateToken(sessionId),
    url: PAGE,
    maxDuration: 600,
    resolution: '640x480',
    statusCallbackUrl: 'http://127.0.0.1:9/renders',
  };
  const [render] = await promised((done) => opentok.startRender(options, done));
  assert.deepEqual([render.status, render.projectId], ['starting', application.apiKey]);
  await eventually(async () => {
    const [found] = await promised((done) => opentok.getRender(render.id, done));
    return found.status === 'started';
  }, 'the render has started');
  const [{ count, items }] = await promised((done) => opentok.listRenders({ offset: 0, count: 1 }, done));
  assert.deepEqual([count, items[0].id], [1, render.id]);
  const [{ items: rest }] = await promised((done) => opentok.listRenders({ offset: 1, count: 1 }, done));
  assert.deepEqual(rest, []);
  await promised((done) => opentok.stopRender(render.id, done));
  const [stopped] = await promised((done) => opentok.getRender(render.id, done));
  assert.equal(stopped.status, 'stopped');
});

test('renders that cannot be are refused', async () => {
  const { opentok, sessionId } = await newCall();
  const options = { sessionId, token: opentok.generateToken(sessionId), url: PAGE, maxDuration: 1 };
  await refused((done) => opentok.startRender(options, done), 'RequestError', /maxDuration/);
  await refused((done) => opentok.getRender(NOTHING, done), 'NotFoundError');
  await refused((done) => opentok.stopRender(NOTHING, done), 'NotFoundError');
});

test('the audio of a session is connected to a WebSocket', async () => {
  const { application, opentok, sessionId, streamIds } = await newCall();
  const token = opentok.generateToken(sessionId);
  const options = { streams: [streamIds[0]], headers: { 'X-Room': '7' }, bidirectional: true };
  const connector = await promised((done) => opentok.websocketConnect(sessionId, token, SOCKET, options, done));
  assert.ok((await application.connectionIds(sessionId)).includes(connector.connectionId));
  await promised((done) => opentok.forceDisconnect(sessionId, connector.connectionId, done));
  assert.ok(!(await application.connectionIds(sessionId)).includes(connector.connectionId));
  await refused((done) => opentok.websocketConnect(sessionId, token, 'http://x', {}, done), null, /connecting.*uri/);
});
