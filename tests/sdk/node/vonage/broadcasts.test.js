'use strict';

const assert = require('node:assert/strict');
const { LOWER_UUID, NOTHING, assertRecent, eventually, newCall, refused, test } = require('./support');

const HLS = { outputs: { hls: {} } };
const TARGET = { id: 'main', serverUrl: 'rtmps://rtmp.example.com/live', streamName: 'stream-key' };

function streamsOf(broadcast) {
  return (broadcast.streams ?? []).map((stream) => [stream.streamId, stream.hasAudio, stream.hasVideo]);
}

test('started broadcast has every field at its default', async () => {
  const { application, video, sessionId } = await newCall();
  const before = Date.now();
  const { id, createdAt, updatedAt, broadcastUrls, ...rest } = await video.startBroadcast(sessionId, HLS);
  assert.match(id, LOWER_UUID);
  assertRecent(createdAt, before);
  assertRecent(updatedAt, createdAt);
  assert.deepEqual(Object.keys(broadcastUrls), ['hls']);
  assert.match(broadcastUrls.hls, /^https?:\/\/.*\/playlist\.m3u8$/);
  assert.deepEqual(rest, {
    sessionId,
    applicationId: application.id,
    status: 'started',
    streamMode: 'auto',
    hasAudio: true,
    hasVideo: true,
    maxDuration: 14400,
    resolution: '640x480',
    event: 'broadcast',
    settings: { hls: { lowLatency: false, dvr: false } },
  });
});

test('started broadcast repeats the options it was given', async () => {
  const { video, sessionId } = await newCall();
  const broadcast = await video.startBroadcast(sessionId, {
    outputs: { hls: { dvr: true, lowLatency: false }, rtmp: [TARGET] },
    layout: { type: 'custom', stylesheet: 'stream {width: 50%;}' },
    maxDuration: 3600,
    maxBitrate: 1_000_000,
    resolution: '1920x1080',
    multiBroadcastTag: 'main',
  });
  assert.equal(broadcast.maxDuration, 3600);
  assert.equal(broadcast.maxBitrate, 1_000_000);
  assert.equal(broadcast.resolution, '1920x1080');
  assert.equal(broadcast.multiBroadcastTag, 'main');
  assert.deepEqual(broadcast.settings, { hls: { lowLatency: false, dvr: true } });
  assert.match(broadcast.broadcastUrls.hls, /\/playlist\.m3u8\?DVR$/);
  assert.ok(!('hlsStatus' in broadcast.broadcastUrls));
  assert.deepEqual(broadcast.broadcastUrls.rtmp, [{ status: 'connecting', ...TARGET }]);
});

test('outputs go live after a moment', async () => {
  const { video, sessionId } = await newCall();
  const { id } = await video.startBroadcast(sessionId, { outputs: { hls: {}, rtmp: [TARGET] } });
  const broadcast = await eventually(async () => {
    const read = await video.getBroadcast(id);
    return read.broadcastUrls.hlsStatus === 'live' && read.broadcastUrls.rtmp[0].status === 'live' && read;
  }, 'both outputs are live');
  assert.equal(broadcast.status, 'started');
});

test('stopped broadcast says null for its addresses, still answers and is not listed', async () => {
  const { video, sessionId } = await newCall();
  const { id } = await video.startBroadcast(sessionId, HLS);
  const stopped = await video.stopBroadcast(id);
  assert.deepEqual([stopped.id, stopped.status, stopped.broadcastUrls], [id, 'stopped', null]);
  assert.equal((await video.getBroadcast(id)).status, 'stopped');
  assert.deepEqual(await video.searchBroadcasts({}), { count: 0, items: [] });
});

test('broadcast list is newest first, filters by session and counts all pages', async () => {
  const { application, video, sessionId } = await newCall();
  const ids = [];
  for (const multiBroadcastTag of ['a', 'b', 'c']) {
    ids.push((await video.startBroadcast(sessionId, { ...HLS, multiBroadcastTag })).id);
  }
  const other = await video.createSession();
  await application.join(other.sessionId);
  await video.startBroadcast(other.sessionId, HLS);
  const all = await video.searchBroadcasts({ sessionId });
  assert.equal(all.count, 3);
  assert.deepEqual(all.items.map((broadcast) => broadcast.id), [...ids].reverse());
  const page = await video.searchBroadcasts({ sessionId, offset: 2, count: 1 });
  assert.equal(page.count, 3);
  assert.deepEqual(page.items.map((broadcast) => broadcast.id), [ids[0]]);
});

test('second broadcast without a tag is a conflict', async () => {
  const { video, sessionId } = await newCall();
  await video.startBroadcast(sessionId, HLS);
  const body = await refused(video.startBroadcast(sessionId, HLS), 409);
  assert.match(body.message, /already/);
});

test('low latency is repeated in the settings', async () => {
  const { video, sessionId } = await newCall();
  const { settings } = await video.startBroadcast(sessionId, { outputs: { hls: { lowLatency: true } } });
  assert.deepEqual(settings, { hls: { lowLatency: true, dvr: false } });
});

test('broadcast options that contradict each other are a bad request', async () => {
  const { video, sessionId } = await newCall();
  for (const options of [
    {},
    { outputs: {} },
    { outputs: { hls: { dvr: true, lowLatency: true } } },
    { outputs: { rtmp: Array.from({ length: 6 }, (_, number) => ({ ...TARGET, id: `target-${number}` })) } },
    { outputs: { rtmp: [{ id: 'main', streamName: 'stream-key' }] } },
    { outputs: { rtmp: [{ ...TARGET, serverUrl: 'https://example.com/live' }] } },
    { ...HLS, maxDuration: 59 },
    { ...HLS, maxDuration: 36_001 },
    { ...HLS, maxBitrate: 6_000_001 },
    { ...HLS, resolution: '800x600' },
    { ...HLS, layout: { type: 'custom' } },
  ]) {
    await refused(video.startBroadcast(sessionId, options), 400);
  }
  assert.deepEqual(await video.searchBroadcasts(), { count: 0, items: [] });
});

test('manual broadcast shows only streams that were added', async () => {
  const { video, sessionId, streamIds } = await newCall(2);
  const { id } = await video.startBroadcast(sessionId, { ...HLS, streamMode: 'manual' });
  assert.equal(await video.addStreamToBroadcast(id, streamIds[0]), undefined);
  await video.updateBroadcast({ broadcastId: id, addStream: streamIds[1], hasAudio: true, hasVideo: false });
  assert.deepEqual(streamsOf(await video.getBroadcast(id)), [
    [streamIds[0], true, true],
    [streamIds[1], true, false],
  ]);
  assert.equal(await video.removeStreamFromBroadcast(id, streamIds[0]), undefined);
  assert.deepEqual(streamsOf(await video.getBroadcast(id)), [[streamIds[1], true, false]]);
});

test('streams of an automatic broadcast cannot be picked', async () => {
  const { video, sessionId, streamIds } = await newCall(1);
  const { id } = await video.startBroadcast(sessionId, HLS);
  await refused(video.addStreamToBroadcast(id, streamIds[0]), 400);
});

test('unknown broadcast is not found', async () => {
  const { video } = await newCall(0);
  await refused(video.getBroadcast(NOTHING), 404);
  await refused(video.stopBroadcast(NOTHING), 404);
  await refused(video.removeStreamFromBroadcast(NOTHING, NOTHING), 404);
});
