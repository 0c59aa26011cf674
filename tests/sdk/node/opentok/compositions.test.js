'use strict';

// Archives and broadcasts by the opentok package.

const assert = require('node:assert/strict');
const { LOWER_UUID, NOTHING, assertRecent, eventually, newCall, promised, refused, test } = require('./support');

const HLS = { outputs: { hls: {} } };
const CUSTOM = 'stream { left: 0 }';

function start(call, options = {}) {
  return promised((done) => call.opentok.startArchive(call.sessionId, options, done));
}

function broadcast(call, options = {}) {
  return promised((done) => call.opentok.startBroadcast(call.sessionId, { ...HLS, ...options }, done));
}

async function available(call) {
  const { opentok } = call;
  const archive = await start(call);
  await promised((done) => opentok.stopArchive(archive.id, done));
  return eventually(async () => {
    const found = await promised((done) => opentok.getArchive(archive.id, done));
    return found.status === 'available' && found;
  }, 'the archive is available');
}

test('an archive starts with numbers for its project', async () => {
  const call = await newCall();
  const before = Date.now();
  const archive = await start(call);
  assert.match(archive.id, LOWER_UUID);
  assertRecent(archive.createdAt, before);
  const number = Number(call.application.apiKey);
  assert.deepEqual([archive.status, archive.partnerId, archive.projectId], ['started', number, number]);
});

test('an archive takes every option', async () => {
  const call = await newCall();
  const options = {
    name: 'lesson',
    hasAudio: true,
    hasVideo: true,
    outputMode: 'composed',
    resolution: '1280x720',
    streamMode: 'manual',
    multiArchiveTag: 'second',
    maxBitrate: 2_000_000,
    layout: { type: 'bestFit', screenshareType: 'pip' },
    hasTranscription: true,
    transcriptionProperties: { primaryLanguageCode: 'de-DE', hasSummary: true },
  };
  const archive = await start(call, options);
  const { layout: _, transcriptionProperties: __, ...repeated } = options;
  assert.deepEqual({ ...archive, ...repeated }, { ...archive });
  const layout = { type: 'custom', stylesheet: CUSTOM };
  const third = await start(call, { multiArchiveTag: 'third', quantizationParameter: 20, layout });
  assert.equal(third.quantizationParameter, 20);
});

test('an archive stops, becomes available and is deleted', async () => {
  const call = await newCall();
  const archive = await available(call);
  assert.match(archive.url, /^http/);
  const { opentok } = call;
  await promised((done) => opentok.deleteArchive(archive.id, done));
  const [, count] = await promised((done) => opentok.listArchives(done));
  assert.equal(count, 0);
});

test('an archive stops and deletes itself', async () => {
  const call = await newCall();
  const archive = await start(call);
  assert.equal((await promised((done) => archive.stop(done))).status, 'stopped');
  const done = await available(call);
  await promised((callback) => done.delete(callback));
});

test('archives are listed in pages and by session', async () => {
  const call = await newCall();
  const ids = [];
  for (const multiArchiveTag of ['a', 'b', 'c']) {
    ids.push((await start(call, { multiArchiveTag })).id);
  }
  const { opentok, sessionId } = call;
  const [page, count] = await promised((done) => opentok.listArchives({ offset: 1, count: 1, sessionId }, done));
  assert.deepEqual([page.map((archive) => archive.id), count], [[ids[1]], 3]);
});

test('the layout of an archive changes', async () => {
  const call = await newCall();
  const { id } = await start(call);
  const { opentok } = call;
  await promised((done) => opentok.setArchiveLayout(id, 'bestFit', null, 'pip', done));
  await promised((done) => opentok.setArchiveLayout(id, 'custom', CUSTOM, null, done));
  await refused((done) => opentok.setArchiveLayout(id, 'mosaic', null, null, done), 'RequestError', /layout/);
});

test('streams of an archive are picked by hand', async () => {
  const call = await newCall();
  const { id } = await start(call, { streamMode: 'manual' });
  const { opentok, streamIds } = call;
  await promised((done) => opentok.addArchiveStream(id, streamIds[0], { hasVideo: false }, done));
  const archive = await promised((done) => opentok.getArchive(id, done));
  assert.deepEqual(archive.streams, [{ streamId: streamIds[0], hasAudio: true, hasVideo: false }]);
  await promised((done) => opentok.removeArchiveStream(id, streamIds[0], done));
  await refused((done) => opentok.addArchiveStream(id, NOTHING, done), 'ArchiveError', /not found/);
});

