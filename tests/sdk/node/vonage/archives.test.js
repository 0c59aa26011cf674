'use strict';

const assert = require('node:assert/strict');
const { LOWER_UUID, NOTHING, assertRecent, eventually, newApplication, newCall, refused, test } = require('./support');

/** Wait until the archive has the status `wanted` and return it. */
function until(video, archiveId, wanted) {
  return eventually(async () => {
    const archive = await video.getArchive(archiveId);
    return archive.status === wanted && archive;
  }, `archive ${archiveId} is ${wanted}`);
}

async function availableArchive(video, sessionId) {
  const { id } = await video.startArchive(sessionId);
  await video.stopArchive(id);
  return until(video, id, 'available');
}

function streamsOf(archive) {
  return (archive.streams ?? []).map((stream) => [stream.streamId, stream.hasAudio, stream.hasVideo]);
}

test('started archive has every field at its default', async () => {
  const { application, video, sessionId } = await newCall();
  const before = Date.now();
  const { id, name, createdAt, updatedAt, streams: _, ...rest } = await video.startArchive(sessionId);
  assert.match(id, LOWER_UUID);
  assert.ok(name === null || name === '');
  assertRecent(createdAt, before);
  assertRecent(updatedAt, createdAt);
  assert.deepEqual(rest, {
    status: 'started',
    reason: '',
    sessionId,
    applicationId: application.id,
    size: 0,
    duration: 0,
    outputMode: 'composed',
    streamMode: 'auto',
    hasAudio: true,
    hasVideo: true,
    hasTranscription: false,
    sha256sum: '',
    password: '',
    multiArchiveTag: '',
    event: 'archive',
    resolution: '640x480',
    url: null,
  });
});

test('started archive repeats the options it was given', async () => {
  const { video, sessionId } = await newCall();
  const archive = await video.startArchive(sessionId, {
    name: 'interview',
    hasAudio: true,
    hasVideo: false,
    layout: { type: 'bestFit', screenshareType: 'pip' },
    multiArchiveTag: 'first',
    outputMode: 'composed',
    resolution: '1080x1920',
    streamMode: 'manual',
    maxBitrate: 1_500_000,
  });
  assert.equal(archive.name, 'interview');
  assert.deepEqual([archive.hasAudio, archive.hasVideo], [true, false]);
  assert.equal(archive.multiArchiveTag, 'first');
  assert.equal(archive.resolution, '1080x1920');
  assert.equal(archive.streamMode, 'manual');
  assert.equal(archive.maxBitrate, 1_500_000);
});

test('individual archive has no resolution and may be transcribed', async () => {
  const { video, sessionId } = await newCall();
  const archive = await video.startArchive(sessionId, {
    outputMode: 'individual',
    hasTranscription: true,
    transcriptionProperties: { primaryLanguageCode: 'de-DE', hasSummary: true },
  });
  assert.equal(archive.outputMode, 'individual');
  assert.ok(!('resolution' in archive));
  assert.equal(archive.hasTranscription, true);
  assert.equal(archive.transcription.status, 'requested');
  assert.equal(archive.transcription.primaryLanguageCode, 'de-DE');
  assert.equal(archive.transcription.hasSummary, true);
});

test('reading an archive again rounds times to whole seconds', async () => {
  const { video, sessionId } = await newCall();
  const started = await video.startArchive(sessionId);
  const read = await video.getArchive(started.id);
  assert.equal(read.createdAt % 1000, 0);
  assert.equal(read.updatedAt % 1000, 0);
  assert.ok(Math.abs(read.createdAt - started.createdAt) < 1000);
});

test('stopped archive says who stopped it and has no size yet', async () => {
  const { video, sessionId } = await newCall();
  const { id } = await video.startArchive(sessionId, { name: 'talk' });
  const { status, reason, name, size, duration, url } = await video.stopArchive(id);
  assert.deepEqual(
    { status, reason, name, size, duration, url },
    { status: 'stopped', reason: 'user initiated', name: 'talk', size: 0, duration: 0, url: null },
  );
});

test('stopped archive becomes available with url size and digest', async () => {
  const { video, sessionId } = await newCall();
  const archive = await availableArchive(video, sessionId);
  assert.match(archive.url, /^https?:\/\/.*archive\.mp4/);
  assert.ok(archive.url.includes(archive.id));
  assert.ok(Number.isInteger(archive.size));
  assert.ok(Number.isInteger(archive.duration));
  assert.equal(Buffer.from(archive.sha256sum, 'base64').length, 32);
  assert.equal(archive.reason, 'user initiated');
});

test('archive options that contradict each other are a bad request', async () => {
  const { video, sessionId } = await newCall();
  for (const options of [
    { hasAudio: false, hasVideo: false },
    { outputMode: 'individual', resolution: '640x480' },
    { outputMode: 'individual', layout: { type: 'pip' } },
    { outputMode: 'individual', maxBitrate: 1_000_000 },
    { resolution: '800x600' },
    { maxBitrate: 99_999 },
    { quantizationParameter: 41 },
    { maxBitrate: 1_000_000, quantizationParameter: 20 },
    { layout: { type: 'custom' } },
    { layout: { type: 'pip', stylesheet: 'stream {}' } },
    { layout: { type: 'pip', screenshareType: 'pip' } },
    { streamMode: 'sometimes' },
  ]) {
    await refused(video.startArchive(sessionId, options), 400);
  }
  assert.deepEqual(await video.searchArchives(), { count: 0, items: [] });
});

