// The outbox: callbacks with their attempts, and what a test may do with them.

import { html, address, at, finds, go, plural, shortSession, span, useMemo, useStore, words } from '../lib.js';
import { BY_CYCLE, Kind } from '../kinds.js';
import { useResource } from '../live.js';
import { Act, Badge, Chips, Due, Facts, Filter, HttpStatus, Json, Nothing, Problem, Rows, Section, Split, Time } from '../parts.js';
import { Diagram, useLifecycles } from '../diagram.js';
import { Headers } from './requests.js';

const TYPES = ['session', 'connection', 'stream', ...Object.keys(BY_CYCLE).filter((kind) => !BY_CYCLE[kind].silent)];

function host(url) {
  try {
    const { host: name, pathname } = new URL(url);
    return name + pathname;
  } catch {
    return url;
  }
}

const lastCause = (callback) => callback.attempts.at(-1)?.cause;

/** Where a callback has been, as far as its attempts tell. */
function visited({ status, attempts }) {
  const arrived = status === 'dropped' && attempts.length > 0 && !attempts.at(-1).cause;
  return ['pending', arrived && 'delivered', status !== 'pending' && status].filter(Boolean);
}

export function Callbacks({ live, id }) {
  const { query } = useStore(address);
  const changed = useStore(live.changed);
  const cycles = useLifecycles();
  const statuses = Object.keys(cycles?.callback.transitions || {});
  const { data, error } = useResource(live, '/callbacks?limit=2000');
  const items = useMemo(() => {
    const search = words(query.q);
    return (data?.items || []).filter((each) =>
      (!query.status || each.status === query.status || (query.status === 'troubled' && lastCause(each))) &&
      (!query.type || each.event.startsWith(`${query.type}.`)) &&
      (!query.session || each.sessionId === query.session) &&
      (!search.length || finds(search, `${each.event} ${each.url} ${each.webhook} ${each.id} ${each.sessionId} ${JSON.stringify(each.body)}`.toLowerCase())));
  }, [data, query.q, query.status, query.type, query.session]);
  const base = ['a', live.application, 'callbacks'];
  const held = changed?.held || [];
  const pattern = query.type || '*';
  return html`<${Split} title="Callbacks" path="${live.path}/callbacks" back=${at(base, query)}
    tools=${html`<${Filter} name="q" label="Search" placeholder="Search events, addresses, bodies" />
      <${Filter} name="status" label="All statuses" options=${[{ value: 'troubled', text: 'last attempt failed' }, ...statuses]} />
      <${Filter} name="type" label="All kinds" options=${TYPES} /><${Chips} names=${['session']} />
      <${Act} call=${{ method: 'POST', path: `${live.path}/callbacks/hold`, body: { event: pattern } }}>Hold ${query.type || 'all'}<//>
      <${Act} call=${{ method: 'POST', path: `${live.path}/callbacks/release`, body: { event: pattern } }}>Release ${query.type || 'all'}<//>
      ${held.length > 0 && html`<span class="count" role="status">held from now on: ${held.length > 8 ? plural(held.length, 'event') : held.join(', ')}</span>`}`}
    list=${html`<${Problem} error=${error} /><${Rows} label="Callbacks" items=${items} keyOf=${(each) => each.id} chosen=${id} follow
      row=${(each) => html`<span class="c-no">${each.number}</span><${Time} ms=${each.createdAt} /><${Kind} type=${each.event} />
        <span class="c-main">${host(each.url)}</span><span class="c-quiet wide-only">${each.attempts.length > 1 || lastCause(each) ? `${each.attempts.length}×` : ''}${lastCause(each) ? ` ${lastCause(each)}` : ''}</span><${Badge} status=${each.status} tone=${lastCause(each) && 'bad'} />`}
      empty="No callback yet. Give the application webhooks to have some."
      onChoose=${(key, quietly) => go(at([...base, key], query), quietly)} />`}
    detail=${id !== undefined && html`<${One} live=${live} id=${id} />`} />`;
}

