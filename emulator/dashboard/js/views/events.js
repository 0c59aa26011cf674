// What happened, on the application's clock.

import { html, address, at, finds, go, short, shortSession, span, useMemo, useStore, words } from '../lib.js';
import { BY_CYCLE, Kind } from '../kinds.js';
import { Chips, Facts, Filter, Json, Nothing, Rows, Section, Split, Time } from '../parts.js';

const TYPES = ['session', 'connection', 'stream', 'signal', ...Object.keys(BY_CYCLE)];

const kindOf = (event) => event.type.slice(0, event.type.indexOf('.'));

/** Where the subject of an event is in the page. */
function placeOf(application, event) {
  const view = BY_CYCLE[kindOf(event)]?.view;
  if (view) return at(['a', application, view, event.subject]);
  return event.sessionId ? at(['a', application, 'sessions', event.sessionId]) : null;
}

/** In a few words: what the data of an event tell beside its type. */
export function tells(event) {
  const data = event.data || {};
  const own = BY_CYCLE[kindOf(event)]?.tells?.(data) || (kindOf(event) === 'signal' ? [data.type] : []);
  const parts = [...own, data.name, data.videoType, data.data, data.uri];
  return [event.reason, ...parts].filter((part) => typeof part === 'string' && part).join(' · ');
}

export function EventRow({ event, before }) {
  const gap = before ? event.at - before.at : 0;
  return html`<span class="c-no">${event.number}</span><${Time} ms=${event.at} />
    <span class="c-gap ${gap >= 60_000 ? 'far' : ''}">${before && gap > 0 ? `+${span(gap)}` : ''}</span>
    <${Kind} type=${event.type} />
    <span class="c-quiet mono wide-only">${short(event.subject)}</span><span class="c-main">${tells(event)}</span>`;
}

export function Events({ live, id }) {
  const { query } = useStore(address);
  const all = useStore(live.events);
  const missing = useStore(live.pastError);
  const texts = useMemo(() => new WeakMap(), []);
  const items = useMemo(() => {
    const search = words(query.q);
    if (!query.type && !query.session && !query.subject && !search.length) return all.slice();
    return all.filter((event) =>
      (!query.type || event.type === query.type || event.type.startsWith(`${query.type}.`)) &&
      (!query.session || event.sessionId === query.session) &&
      (!query.subject || event.subject === query.subject) &&
      (!search.length || finds(search, textOf(texts, event))));
  }, [all, all.length, all.at(-1)?.number, query.q, query.type, query.session, query.subject]);
  const sessions = useMemo(() => [...new Set(all.map((event) => event.sessionId).filter(Boolean))].reverse().slice(0, 200), [all, all.length]);
  const chosen = id === undefined ? undefined : Number(id);
  const event = chosen !== undefined && all.find((each) => each.number === chosen);
  const base = ['a', live.application, 'events'];
  return html`<${Split} title="Timeline" path="${live.path}/events" back=${at(base, query)}
    tools=${html`<${Filter} name="q" label="Search" placeholder="Search types, ids, data" />
      <${Filter} name="type" label="All kinds" options=${TYPES} />
      <${Filter} name="session" label="All sessions" options=${sessions.map((value) => ({ value, text: shortSession(value) }))} /><${Chips} names=${['subject']} />
      <span class="count" role="status">${items.length.toLocaleString('en')} of ${all.length.toLocaleString('en')}</span>`}
    list=${html`<${Rows} label="Events" items=${items} keyOf=${(each) => each.number} chosen=${chosen} follow
      row=${(each, position) => html`<${EventRow} event=${each} before=${items[position - 1]} />`}
      empty=${missing ? 'Not read yet.' : 'Nothing has happened yet.'} onChoose=${(number, quietly) => go(at([...base, String(number)], query), quietly)} />`}
    detail=${chosen !== undefined && (event ? html`<${One} live=${live} event=${event} />` : html`<${Nothing}>Event ${id} is not (or no longer) kept.<//>`)} />`;
}

function textOf(texts, event) {
  let text = texts.get(event);
  if (text === undefined) {
    text = [event.type, event.subject, event.sessionId, event.reason, JSON.stringify(event.data)].join(' ').toLowerCase();
    texts.set(event, text);
  }
  return text;
}

function One({ live, event }) {
  const place = placeOf(live.application, event);
  return html`<article>
    <header class="title"><h2><${Kind} type=${event.type} /></h2></header>
    <${Facts} rows=${[
      ['number', event.number], ['at', html`<${Time} ms=${event.at} />`], ['reason', event.reason],
      ['subject', place ? html`<a href=${place}><code>${event.subject}</code></a>` : html`<code>${event.subject}</code>`],
      ['session', event.sessionId && html`<a href=${at(['a', live.application, 'sessions', event.sessionId])}><code>${shortSession(event.sessionId)}</code></a>`],
      ['more', html`<a href=${at(['a', live.application, 'events'], { subject: event.subject })}>everything of this ${kindOf(event)}</a>`]]} />
    <${Section} title="As it was then">${event.data ? html`<${Json} value=${event.data} label="data" />` : html`<${Nothing}>nothing more is told<//>`}<//>
  </article>`;
}

/** The events of one resource, with the time between them: where it has been. */
export function Course({ live, events }) {
  if (!events.length) return html`<${Nothing}>No event of it is kept any more.<//>`;
  return html`<ol class="course">${events.slice(-60).map((event, index, shown) => html`<li key=${event.number}>
    <${Time} ms=${event.at} /><span class="c-gap">${index ? `+${span(event.at - shown[index - 1].at)}` : ''}</span>
    <a href=${at(['a', live.application, 'events', String(event.number)])}>${event.type}</a> <span class="c-quiet">${tells(event)}</span></li>`)}</ol>`;
}
