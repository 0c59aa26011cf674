// Resources of every kind: one view, told apart by what ../kinds.js says of each.

import { html, address, at, finds, go, shortSession, useMemo, useState, useStore, words } from '../lib.js';
import { KINDS } from '../kinds.js';
import { useResource } from '../live.js';
import { Act, Badge, Chips, Due, Facts, Field, Filter, Id, Json, Opens, Preview, Problem, Rows, Section, Split, Time } from '../parts.js';
import { Diagram, useLifecycles } from '../diagram.js';
import { Stage } from '../stage.js';
import { Course } from './events.js';

export function Resources({ live, id, view }) {
  const kind = KINDS[view];
  const { query } = useStore(address);
  const cycles = useLifecycles();
  const { data, error } = useResource(live, `/${view}?limit=2000`);
  const items = useMemo(() => {
    const search = words(query.q);
    return (data?.items || []).filter((each) =>
      (!query.status || each.status === query.status) && (!query.session || each.sessionId === query.session) &&
      (!search.length || finds(search, JSON.stringify(each).toLowerCase())));
  }, [data, query.q, query.status, query.session]);
  const base = ['a', live.application, view];
  const statuses = cycles ? Object.keys(cycles[kind.cycle].transitions) : [];
  return html`<${Split} title=${kind.title} path="${live.path}/${view}" back=${at(base, query)}
    tools=${html`<${Filter} name="q" label="Search" placeholder="Search ids, names" />
      <${Filter} name="status" label="All statuses" options=${statuses} /><${Chips} names=${['session']} />`}
    list=${html`<${Problem} error=${error} /><${Rows} label=${kind.title} items=${items} keyOf=${(each) => each.id} chosen=${id} follow empty=${kind.empty}
      row=${(each) => html`<${Time} ms=${each.createdAt} /><span class="c-main">${kind.main(each)}</span>
        <span class="c-quiet wide-only">${kind.quiet(each).filter(Boolean).join(' · ')}</span><${Badge} status=${each.status} />`}
      onChoose=${(key, quietly) => go(at([...base, key], query), quietly)} />`}
    detail=${id !== undefined && html`<${One} key=${id} live=${live} view=${view} kind=${kind} id=${id} cycles=${cycles} />`} />`;
}

