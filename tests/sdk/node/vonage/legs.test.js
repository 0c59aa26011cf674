'use strict';

// What joins a session from elsewhere: SIP legs, captions, renders and audio connectors.

const assert = require('node:assert/strict');
const { LOWER_UUID, NOTHING, assertRecent, eventually, newApplication, newCall, refused, test } = require('./support');

const SIP = { uri: 'sip:ada@sip.example.com' };
const PAGE = 'https://example.com/scoreboard';

function tokenOf(video, sessionId, role = 'publisher') {
  return video.generateClientToken(sessionId, { role });
}

test('call has its ids and equal times at once', async () => {
  const { application, video, sessionId } = await newCall(1);
  const before = Date.now();
  const call = await video.initiateSIPCall(sessionId, { token: tokenOf(video, sessionId), sip: SIP });
  for (const id of [call.id, call.connectionId, call.streamId]) {
    assert.match(id, LOWER_UUID);
  }
  assert.equal(call.sessionId, sessionId);
  assert.equal(call.projectId, application.id);
  assertRecent(call.createdAt, before);
  assert.equal(call.updatedAt, call.createdAt);
  assert.ok((await application.connectionIds(sessionId)).includes(call.connectionId));
});

test('call with every option is accepted through the misspelt method too', async () => {
  const { video, sessionId } = await newCall(1);
  const call = await video.intiateSIPCall(sessionId, {
    token: tokenOf(video, sessionId),
    sip: {
      ...SIP,
      from: '15550100@example.com',
      headers: { 'X-Case': '42', 'X-Empty': '' },
      auth: { username: 'ada', password: 'secret' },
      secure: true,
      video: true,
      observeForceMute: true,
    },
  });
  assert.match(call.id, LOWER_UUID);
});

test('dialling from a relayed session is a conflict', async () => {
  const { video } = await newApplication();
  const { sessionId } = await video.createSession({ mediaMode: 'enabled' });
  await refused(video.initiateSIPCall(sessionId, { token: tokenOf(video, sessionId), sip: SIP }), 409);
});

test('call without a SIP address is a bad request', async () => {
  const { video, sessionId } = await newCall(1);
  const token = tokenOf(video, sessionId);
  await refused(video.initiateSIPCall(sessionId, { token }), 400);
  await refused(video.initiateSIPCall(sessionId, { token, sip: { uri: 'ada@sip.example.com' } }), 400);
});

test('digits go to every leg and to one', async () => {
  const { video, sessionId } = await newCall(1);
  const call = await video.initiateSIPCall(sessionId, { token: tokenOf(video, sessionId), sip: SIP });
  assert.equal(await video.playDTMF(sessionId, '1234567890*#p'), undefined);
  assert.equal(await video.playDTMF(sessionId, '1p2', call.connectionId), undefined);
  await refused(video.playDTMF(sessionId, '1', NOTHING), 404);
});

test('digits that are none are a bad request', async () => {
  const { video, sessionId } = await newCall(1);
  await video.initiateSIPCall(sessionId, { token: tokenOf(video, sessionId), sip: SIP });
  const body = await refused(video.playDTMF(sessionId, 'abc'), 400);
  assert.equal(body.code, 400);
  assert.match(body.message, /^Invalid DTMF Digits/);
});

test('captions start with an id of their own and stop', async () => {
  const { video, sessionId } = await newCall(1);
  const token = tokenOf(video, sessionId, 'moderator');
  const answer = await video.enableCaptions(sessionId, token, {
    languageCode: 'en-GB',
    maxDuration: 300,
    partialCaptions: 'false',
    statusCallbackUrl: 'https://example.com/captions',
  });
  assert.deepEqual(Object.keys(answer), ['captionsId']);
  assert.match(answer.captionsId, LOWER_UUID);
  assert.equal(await video.disableCaptions(answer.captionsId), undefined);
  await refused(video.disableCaptions(answer.captionsId), 404);
});

test('second captions of a session are a conflict', async () => {
  const { video, sessionId } = await newCall(1);
  const token = tokenOf(video, sessionId, 'moderator');
  await video.enableCaptions(sessionId, token);
  const body = await refused(video.enableCaptions(sessionId, token), 409);
  assert.equal(body.code, 60003);
});

test('captions that cannot be are a bad request', async () => {
  const { video, sessionId } = await newCall(1);
  const token = tokenOf(video, sessionId, 'moderator');
  for (const options of [
    { languageCode: 'xx-XX' },
    { maxDuration: 299 },
    { maxDuration: 14_401 },
    { statusCallbackUrl: 'http://a.b' },
  ]) {
    await refused(video.enableCaptions(sessionId, token, options), 400);
  }
});