test('archive cannot start in an empty session', async () => {
  const { video, sessionId } = await newCall(0);
  const body = await refused(video.startArchive(sessionId), 404);
  assert.equal(body.message, 'Not found. No clients are actively connected to the OpenTok session.');
});

test('second archive without a tag is a conflict and with a tag it runs', async () => {
  const { video, sessionId } = await newCall();
  await video.startArchive(sessionId);
  const body = await refused(video.startArchive(sessionId), 409);
  assert.equal(body.code, 15001);
  assert.equal((await video.startArchive(sessionId, { multiArchiveTag: 'second' })).status, 'started');
});

test('archive of a relayed session is a conflict', async () => {
  const application = await newApplication();
  const { sessionId } = await application.video.createSession({ mediaMode: 'enabled' });
  await application.join(sessionId);
  const body = await refused(application.video.startArchive(sessionId), 409);
  assert.equal(body.code, 15008);
});

test('stopping an available archive is a conflict', async () => {
  const { video, sessionId } = await newCall();
  const { id } = await availableArchive(video, sessionId);
  const body = await refused(video.stopArchive(id), 409);
  assert.equal(body.code, 15002);
});

test('deleting a running archive is a conflict', async () => {
  const { video, sessionId } = await newCall();
  const { id } = await video.startArchive(sessionId);
  const body = await refused(video.deleteArchive(id), 409);
  assert.equal(body.code, 15004);
});

test('deleted archive leaves the list and reads as deleted', async () => {
  const { video, sessionId } = await newCall();
  const { id } = await availableArchive(video, sessionId);
  assert.equal(await video.deleteArchive(id), undefined);
  assert.deepEqual(await video.searchArchives({}), { count: 0, items: [] });
  assert.equal((await video.getArchive(id)).status, 'deleted');
});

test('unknown archive is not found', async () => {
  const { video } = await newCall(0);
  await refused(video.getArchive(NOTHING), 404);
  await refused(video.stopArchive(NOTHING), 404);
  await refused(video.deleteArchive(NOTHING), 404);
  await refused(video.updateArchiveLayout(NOTHING, { type: 'pip' }), 404);
});

test('archive list is newest first and counts all pages', async () => {
  const { video, sessionId } = await newCall();
  const ids = [];
  for (const multiArchiveTag of ['a', 'b', 'c']) {
    ids.push((await video.startArchive(sessionId, { multiArchiveTag })).id);
  }
  const all = await video.searchArchives();
  assert.equal(all.count, 3);
  assert.deepEqual(all.items.map((archive) => archive.id), [...ids].reverse());
  const page = await video.searchArchives({ offset: 1, count: 1 });
  assert.equal(page.count, 3);
  assert.deepEqual(page.items.map((archive) => archive.id), [ids[1]]);
});

test('archive list can be kept to one session', async () => {
  const { application, video, sessionId } = await newCall();
  await video.startArchive(sessionId);
  const other = await video.createSession();
  await application.join(other.sessionId);
  const wanted = await video.startArchive(other.sessionId);
  const { count, items } = await video.searchArchives({ sessionId: other.sessionId });
  assert.equal(count, 1);
  assert.equal(items[0].id, wanted.id);
});

test('layout of an archive changes to every type', async () => {
  const { video, sessionId } = await newCall();
  const { id } = await video.startArchive(sessionId);
  for (const layout of [
    { type: 'bestFit', screenshareType: 'horizontalPresentation' },
    { type: 'pip' },
    { type: 'verticalPresentation' },
    { type: 'horizontalPresentation' },
    { type: 'custom', stylesheet: 'stream {float: left;}' },
  ]) {
    assert.equal(await video.updateArchiveLayout(id, layout), undefined);
  }
});

test('custom layout without a stylesheet is a bad request', async () => {
  const { video, sessionId } = await newCall();
  const { id } = await video.startArchive(sessionId);
  await refused(video.updateArchiveLayout(id, { type: 'custom' }), 400);
});

test('manual archive records only streams that were added', async () => {
  const { video, sessionId, streamIds } = await newCall(2);
  const { id } = await video.startArchive(sessionId, { streamMode: 'manual' });
  assert.deepEqual(streamsOf(await video.getArchive(id)), []);
  assert.equal(await video.addArchiveStream(id, streamIds[0]), undefined);
  await video.addArchiveStream(id, streamIds[1], true, false);
  assert.deepEqual(streamsOf(await video.getArchive(id)), [
    [streamIds[0], true, true],
    [streamIds[1], true, false],
  ]);
  assert.equal(await video.removeArchiveStream(id, streamIds[0]), undefined);
  assert.deepEqual(streamsOf(await video.getArchive(id)), [[streamIds[1], true, false]]);
});

test('streams of an automatic archive cannot be picked', async () => {
  const { video, sessionId, streamIds } = await newCall(1);
  const { id } = await video.startArchive(sessionId);
  await refused(video.addArchiveStream(id, streamIds[0]), 400);
});