test('archives that cannot start or end are refused', async () => {
  const call = await newCall(0);
  const { opentok, sessionId, application } = call;
  await refused((done) => opentok.startArchive(sessionId, {}, done), 'ArchiveError', /Session not found/);
  await application.join(sessionId);
  await start(call);
  await refused((done) => opentok.startArchive(sessionId, {}, done), 'RequestError', /already composed/);
  await refused((done) => opentok.startArchive(sessionId, { resolution: '1x1' }, done), 'RequestError', /resolution/);
  await refused((done) => opentok.getArchive(NOTHING, done), 'NotFoundError', /Archive not found/);
  await refused((done) => opentok.stopArchive(NOTHING, done), 'ArchiveError', /Archive not found/);
  await refused((done) => opentok.deleteArchive(NOTHING, done), 'ArchiveError', /Archive not found/);
});

test('a stopped archive cannot be stopped again once its file is there', async () => {
  const call = await newCall();
  const { id } = await available(call);
  const { opentok } = call;
  await refused((done) => opentok.stopArchive(id, done), 'ArchiveError', /You can only stop/);
});

test('a broadcast starts, is read and stops', async () => {
  const call = await newCall();
  const { opentok } = call;
  const { id, projectId, broadcastUrls } = await broadcast(call);
  assert.equal(projectId, Number(call.application.apiKey));
  assert.match(broadcastUrls.hls, /playlist\.m3u8$/);
  assert.equal((await promised((done) => opentok.getBroadcast(id, done))).status, 'started');
  assert.equal((await promised((done) => opentok.stopBroadcast(id, done))).status, 'stopped');
});

test('a broadcast stops itself', async () => {
  const call = await newCall();
  const found = await broadcast(call);
  assert.equal((await promised((done) => found.stop(done))).status, 'stopped');
});

test('a broadcast takes every option', async () => {
  const call = await newCall();
  const options = {
    maxDuration: 600,
    maxBitrate: 1_000_000,
    resolution: '1280x720',
    streamMode: 'manual',
    multiBroadcastTag: 'second',
    hasAudio: true,
    hasVideo: false,
  };
  const rtmp = { id: 'one', serverUrl: 'rtmps://example.com/app', streamName: 'key' };
  const outputs = { hls: { dvr: true, lowLatency: false }, rtmp: [rtmp] };
  const found = await broadcast(call, { ...options, outputs, layout: { type: 'custom', stylesheet: CUSTOM } });
  assert.deepEqual({ ...found, ...options }, { ...found });
  assert.deepEqual(found.broadcastUrls.rtmp, [{ status: 'connecting', ...rtmp }]);
});

test('broadcasts are listed in pages and by session', async () => {
  const call = await newCall();
  const { opentok, sessionId } = call;
  const first = await broadcast(call);
  await broadcast(call, { multiBroadcastTag: 'b', layout: { type: 'bestFit', screenshareType: 'pip' } });
  const [page, count] = await promised((done) => opentok.listBroadcasts({ offset: 1, count: 1, sessionId }, done));
  assert.deepEqual([page.map((each) => each.id), count], [[first.id], 2]);
});

test('the layout of a broadcast changes', async () => {
  const call = await newCall();
  const { opentok } = call;
  const { id } = await broadcast(call);
  await promised((done) => opentok.setBroadcastLayout(id, 'bestFit', null, 'pip', done));
  await promised((done) => opentok.setBroadcastLayout(id, 'custom', CUSTOM, null, done));
  await refused((done) => opentok.setBroadcastLayout(id, 'mosaic', null, null, done), 'RequestError', /layout/);
});

test('streams of a broadcast are picked by hand', async () => {
  const call = await newCall();
  const { opentok, streamIds } = call;
  const { id } = await broadcast(call, { streamMode: 'manual' });
  await promised((done) => opentok.addBroadcastStream(id, streamIds[0], {}, done));
  const found = await promised((done) => opentok.getBroadcast(id, done));
  assert.deepEqual(found.streams, [{ streamId: streamIds[0], hasAudio: true, hasVideo: true }]);
  await promised((done) => opentok.removeBroadcastStream(id, streamIds[0], done));
  await refused((done) => opentok.addBroadcastStream(id, NOTHING, {}, done), 'NotFoundError');
});

test('broadcasts that cannot be are refused', async () => {
  const call = await newCall();
  const { opentok, sessionId } = call;
  await broadcast(call);
  await refused((done) => opentok.startBroadcast(sessionId, { ...HLS }, done), null, /already composed/);
  await refused((done) => opentok.startBroadcast(sessionId, { outputs: {} }, done), null, /Bad session ID/);
  await refused((done) => opentok.getBroadcast(NOTHING, done), null, /Not Found/);
  await refused((done) => opentok.stopBroadcast(NOTHING, done), null, /Failed to stop broadcast/);
});