test('captions status is readable', async () => {
  const { video, sessionId } = await newCall(1);
  const { captionsId } = await video.enableCaptions(sessionId, tokenOf(video, sessionId, 'moderator'));
  const captions = await video.getCaptionStatus(captionsId);
  assert.equal(captions.status, 'started');
});

test('render starts, joins the session and stops', async () => {
  const { application, video, sessionId } = await newCall(0);
  const before = Date.now();
  const { id, createdAt, updatedAt, ...rest } = await video.startExperienceComposerRender(
    sessionId,
    tokenOf(video, sessionId),
    { url: PAGE, maxDuration: 60, resolution: '480x640', properties: { name: 'scoreboard' } },
  );
  assert.match(id, LOWER_UUID);
  assertRecent(createdAt, before);
  assert.equal(updatedAt, createdAt);
  assert.deepEqual(rest, {
    sessionId,
    applicationId: application.id,
    url: PAGE,
    resolution: '480x640',
    status: 'starting',
    name: 'scoreboard',
    event: 'render',
  });

  const started = await eventually(async () => {
    const render = await video.getExperienceComposerRender(id);
    return render.status === 'started' && render;
  }, 'the render has started');
  assert.equal((await video.getStreamInfo(sessionId, started.streamId)).name, 'scoreboard');

  assert.equal(await video.stopExperienceComposerRender(id), undefined);
  const stopped = await video.getExperienceComposerRender(id);
  assert.equal(stopped.status, 'stopped');
  assert.match(stopped.reason, /^stop requested/i);
  await refused(video.stopExperienceComposerRender(id), 404);
});

test('render list is newest first and counts all pages', async () => {
  const { video, sessionId } = await newCall(0);
  const token = tokenOf(video, sessionId);
  const ids = [];
  for (let number = 0; number < 3; number += 1) {
    ids.push((await video.startExperienceComposerRender(sessionId, token, { url: PAGE })).id);
  }
  const all = await video.listExperienceComposerRenders();
  assert.equal(all.count, 3);
  assert.deepEqual(all.items.map((render) => render.id), [...ids].reverse());
  const page = await video.listExperienceComposerRenders({ offset: 1, count: 1 });
  assert.equal(page.count, 3);
  assert.deepEqual(page.items.map((render) => render.id), [ids[1]]);
});

test('render that cannot be is a bad request', async () => {
  const { video, sessionId } = await newCall(0);
  const token = tokenOf(video, sessionId);
  for (const options of [
    {},
    { url: 'http://a.b' },
    { url: PAGE, resolution: '800x600' },
    { url: PAGE, properties: { name: '' } },
  ]) {
    await refused(video.startExperienceComposerRender(sessionId, token, options), 400);
  }
  const short = video.startExperienceComposerRender(sessionId, token, { url: PAGE, maxDuration: 59 });
  const body = await refused(short, 400);
  assert.equal(body.code, 50005);
});

test('unknown render is not found', async () => {
  const { video } = await newApplication();
  await refused(video.getExperienceComposerRender(NOTHING), 404);
});

test('audio connector joins the session and can be disconnected', async () => {
  const { application, video, sessionId, streamIds } = await newCall(1);
  const connector = await video.connectToWebsocket(sessionId, tokenOf(video, sessionId), {
    uri: 'wss://example.com/audio',
    streams: streamIds,
    headers: { 'X-Case': '42' },
    audioRate: 16000,
    bidirectional: true,
    audioTransport: { transport: 'json', encoding: 'base64', audio_field: 'chunk' },
  });
  assert.deepEqual(Object.keys(connector).sort(), ['connectionId', 'id']);
  assert.match(connector.id, LOWER_UUID);
  assert.ok((await application.connectionIds(sessionId)).includes(connector.connectionId));
  await video.disconnectClient(sessionId, connector.connectionId);
  assert.ok(!(await application.connectionIds(sessionId)).includes(connector.connectionId));
});

test('audio connector ends through its own stop path', async () => {
  const { application, video, sessionId } = await newCall(1);
  const uri = 'wss://example.com/audio';
  const connector = await video.connectToWebsocket(sessionId, tokenOf(video, sessionId), { uri });
  assert.equal(await video.disconnectWebsocket(connector.id), undefined);
  assert.ok(!(await application.connectionIds(sessionId)).includes(connector.connectionId));
});
