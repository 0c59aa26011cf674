'use strict';

// One whole call, in the order an application makes it.

const assert = require('node:assert/strict');
const { eventually, newApplication, test } = require('./support');

test('operations of one call do not disturb each other', async () => {
  const application = await newApplication();
  const { video } = application;
  const { sessionId } = await video.createSession();
  const [host, guest] = await application.join(sessionId, { count: 2 });
  const archive = await video.startArchive(sessionId);
  const broadcast = await video.startBroadcast(sessionId, { outputs: { hls: {} } });
  const token = video.generateClientToken(sessionId, { role: 'moderator' });
  const { captionsId } = await video.enableCaptions(sessionId, token);
  const leg = await video.initiateSIPCall(sessionId, { token, sip: { uri: 'sip:ada@sip.example.com' } });
  const render = await video.startExperienceComposerRender(sessionId, token, { url: 'https://example.com/scores' });
  const connector = await video.connectToWebsocket(sessionId, token, { uri: 'wss://example.com/audio' });
  await eventually(
    async () => (await video.getExperienceComposerRender(render.id)).status === 'started',
    'the render has started',
  );
  await eventually(
    async () => (await video.getStreamInfo(sessionId)).count === 4,
    'two cameras, the leg and the render publish',
  );
  assert.equal((await application.connectionIds(sessionId)).length, 5);

  const hostStream = host.streams[0].id;
  await video.sendSignal({ type: 'chat', data: 'welcome' }, sessionId);
  await video.setStreamClassLists(sessionId, [{ id: hostStream, layoutClassList: ['full'] }]);
  await video.forceMuteAll(sessionId, [hostStream]);
  await video.playDTMF(sessionId, '1', leg.connectionId);

  await video.disableCaptions(captionsId);
  await video.stopExperienceComposerRender(render.id);
  for (const connectionId of [leg.connectionId, connector.connectionId, guest.connectionId]) {
    await video.disconnectClient(sessionId, connectionId);
  }
  assert.deepEqual(await application.connectionIds(sessionId), [host.connectionId]);
  assert.equal((await video.getArchive(archive.id)).status, 'started');
  assert.equal((await video.getBroadcast(broadcast.id)).status, 'started');

  await video.stopBroadcast(broadcast.id);
  await video.stopArchive(archive.id);
  await eventually(
    async () => (await video.getArchive(archive.id)).status === 'available',
    'the archive is available',
  );
  await video.deleteArchive(archive.id);
  assert.deepEqual(await video.searchArchives({}), { count: 0, items: [] });
});
