'use strict';

const assert = require('node:assert/strict');
const { LOWER_UUID, NOTHING, newCall, refused, test } = require('./support');

function assertProjectDetails(answer, application) {
  assert.equal(answer.applicationId, application.id);
  assert.equal(answer.id, application.id);
  assert.equal(typeof answer.secret, 'string');
  assert.equal(answer.name, application.name);
  assert.equal(answer.status, 'ACTIVE');
  assert.equal(answer.environment, 'standard');
  assert.ok(Number.isInteger(answer.createdAt));
}

test('stream list gives every stream with four fields', async () => {
  const { video, sessionId, streamIds } = await newCall(2);
  const { count, items } = await video.getStreamInfo(sessionId);
  assert.equal(count, 2);
  assert.deepEqual(items.map((stream) => stream.id).sort(), [...streamIds].sort());
  for (const stream of items) {
    assert.match(stream.id, LOWER_UUID);
    assert.deepEqual(Object.keys(stream).sort(), ['id', 'layoutClassList', 'name', 'videoType']);
    assert.equal(stream.videoType, 'camera');
    assert.deepEqual(stream.layoutClassList, []);
  }
});

test('stream is given as it was published', async () => {
  const { application, video, sessionId } = await newCall(0);
  const slides = { name: 'slides', videoType: 'screen', hasAudio: false, hasVideo: true, layoutClassList: ['full'] };
  const [person] = await application.join(sessionId, { streams: [slides] });
  assert.deepEqual(await video.getStreamInfo(sessionId, person.streams[0].id), {
    id: person.streams[0].id,
    videoType: 'screen',
    name: 'slides',
    layoutClassList: ['full'],
  });
});

test('stream list before any stream is not found', async () => {
  const { video, sessionId } = await newCall(0);
  await refused(video.getStreamInfo(sessionId), 404);
});

test('unknown stream is a timeout as at the service', async () => {
  const { video, sessionId } = await newCall(1);
  await refused(video.getStreamInfo(sessionId, NOTHING), 408);
});

test('layout classes of several streams are replaced', async () => {
  const { video, sessionId, streamIds } = await newCall(2);
  await video.setStreamClassLists(sessionId, [
    { id: streamIds[0], layoutClassList: ['full', 'focus'] },
    { id: streamIds[1], layoutClassList: ['min'] },
  ]);
  await video.setStreamClassLists(sessionId, [{ id: streamIds[0], layoutClassList: [] }]);
  assert.deepEqual((await video.getStreamInfo(sessionId, streamIds[0])).layoutClassList, []);
  assert.deepEqual((await video.getStreamInfo(sessionId, streamIds[1])).layoutClassList, ['min']);
});

test('signal to everyone arrives with type and data', async () => {
  const { application, video, sessionId } = await newCall(2);
  assert.equal(await video.sendSignal({ type: 'chat', data: 'żółw 🐢' }, sessionId), undefined);
  const [signal] = await application.signals(sessionId);
  assert.deepEqual([signal.type, signal.data], ['chat', 'żółw 🐢']);
});

test('signal to one names its connection', async () => {
  const { application, video, sessionId, people } = await newCall(2);
  await video.sendSignal({ type: 'private', data: 'psst' }, sessionId, people[1].connectionId);
  const [signal] = await application.signals(sessionId);
  assert.equal(signal.connectionId, people[1].connectionId);
});

test('signal to an empty session or to somebody who left is not found', async () => {
  const { application, video, sessionId, people } = await newCall(2);
  await application.leave(sessionId, people[0].connectionId);
  await refused(video.sendSignal({ type: 'chat', data: '?' }, sessionId, people[0].connectionId), 404);
  await application.leave(sessionId, people[1].connectionId);
  await refused(video.sendSignal({ type: 'chat', data: '?' }, sessionId), 404);
});

test('data of more than 8 kilobytes is too large', async () => {
  const { video, sessionId } = await newCall(1);
  await refused(video.sendSignal({ type: 'chat', data: 'x'.repeat(8193) }, sessionId), 413);
});

test('muting one stream mutes no other and answers project details', async () => {
  const { application, video, sessionId, streamIds } = await newCall(2);
  assertProjectDetails(await video.muteStream(sessionId, streamIds[0]), application);
  assert.deepEqual(await application.muted(sessionId), [streamIds[0]]);
});

test('muting an unknown stream is not found', async () => {
  const { video, sessionId } = await newCall(1);
  await refused(video.muteStream(sessionId, NOTHING), 404);
});

test('muting all spares the excluded and answers project details', async () => {
  const { application, video, sessionId, streamIds } = await newCall(2);
  assertProjectDetails(await video.forceMuteAll(sessionId, [streamIds[0]]), application);
  assert.deepEqual(await application.muted(sessionId), [streamIds[1]]);
  assertProjectDetails(await video.muteAllStreams(sessionId, true, []), application);
  assert.deepEqual((await application.muted(sessionId)).sort(), [...streamIds].sort());
});

test('disabling the mute spares later streams and answers project details', async () => {
  const { application, video, sessionId, streamIds } = await newCall(1);
  await video.forceMuteAll(sessionId);
  assertProjectDetails(await video.disableForceMute(sessionId), application);
  await application.join(sessionId);
  assert.deepEqual(await application.muted(sessionId), streamIds);
});

test('disconnected client and its stream are gone', async () => {
  const { application, video, sessionId, people, streamIds } = await newCall(2);
  assert.equal(await video.disconnectClient(sessionId, people[0].connectionId), undefined);
  assert.deepEqual(await application.connectionIds(sessionId), [people[1].connectionId]);
  assert.deepEqual((await video.getStreamInfo(sessionId)).items.map((stream) => stream.id), [streamIds[1]]);
  await refused(video.disconnectClient(sessionId, people[0].connectionId), 404);
});
