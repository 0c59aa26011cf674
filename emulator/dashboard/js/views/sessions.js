// Sessions: who is in them, what is published, and how it would look.

import { html, address, at, finds, go, plural, shortSession, useMemo, useState, useStore, words } from '../lib.js';
import { KINDS } from '../kinds.js';
import { useResource } from '../live.js';
import { Act, Badge, Facts, Field, Filter, Icon, Id, Nothing, Opens, Preview, Problem, Rows, Section, Split, Time } from '../parts.js';
import { Marks, Stage } from '../stage.js';

const streamsOf = (session) => session.participants.reduce((sum, each) => sum + each.streams.length, 0);

export function Sessions({ live, id }) {
  const { query } = useStore(address);
  const { data, error } = useResource(live, '/sessions');
  const items = useMemo(() => {
    const search = words(query.q);
    return (data?.items || []).filter((each) =>
      (query.only !== 'alive' || each.participants.length) &&
      (!search.length || finds(search, JSON.stringify(each).toLowerCase())));
  }, [data, query.q, query.only]);
  const base = ['a', live.application, 'sessions'];
  const chosen = data?.items.find((each) => each.sessionId === id);
  return html`<${Split} title="Sessions" path="${live.path}/sessions" back=${at(base, query)}
    tools=${html`<${Filter} name="q" label="Search" placeholder="Search ids, names, data" />
      <${Filter} name="only" label="All sessions" options=${[{ value: 'alive', text: 'with somebody in it' }]} />`}
    list=${html`<${Problem} error=${error} /><${Rows} label="Sessions" items=${items} keyOf=${(each) => each.sessionId} chosen=${id}
      row=${(each) => html`<${Time} ms=${each.createdAt} /><span class="c-main mono">${shortSession(each.sessionId)}</span>
        <span class="c-quiet wide-only">${each.mediaMode}${each.archiveMode === 'always' ? ' · always archived' : ''}</span>
        <${Badge} tone=${each.participants.length ? 'good' : 'quiet'}>${each.participants.length} in, ${plural(streamsOf(each), 'stream')}<//>`}
      empty="No session yet. createSession makes one." onChoose=${(key, quietly) => go(at([...base, key], query), quietly)} />`}
    detail=${id !== undefined && data && (chosen ? html`<${One} key=${id} live=${live} session=${chosen} />` : html`<${Nothing}>There is no such session.<//>`)} />`;
}

function One({ live, session }) {
  const root = `${live.path}/sessions/${session.sessionId}`;
  const people = useMemo(() => new Map(session.participants.map((each) => [each.connectionId, each])), [session]);
  const streams = streamsOf(session);
  return html`<article>
    <header class="title"><h2>Session</h2><${Id} id=${session.sessionId} /></header>
    <${Facts} rows=${[
      ['since', html`<${Time} ms=${session.createdAt} />`], ['media', session.mediaMode], ['archives', session.archiveMode === 'always' ? 'always' : null],
      ['encrypted', session.e2ee || null], ['migrating', session.migrating || null], ['new streams', session.mutesNewStreams ? 'are muted' : null],
      ['see', html`<a href=${at(['a', live.application, 'events'], { session: session.sessionId })}>timeline</a> <a href=${at(['a', live.application, 'requests'], { session: session.sessionId })}>requests</a> <a href=${at(['a', live.application, 'callbacks'], { session: session.sessionId })}>callbacks</a>`]]} />
    <${Pictures} live=${live} root=${root} session=${session} people=${people} />
    <${Section} title="Participants" aside=${html`<small>${plural(session.participants.length, 'participant')}, ${plural(streams, 'stream')}</small>
      <${Opens} label="Join" title="Let participants join" kind="primary">${(close) => html`<${Join} root=${root} onDone=${close} />`}<//>`}>
      <${People} root=${root} session=${session} />
    <//>
    <${Resources} live=${live} session=${session.sessionId} />
    <${Signals} live=${live} session=${session.sessionId} />
  </article>`;
}

const LAYOUTS = 'bestFit pip verticalPresentation horizontalPresentation'.split(' ');

/** How the session looks: in an archive or broadcast that is composed now, or in a layout to try. */
function Pictures({ live, root, session, people }) {
  const [tried, setTried] = useState('');
  const [screens, setScreens] = useState('');
  const archives = useResource(live, `/archives?session=${session.sessionId}`).data?.items || [];
  const broadcasts = useResource(live, `/broadcasts?session=${session.sessionId}`).data?.items || [];
  const composed = [
    ...archives.filter((each) => ['started', 'paused'].includes(each.status) && each.layout).map((each) => ({ ...each, of: 'archives' })),
    ...broadcasts.filter((each) => each.status === 'started').map((each) => ({ ...each, of: 'broadcasts' })),
  ];
  const own = tried === '' ? composed[0] : composed.find((each) => each.id === tried);
  const type = own ? null : LAYOUTS.includes(tried) ? tried : 'bestFit';
  const path = own ? `/${own.of}/${own.id}` : `/sessions/${session.sessionId}/picture?type=${type}${type === 'bestFit' && screens ? `&screenshareType=${screens}` : ''}`;
  const { data, error } = useResource(live, path);
  const picture = own ? data?.picture : data;
  return html`<${Section} title="Picture" aside=${html`
    <select aria-label="Layout" value=${own ? own.id : type} onChange=${(event) => setTried(event.target.value)}>
      ${composed.length > 0 && html`<optgroup label="Composed now">${composed.map((each) => html`<option value=${each.id}>${each.of.slice(0, -1)} ${each.name || each.id.slice(0, 8)} (${each.layout.type})</option>`)}</optgroup>`}
      <optgroup label="As it would look">${LAYOUTS.map((name) => html`<option value=${name}>${name}</option>`)}</optgroup>
    </select>
    ${type === 'bestFit' && html`<select aria-label="Layout for screen sharing" value=${screens} onChange=${(event) => setScreens(event.target.value)}>
      <option value="">no layout for screens</option>${LAYOUTS.map((name) => html`<option value=${name}>screens: ${name}</option>`)}</select>`}`}>
    <${Problem} error=${error} />
    ${picture && html`<${Stage} picture=${picture} people=${people} element=${own?.of === 'broadcasts' ? 'broadcast' : 'archive'} label="Picture of the session" />`}
  <//>`;
}