function One({ live, id }) {
  const cycles = useLifecycles();
  const { data: each, error } = useResource(live, `/callbacks/${encodeURIComponent(id)}`);
  if (error) return html`<${Problem} error=${error} />`;
  if (!each) return null;
  const root = `${live.path}/callbacks/${each.id}`;
  return html`<article>
    <header class="title"><h2>${each.event}</h2><${Badge} status=${each.status} tone=${lastCause(each) && 'bad'} /></header>
    <p class="call"><b>POST</b> <code>${each.url}</code></p>
    <div class="actions">
      <${Act} kind="primary" call=${{ method: 'POST', path: `${root}/redeliver` }}>Redeliver<//>
      ${each.status === 'held' && html`<${Act} call=${{ method: 'POST', path: `${live.path}/callbacks/release`, body: { ids: [each.id] } }}>Release<//>`}
      <${Act} call=${{ method: 'POST', path: `${root}/duplicate` }}>Duplicate<//>
      <${Act} call=${{ method: 'POST', path: `${root}/drop` }} sure="Drop it?">Drop<//>
    </div>
    <${Diagram} cycle=${cycles?.callback} status=${each.status} visited=${visited(each)} label="Callback" />
    <${Facts} rows=${[
      ['webhook', each.webhook], ['made at', html`<${Time} ms=${each.createdAt} />`], ['jti', html`<code>${each.jti}</code>`],
      ['next attempt', each.nextAttemptAt && html`<${Time} ms=${each.nextAttemptAt} /> (<${Due} live=${live} ms=${each.nextAttemptAt} />)`],
      ['fault', each.fault && html`<a href=${at(['a', live.application, 'faults', each.fault])}>${each.fault}</a>`],
      ['session', each.sessionId && html`<a href=${at(['a', live.application, 'sessions', each.sessionId])}><code>${shortSession(each.sessionId)}</code></a>`]]} />
    <${Section} title="Attempts" aside=${html`<small>${plural(each.attempts.length, 'attempt')}</small>`}>
      ${each.attempts.length ? each.attempts.map((attempt, index) => html`<${Attempt} key=${attempt.number} attempt=${attempt} open=${index === each.attempts.length - 1} />`)
        : html`<${Nothing}>Not attempted yet.<//>`}<//>
    <${Section} title="Body"><${Json} value=${each.body} label="body" /><//>
  </article>`;
}

const CAUSES = {
  refused: 'nobody listens at this address', dns: 'there is no host of this name', timeout: 'no answer in time', tls: 'the certificate is not trusted',
  reset: 'the connection was reset', redirect: 'redirects are not followed', status: 'the answer is not 2xx', invalidAnswer: 'the answer is no HTTP', invalid: 'nothing can be sent to this address',
};

function signatureOf({ signed, valid, payloadHash }) {
  if (!signed) return ['warn', 'not signed'];
  if (!valid) return ['bad', 'signature does not match'];
  return payloadHash ? ['good', 'signed ✓', 'signature and body hash match'] : ['bad', 'the hash is of another body'];
}

function Attempt({ attempt, open }) {
  const [kind, text, more] = signatureOf(attempt.signature);
  return html`<details class="attempt" open=${open}>
    <summary><span>${attempt.number}.</span> <${Time} ms=${attempt.at} /> <${HttpStatus} status=${attempt.status} />
      ${attempt.cause && html`<${Badge} tone="bad">${attempt.cause}<//>`} <span class="c-quiet">took ${span(attempt.duration)}</span> <span title=${more}><${Badge} tone=${kind}>${text}<//></span></summary>
    ${attempt.cause && html`<p class="warning">${CAUSES[attempt.cause] || attempt.cause}</p>`}
    <h4>Sent</h4><${Headers} of=${attempt.request.headers} />
    ${attempt.signature.claims && html`<h4>Claims of its signature</h4><${Json} value=${attempt.signature.claims} label="claims" />`}
    <h4>Answered</h4><${Headers} of=${attempt.response.headers} />
    ${attempt.response.body && html`<${Json} text=${attempt.response.body} label="answer" />`}
  </details>`;
}