function One({ live, view, kind, id, cycles }) {
  const events = useStore(live.events);
  const { data: each, error } = useResource(live, `/${view}/${encodeURIComponent(id)}`);
  const own = useMemo(() => events.filter((event) => event.subject === id && event.type.startsWith(`${kind.cycle}.`)), [id, events, events.length, events.at(-1)?.number]);
  const session = useResource(live, each?.picture ? `/sessions/${each.sessionId}` : null).data;
  if (error) return html`<${Problem} error=${error} />`;
  if (!each || !cycles) return null;
  const visited = own.map((event) => event.data?.status || event.type.slice(kind.cycle.length + 1)).filter((status, index, all) => status in cycles[kind.cycle].transitions && status !== all[index - 1]);
  const root = `${live.path}/${view}/${each.id}`;
  return html`<article>
    <header class="title"><h2>${kind.main(each)}</h2><${Badge} status=${each.status} /></header>
    <${Diagram} cycle=${cycles[kind.cycle]} status=${each.status} visited=${visited} label=${kind.title} />
    <${Force} root=${root} kind=${kind} allowed=${each.allowed} statuses=${Object.keys(cycles[kind.cycle].transitions)} />
    <${Facts} rows=${[['id', html`<${Id} id=${each.id} />`], ['reason', each.reason], ['since', html`<${Time} ms=${each.createdAt} />`], ['changed', html`<${Time} ms=${each.updatedAt} />`],
      ['session', html`<a href=${at(['a', live.application, 'sessions', each.sessionId])}><code>${shortSession(each.sessionId)}</code></a>`], ...kind.facts(each, live)]} />
    ${each.pending.length > 0 && html`<${Section} title="What comes next"><ul class="pending">${each.pending.map((timer) =>
      html`<li><code>${timer.action}</code> <${Due} live=${live} ms=${timer.due} /> <span class="c-quiet">at <${Time} ms=${timer.due} /></span></li>`)}</ul><//>`}
    ${view === 'broadcasts' && html`<${Outputs} root=${root} broadcast=${each} cycles=${cycles} />`}
    ${each.picture && html`<${Section} title="Picture"><${Stage} picture=${each.picture} element=${kind.cycle} label="Picture"
      people=${new Map((session?.participants || []).map((one) => [one.connectionId, one]))} /><//>`}
    <${Section} title="What happened"><${Course} live=${live} events=${own} /><//>
    <${Section} title="As the control API tells it"><${Json} value=${{ ...each, picture: undefined }} label="resource" /><//>
  </article>`;
}

const LAST = new Set(['deleted', 'failed', 'HANGUP']);

/** Force a status that may follow: at once, or with a reason. Each has its place, so that no second click meets another. */
function Force({ root, kind, allowed, statuses }) {
  const call = (status) => ({ method: 'POST', path: `${root}/transition`, body: { status } });
  return html`<div class="actions" role="group" aria-label="Force a status"><span class="c-quiet">Force</span>
    ${statuses.map((status) => html`<${Act} call=${call(status)} key=${status} disabled=${!allowed.includes(status)} sure=${LAST.has(status) && `${status}?`}>${status}<//>`)}
    ${allowed.length > 0 && kind.form.length > 0 && html`<${Opens} label="with a reason…" title="Force a status" kind="plain">${(close) => html`<${WithReason} kind=${kind} allowed=${allowed} call=${call} onDone=${close} />`}<//>`}
    ${!allowed.length && html`<span class="hint">This is where it ends: nothing may follow.</span>`}
  </div>`;
}

function WithReason({ kind, allowed, call, onDone }) {
  const first = allowed.includes(kind.formFor) ? kind.formFor : allowed.includes('failed') ? 'failed' : allowed[0];
  const [form, setForm] = useState({ status: first });
  const [error, setError] = useState(null);
  const set = (name) => (event) => setForm({ ...form, [name]: event.target.value });
  const made = call(form.status);
  made.body = { ...form };
  return html`<form>
    <${Field} label="Status"><select value=${form.status} onChange=${set('status')}>${allowed.map((status) => html`<option value=${status}>${status}</option>`)}</select><//>
    ${kind.form.map((name) => html`<${Field} label=${name}><input value=${form[name] || ''} maxlength="200" onInput=${set(name)} /><//>`)}
    <${Preview} call=${made} /><${Problem} error=${error} />
    <footer><${Act} submit kind="primary" call=${made} onDone=${(_, failed) => (failed ? setError(failed) : onDone())}>Force it<//></footer>
  </form>`;
}

/** The HLS and RTMP outputs of a broadcast, each with its own diagram. */
function Outputs({ root, broadcast, cycles }) {
  const running = broadcast.status === 'started';
  const may = (cycle, status) => Object.keys(cycles[cycle].transitions).filter((after) => after !== 'ended').map((after) => [after, cycles[cycle].transitions[status].includes(after)]);
  const act = (output, [status, allowed], target) => html`<${Act} key=${status} disabled=${!allowed} call=${{ method: 'POST', path: `${root}/transition`, body: { output, status, ...(target && { target }) } }}>${status}<//>`;
  return html`${broadcast.hls && html`<${Section} title="HLS" aside=${html`<${Badge} status=${broadcast.hls.status} />`}>
      <${Diagram} cycle=${cycles.hls} status=${broadcast.hls.status} label="HLS" />
      ${running && html`<div class="actions"><span class="c-quiet">Force</span>${may('hls', broadcast.hls.status).map((status) => act('hls', status))}</div>`}<//>`}
    ${broadcast.rtmp.map((target, index) => html`<${Section} key=${index} title="RTMP ${target.id || target.streamName}" aside=${html`<${Badge} status=${target.status} />`}>
      <p class="call"><code>${target.serverUrl} ${target.streamName}</code></p>
      <${Diagram} cycle=${cycles.rtmp} status=${target.status} label="RTMP ${index}" />
      ${running && html`<div class="actions"><span class="c-quiet">Force</span>${may('rtmp', target.status).map((status) => act('rtmp', status, target.id || target.streamName))}</div>`}<//>`)}`;
}