const REASONS = 'clientDisconnected forceDisconnected networkDisconnected'.split(' ');
const ROW = 62;

/** One row for each participant, in a list that stays quick with hundreds. */
function People({ root, session }) {
  const [search, setSearch] = useState('');
  const [chosen, choose] = useState();
  const items = useMemo(() => {
    const wanted = words(search);
    return session.participants.filter((each) => !wanted.length || finds(wanted, JSON.stringify(each).toLowerCase()));
  }, [session, search]);
  const one = items.find((each) => each.connectionId === chosen);
  if (!session.participants.length) return html`<${Nothing}>Nobody is in this session.<//>`;
  return html`${session.participants.length > 8 && html`<input type="search" class="filter" aria-label="Search participants" placeholder="Search participants" value=${search} onInput=${(event) => setSearch(event.target.value)} />`}
    <div class="people" style=${{ height: `${Math.min(items.length, 7) * ROW + 2}px` }}>
      <${Rows} label="Participants" items=${items} keyOf=${(each) => each.connectionId} height=${ROW} chosen=${chosen} onChoose=${choose} empty="Nobody fits."
        row=${(each) => html`<div class="person">
          <div><b>${each.data || 'no connection data'}</b> <span class="c-quiet">${each.role}${each.origin === 'client' ? '' : ` · ${each.origin}`}</span> <code class="c-quiet wide-only">${each.connectionId.slice(0, 8)}</code></div>
          <div class="streams">${each.streams.map((stream) => html`<span class="stream"><${Icon} name=${stream.videoType === 'screen' ? 'screen' : 'video'} label=${stream.videoType} /> ${stream.name || stream.id.slice(0, 8)} <${Marks} stream=${stream} kindless />
            ${stream.layoutClassList.map((name) => html`<code>.${name}</code>`)}</span>`)}${!each.streams.length && html`<span class="c-quiet">publishes nothing</span>`}</div>
        </div>`} /></div>
    ${one ? html`<${Person} key=${one.connectionId} root=${root} person=${one} />` : html`<p class="hint">Choose somebody to mute, publish or leave.</p>`}`;
}

