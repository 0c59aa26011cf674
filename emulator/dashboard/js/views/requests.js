// The journal: what the service was asked, and what it answered.

import { html, at, bytes, finds, go, useMemo, useStore, words, address } from '../lib.js';
import { curlOf } from '../api.js';
import { useRead, useRequests } from '../live.js';
import { Chips, Copy, Facts, Filter, HttpStatus, Icon, Json, Nothing, Problem, Rows, Section, Split, Time } from '../parts.js';

/** What the request said that is documented otherwise. */
const noted = (exchange) => exchange.undocumented || [];

export function ExchangeRow({ exchange: each }) {
  return html`<span class="c-no">${each.number}</span><${Time} ms=${each.at} />
    <span class="c-method">${each.method}</span><span class="c-main">${each.operation || each.path}</span>
    <span class="c-marks">${each.fault && html`<${Icon} name="fault" label="fault: ${each.fault}" />`}${each.unread.length > 0 && html`<${Icon} name="unread" label="unread fields: ${each.unread.join(', ')}" />`}${noted(each).length > 0 && html`<${Icon} name="undocumented" label="undocumented: ${noted(each).map((note) => note.field).join(', ')}" />`}</span>
    <span class="c-quiet wide-only">${each.duration.toFixed(1)} ms</span><${HttpStatus} status=${each.status} />`;
}

export function Requests({ live, id }) {
  const { query } = useStore(address);
  const { items: all, error } = useRequests(live);
  const items = useMemo(() => {
    const search = words(query.q);
    return all.filter((each) =>
      (!query.operation || each.operation === query.operation) &&
      (!query.session || `${each.path} ${each.body} ${each.answer}`.includes(query.session)) &&
      (!query.only || (query.only === 'failed' ? each.status >= 400 || !each.status : query.only === 'faults' ? each.fault : query.only === 'undocumented' ? noted(each).length : each.unread.length)) &&
      (!search.length || finds(search, [each.method, each.path, each.operation, each.status, each.fault, each.body, each.answer].join(' ').toLowerCase())));
  }, [all, query.q, query.operation, query.session, query.only]);
  const operations = useMemo(() => [...new Set(all.map((each) => each.operation).filter(Boolean))].sort(), [all]);
  const chosen = id === undefined ? undefined : Number(id);
  const base = ['a', live.application, 'requests'];
  return html`<${Split} title="Requests" path="${live.path}/requests" back=${at(base, query)}
    tools=${html`<${Filter} name="q" label="Search" placeholder="Search paths, bodies, answers" />
      <${Filter} name="operation" label="All operations" options=${operations} />
      <${Filter} name="only" label="All answers" options=${[{ value: 'failed', text: 'refused (4xx, 5xx)' }, { value: 'faults', text: 'with a fault' }, { value: 'unread', text: 'with unread fields' }, { value: 'undocumented', text: 'accepted, undocumented' }]} />
      <${Chips} names=${['session']} />`}
    list=${html`<${Problem} error=${error} again="The requests" /><${Rows} label="Requests" items=${items} keyOf=${(each) => each.number} chosen=${chosen}
      row=${(each) => html`<${ExchangeRow} exchange=${each} />`} empty=${error ? 'Not read yet.' : 'No request yet. Point an SDK at this emulator.'}
      onChoose=${(number, quietly) => go(at([...base, String(number)], query), quietly)} />`}
    detail=${chosen !== undefined && html`<${One} live=${live} number=${chosen} />`} />`;
}

function One({ live, number }) {
  const changed = useStore(live.changed);
  const { data, error } = useRead(`${live.path}/requests/${number}`, changed?.epoch);
  if (error) return html`<${Problem} error=${error} />`;
  return data && html`<${Exchange} exchange=${data} live=${live} />`;
}

const answerType = (text) => (text.startsWith('{') || text.startsWith('[') ? 'JSON' : 'text');

/** One exchange with all that is known of it. */
export function Exchange({ exchange: each, live }) {
  const claims = Object.keys(each.claims).length > 0;
  return html`<article>
    <header class="title"><h2>${each.operation || 'Unknown operation'}</h2><${HttpStatus} status=${each.status} />
      <${Copy} text=${() => curlOf(each)} label="Copy this request as curl">copy as curl<//></header>
    <p class="call"><b>${each.method}</b> <code>${each.path}${each.query && `?${each.query}`}</code></p>
    ${each.fault && html`<p class="warning"><${Icon} name="fault" /> Fault that fired: ${each.fault.split(', ').map((name) =>
      live ? html`<a href=${at(['a', live.application, 'faults', name])}>${name}</a> ` : name)}</p>`}
    ${each.unread.length > 0 && html`<p class="warning"><${Icon} name="unread" /> Nothing reads: ${each.unread.map((name) => html`<code>${name}</code> `)}</p>`}
    ${noted(each).map((note) => html`<p class="warning" key=${note.field}><${Icon} name="undocumented" /> Accepted, undocumented: <code>${note.field}</code> was <code>${JSON.stringify(note.value)}</code>; documented is ${note.documented}</p>`)}
    <${Facts} rows=${[
      ['number', each.number], ['at', html`<${Time} ms=${each.at} />`], ['took', `${each.duration.toFixed(2)} ms`],
      ['cut', each.truncated ? 'bodies are longer than what is kept' : null]]} />
    ${claims && html`<${Section} title="Claims"><${Json} value=${each.claims} label="claims" /><//>`}
    <${Section} title="Body" aside=${each.body && html`<small>${bytes(each.body.length)}</small>`}>
      ${each.body ? html`<${Json} text=${each.body} label="body" />` : html`<${Nothing}>without a body<//>`}<//>
    <${Section} title="Answer" aside=${html`<small>${answerType(each.answer)} · ${bytes(each.answer.length)}</small>`}>
      ${each.answer ? html`<${Json} text=${each.answer} label="answer" />` : html`<${Nothing}>empty<//>`}<//>
    <${Section} title="Headers"><${Headers} of=${each.headers} /><//>
  </article>`;
}

export const Headers = ({ of }) =>
  html`<dl class="headers">${Object.entries(of).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

