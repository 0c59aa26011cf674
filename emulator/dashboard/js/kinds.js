// The kinds of resources: all that the page knows of each.

import { html, bytes, span, useMemo } from './lib.js';
import { useSeconds } from './parts.js';

const seconds = (value) => (value == null ? null : span(value * 1000));
const layout = (each) => each.layout && each.layout.type + (each.layout.screenshareType ? `, screens ${each.layout.screenshareType}` : '');

/**
 * What is particular to each kind, by its word in addresses: its title and life cycle, the key after g, its colour; what a row says, facts,
 * the fields of a forced transition. `tells`: what its events tell beside names and addresses; `joins`: what one is that is a participant
 * of its session, and its `icon`; `silent`: no callback tells of one.
 */
export const KINDS = {
  archives: {
    title: 'Archives', cycle: 'archive', empty: 'No archive yet. startArchive makes one.',
    key: 'a', tint: '#d9534f',
    main: (each) => each.name || each.id.slice(0, 8), quiet: (each) => [each.outputMode, each.duration ? seconds(each.duration) : null],
    facts: (each, live) => [['output', each.outputMode], ['layout', layout(each)], ['resolution', each.resolution], ['streams', each.streamMode], ['taken in', `${each.takenIn.length} streams`],
      ['recorded', html`<${Recorded} live=${live} archive=${each} />`], ['duration', each.duration ? seconds(each.duration) : null], ['size', each.size ? bytes(each.size) : null], ['automatic', each.automatic || null], ['tag', each.multiArchiveTag], ['file', each.url && html`<${Download} url=${each.url} name=${fileOf(each)} />`]],
    form: ['reason'],
  },
  broadcasts: {
    title: 'Broadcasts', cycle: 'broadcast', empty: 'No broadcast yet. startBroadcast makes one.',
    key: 'b', tint: '#e08a1e',
    main: (each) => each.multiBroadcastTag || each.id.slice(0, 8), quiet: (each) => [each.hls && `HLS ${each.hls.status}`, ...each.rtmp.map((target) => `${target.id || 'RTMP'} ${target.status}`)],
    facts: (each) => [['layout', layout(each)], ['resolution', each.resolution], ['streams', each.streamMode], ['ends after', seconds(each.maxDuration)]],
    tells: ({ broadcastUrls: urls }) => (urls ? [urls.hlsStatus && `HLS ${urls.hlsStatus}`, ...(urls.rtmp || []).map((target) => `${target.id || target.streamName} ${target.status}`)] : []),
    form: ['reason'],
  },
  captions: {
    title: 'Captions', cycle: 'captions', empty: 'No captions yet. startCaptions makes them.',
    key: 't', tint: '#6d8f2e',
    main: (each) => each.languageCode, quiet: (each) => [seconds(each.duration)],
    facts: (each) => [['language', each.languageCode], ['provider', each.provider], ['for', seconds(each.duration)], ['ends after', seconds(each.maxDuration)], ['partial', each.partialCaptions], ['tells', each.statusCallbackUrl && html`<code>${each.statusCallbackUrl}</code>`]],
    form: ['reason'],
  },
  renders: {
    title: 'Renders', cycle: 'render', empty: 'No render yet. startRender makes one.',
    key: 'x', tint: '#b455c8',
    joins: 'Experience Composer', icon: 'M1.8 2.8h12.4v10.4H1.8zM1.8 5.6h12.4M4 4.2h.1M6 4.2h.1',
    main: (each) => each.name || each.url, quiet: () => [],
    facts: (each) => [['page', html`<code>${each.url}</code>`], ['resolution', each.resolution], ['stream', each.streamId], ['connection', each.connectionId], ['ends after', seconds(each.maxDuration)]],
    tells: (data) => [data.url],
    form: ['reason'],
  },
  calls: {
    title: 'Calls', cycle: 'call', empty: 'No SIP call yet. dial makes one.',
    key: 'l', tint: '#2d9d5b',
    joins: 'SIP call', icon: 'M3 2.4h2.6l1.2 3-1.6 1.2a8 8 0 0 0 4.2 4.2l1.2-1.6 3 1.2V13a1 1 0 0 1-1 1A11 11 0 0 1 2 3.4a1 1 0 0 1 1-1z',
    main: (each) => each.uri, quiet: (each) => [each.digits.length ? `DTMF ${each.digits.join(' ')}` : null, each.reasonCode],
    facts: (each) => [['to', html`<code>${each.uri}</code>`], ['from', each.from], ['DTMF', each.digits.join(' ')], ['ended', each.reasonCode && `${each.reasonCode} ${each.reasonMessage}`], ['secure', each.secure || null], ['video', each.video || null], ['connection', each.connectionId], ['stream', each.streamId]],
    tells: (data) => [data.status],
    form: ['reasonCode', 'reasonMessage'], formFor: 'HANGUP',
  },
  connectors: {
    title: 'Connectors', cycle: 'connector', empty: 'No audio connector yet. connectAudio makes one.',
    key: 'n', tint: '#c0567c', silent: true,
    joins: 'Audio connector', icon: 'M2 8h2l1.4-4 2.2 8 2-6 1.2 2H14',
    main: (each) => each.uri, quiet: (each) => [`${each.audioRate / 1000} kHz`],
    facts: (each) => [['to', html`<code>${each.uri}</code>`], ['rate', `${each.audioRate} Hz`], ['both ways', each.bidirectional], ['connection', each.connectionId]],
    form: [],
  },
};

/** The kinds by their word in events. */
export const BY_CYCLE = Object.fromEntries(Object.entries(KINDS).map(([view, kind]) => [kind.cycle, { ...kind, view }]));

/** The type of an event, in the colour of its kind: those of what is no resource are in the style sheet. */
export function Kind({ type }) {
  const kind = type.split('.')[0];
  return html`<span class="kind k-${kind}" style=${BY_CYCLE[kind] && { '--tint': BY_CYCLE[kind].tint }}>${type}</span>`;
}

/** How much is recorded: growing while it is. */
function Recorded({ live, archive }) {
  useSeconds(live);
  const read = useMemo(() => live.now(), [archive]);
  return span(archive.recorded + (archive.status === 'started' ? Math.max(0, live.now() - read) : 0));
}

/** What the recording is saved as: its name where it has one, and its id; a zip where each stream is a file. */
function fileOf({ id, name, outputMode }) {
  const plain = (name || '').replace(/[^\p{L}\p{N} ._-]+/gu, '').trim().slice(0, 80);
  return `${plain ? `${plain}-${id}` : id}.${outputMode === 'individual' ? 'zip' : 'mp4'}`;
}

function Download({ url, name }) {
  let path = null;
  try {
    const parsed = new URL(url);
    if (parsed.pathname.startsWith('/_emulator/files/')) path = parsed.pathname + parsed.search;
  } catch {
    path = null;
  }
  return path ? html`<a href=${path} download=${name}>download</a>` : html`<code>${url}</code>`;
}