function Person({ root, person }) {
  const [reason, setReason] = useState('clientDisconnected');
  const own = `${root}/participants/${person.connectionId}`;
  return html`<div class="person-actions" role="group" aria-label="Actions for ${person.data || person.connectionId}">
    <div class="actions"><${Id} id=${person.connectionId} />
      <select aria-label="Reason for leaving" value=${reason} onChange=${(event) => setReason(event.target.value)}>${REASONS.map((name) => html`<option value=${name}>${name}</option>`)}</select>
      <${Act} call=${{ method: 'DELETE', path: `${own}?reason=${reason}` }}>Leave<//>
      ${person.role !== 'subscriber' && html`<${Act} call=${{ method: 'POST', path: `${own}/streams`, body: { videoType: 'screen', name: 'screen' } }}>Share the screen<//>
      <${Act} call=${{ method: 'POST', path: `${own}/streams`, body: { videoType: 'camera' } }}>Publish a camera<//>`}</div>
    ${person.streams.map((stream) => {
      const path = `${root}/streams/${stream.id}`;
      const change = (body) => ({ method: 'PATCH', path, body });
      return html`<div class="actions" key=${stream.id}><span class="stream"><${Icon} name=${stream.videoType === 'screen' ? 'screen' : 'video'} /> ${stream.name || stream.id.slice(0, 8)} <${Marks} stream=${stream} kindless /></span>
        <${Act} call=${change({ muted: !stream.muted })}>${stream.muted ? 'Unmute' : 'Force mute'}<//>
        <${Act} call=${change({ hasAudio: !stream.hasAudio })}>Audio ${stream.hasAudio ? 'off' : 'on'}<//>
        <${Act} call=${change({ hasVideo: !stream.hasVideo })}>Video ${stream.hasVideo ? 'off' : 'on'}<//>
        <${Act} call=${{ method: 'DELETE', path }}>Unpublish<//></div>`;
    })}
  </div>`;
}

function Join({ root, onDone }) {
  const [form, setForm] = useState({ count: 1, data: '', role: 'publisher', publish: 'camera', name: '', classes: '' });
  const [error, setError] = useState(null);
  const set = (name) => (event) => setForm({ ...form, [name]: name === 'count' ? Number(event.target.value) : event.target.value });
  const classes = form.classes.split(/[\s,]+/).filter(Boolean);
  const stream = (videoType) => ({ videoType, ...(form.name && { name: form.name }), ...(classes.length && { layoutClassList: classes }) });
  const streams = { camera: [stream('camera')], screen: [stream('camera'), stream('screen')], nothing: [] }[form.role === 'subscriber' ? 'nothing' : form.publish];
  const call = { method: 'POST', path: `${root}/participants`, body: { count: form.count, data: form.data, role: form.role, streams } };
  return html`<form>
    <${Field} label="How many"><input type="number" min="1" max="1000" value=${form.count} onInput=${set('count')} /><//>
    <${Field} label="Connection data"><input value=${form.data} maxlength="1000" onInput=${set('data')} /><//>
    <${Field} label="Role"><select value=${form.role} onChange=${set('role')}>${'publisher subscriber moderator publisheronly'.split(' ').map((name) => html`<option value=${name}>${name}</option>`)}</select><//>
    ${form.role !== 'subscriber' && html`<${Field} label="Publishes"><select value=${form.publish} onChange=${set('publish')}><option value="camera">a camera</option><option value="screen">a camera and a screen</option><option value="nothing">nothing</option></select><//>
    <${Field} label="Name of the stream"><input value=${form.name} maxlength="1000" onInput=${set('name')} /><//>
    <${Field} label="Layout classes" hint="full, focus, or classes of your stylesheet"><input value=${form.classes} onInput=${set('classes')} /><//>`}
    <${Preview} call=${call} /><${Problem} error=${error} />
    <footer><${Act} submit kind="primary" call=${call} onDone=${(_, failed) => (failed ? setError(failed) : onDone())}>Join<//></footer>
  </form>`;
}

function Resources({ live, session }) {
  const found = Object.keys(KINDS).map((kind) => [kind, useResource(live, `/${kind}?session=${session}`).data?.items || []]);
  const all = found.flatMap(([kind, items]) => items.map((each) => [kind, each]));
  return all.length > 0 && html`<${Section} title="In this session"><ul class="links">${all.slice(-200).map(([kind, each]) =>
    html`<li key=${each.id}><a href=${at(['a', live.application, kind, each.id])}>${KINDS[kind].cycle} ${each.name || each.uri || each.id.slice(0, 8)}</a> <${Badge} status=${each.status} /></li>`)}</ul><//>`;
}

function Signals({ live, session }) {
  const items = useResource(live, `/sessions/${session}/signals`).data?.items || [];
  return items.length > 0 && html`<${Section} title="Signals" aside=${html`<small>${items.length}</small>`}><ul class="signals">${items.slice(-100).map((each) =>
    html`<li><${Time} ms=${each.at} /> <b>${each.type || 'no type'}</b> <span class="text">${each.data}</span> <small class="c-quiet">${each.connectionId ? `to ${each.connectionId.slice(0, 8)}` : 'to all'}</small></li>`)}</ul><//>`;
}
