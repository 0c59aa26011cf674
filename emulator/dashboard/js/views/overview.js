// One application at a glance: what is alive, what went wrong, what happened last; its credentials; starting over.

import { html, at, go, plural, shortSession, useRef, useState, useStore } from '../lib.js';
import { act, curl } from '../api.js';
import { KINDS } from '../kinds.js';
import { useRequests, useResource } from '../live.js';
import { Act, Badge, Copy, Facts, Json, Nothing, Preview, Problem, Reads, Section } from '../parts.js';
import { EventRow } from './events.js';

export function Overview({ live }) {
  const changed = useStore(live.changed);
  const events = useStore(live.events);
  const { data: app, error } = useResource(live, '');
  const sessions = useResource(live, '/sessions').data?.items || [];
  const requests = useRequests(live).items;
  const base = ['a', live.application];
  if (error) return html`<div class="wide"><${Problem} error=${error} /></div>`;
  if (!app || !changed) return null;
  const alive = sessions.filter((each) => each.participants.length);
  const { counts, callbacks, troubled } = changed;
  const cards = [
    ['sessions', counts.sessions, alive.length && `${alive.length} alive`],
    ...Object.keys(KINDS).map((view) => [view, counts[view]]),
    ['requests', counts.requests],
    ['callbacks', counts.callbacks, [callbacks.pending && `${callbacks.pending} pending`, callbacks.held && `${callbacks.held} held`, callbacks.failed && `${callbacks.failed} failed`].filter(Boolean).join(', ')],
  ];
  const refused = requests.filter((each) => each.status >= 400 || !each.status);
  const unread = requests.filter((each) => each.unread.length);
  const noted = requests.filter((each) => each.undocumented?.length);
  return html`<div class="wide">
    <header class="head"><h1>${app.name || 'Application'}</h1><${Reads} path=${live.path} /></header>
    <div class="tiles">${cards.map(([view, count, text]) => html`<a key=${view} class="count-card ${count ? '' : 'none'}" href=${at([...base, view])}><b>${count.toLocaleString('en')}</b><span>${view}</span>${text && html`<small>${text}</small>`}</a>`)}</div>
    <div class="columns">
      <${Section} top title="Worth a look">
        <ul class="links">
          ${troubled > 0 && html`<li><a href=${at([...base, 'callbacks'], { status: 'troubled' })}>${plural(troubled, 'callback')} whose last attempt failed</a></li>`}
          ${refused.slice(0, 5).map((each) => html`<li key=${each.number}><a href=${at([...base, 'requests', String(each.number)])}>${each.operation || each.path}</a> <${Badge} tone=${each.status >= 500 || !each.status ? 'bad' : 'warn'}>${each.status || 'no answer'}<//> ${each.fault && html`<small class="c-quiet">fault ${each.fault}</small>`}</li>`)}
          ${unread.slice(0, 3).map((each) => html`<li key="u${each.number}"><a href=${at([...base, 'requests', String(each.number)])}>${each.operation}</a> <small class="c-quiet">nothing reads ${each.unread.join(', ')}</small></li>`)}
          ${noted.slice(0, 3).map((each) => html`<li key="n${each.number}"><a href=${at([...base, 'requests', String(each.number)])}>${each.operation}</a> <small class="c-quiet">accepted, undocumented: ${each.undocumented.map((note) => note.field).join(', ')}</small></li>`)}
        </ul>
        ${refused.length + unread.length + noted.length + troubled === 0 && html`<${Nothing}>All is well: no refusal, no unread or undocumented field, no failed callback.<//>`}
      <//>
      <${Section} top title="Now in session">
        <ul class="links">${alive.slice(-8).reverse().map((each) => html`<li key=${each.sessionId}><a href=${at([...base, 'sessions', each.sessionId])}>${shortSession(each.sessionId)}</a> <${Badge} tone="good">${plural(each.participants.length, 'participant')}<//></li>`)}</ul>
        ${!alive.length && html`<${Nothing}>Nobody is in any session.<//>`}
      <//>
    </div>
    <${Section} top title="Last events" aside=${html`<a href=${at([...base, 'events'])}>timeline</a>`}>
      <div class="glance">${events.slice(-8).reverse().map((event, index, shown) => html`<a key=${event.number} class="row" href=${at([...base, 'events', String(event.number)])}><${EventRow} event=${event} before=${shown[index + 1]} /></a>`)}</div>
      ${!events.length && html`<${Nothing}>Nothing has happened yet.<//>`}
    <//>
    <div class="columns">
      <${Section} top title="Credentials">
        <${Facts} rows=${[['application id', html`<${Secret} text=${app.id} shown />`], ['api key', html`<${Secret} text=${app.apiKey} shown />`], ['api secret', html`<${Secret} text=${app.apiSecret} />`],
          ['signature secret', app.signatureSecret && html`<${Secret} text=${app.signatureSecret} />`], ['private key', app.privateKey && html`<${Copy} text=${app.privateKey} label="Copy the private key">copy PEM<//>`],
          ...Object.entries(app.baseUrls).map(([scheme, url]) => [scheme, html`<${Secret} text=${url} shown />`])]} />
      <//>
      <${Section} top title="Options"><${Options} live=${live} app=${app} /><//>
    </div>
    <${Section} top title="Start over"><${StartOver} live=${live} /><//>
  </div>`;
}

function Secret({ text, shown }) {
  const [open, setOpen] = useState(shown);
  return html`<span class="id">${open ? html`<code>${text}</code>` : html`<button type="button" class="plain" onClick=${() => setOpen(true)}>show</button>`}<${Copy} text=${text} /></span>`;
}

export const CHOICES = { pace: ['fast', 'instant', 'realistic'], contract: ['service', 'spec'], archiveStorage: ['uploadThenCloud', 'target', 'cloud'] };

function Options({ live, app }) {
  const set = (name, value) => ({ method: 'PATCH', path: live.path, body: { [name]: value } });
  return html`${Object.entries(CHOICES).map(([name, values]) => html`<div class="actions" role="group" aria-label=${name}><span class="c-quiet">${name}</span>
      ${values.map((value) => html`<${Act} key=${value} kind=${app[name] === value ? 'pressed' : ''} call=${set(name, value)}>${value}<//>`)}</div>`)}
    <details><summary>Webhooks and all options</summary><${Json} value=${without(app)} label="options" /></details>`;
}

const without = ({ publicKey, privateKey, apiSecret, signatureSecret, counts, ...rest }) => rest;

/** Reset, and snapshots: an application as a file. */
function StartOver({ live }) {
  const file = useRef();
  const [error, setError] = useState(null);
  const [note, setNote] = useState('');
  const path = `${live.path}/snapshot`;
  const download = async () => {
    setError(null);
    try {
      const content = await act({ method: 'GET', path });
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([JSON.stringify(content)], { type: 'application/json' }));
      link.download = `${live.application}.snapshot.json`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    } catch (problem) {
      setError(problem);
    }
  };
  const upload = async (event) => {
    const [chosen] = event.target.files;
    if (!chosen) return;
    setError(null);
    setNote('');
    try {
      await act({ method: 'PUT', path, body: JSON.parse(await chosen.text()), file: chosen.name });
      setNote(`${chosen.name} is restored`);
    } catch (problem) {
      setError(problem instanceof SyntaxError ? { message: `${chosen.name} is no snapshot: ${problem.message}` } : problem);
    }
    file.current.value = '';
  };
  return html`<div class="actions">
      <${Act} call=${{ method: 'POST', path: `${live.path}/reset` }} sure="Forget everything?">Reset<//>
      <button type="button" onClick=${download} title=${curl({ method: 'GET', path })}>Download a snapshot</button>
      <label class="button">Upload a snapshot<input ref=${file} type="file" accept="application/json,.json" onChange=${upload} /></label>
      <${Act} call=${{ method: 'DELETE', path: live.path }} sure="Delete the application?" onDone=${(_, failed) => failed || go(at([]))}>Delete the application<//>
      ${note && html`<span role="status">${note}</span>`}
    </div>
    <${Preview} call=${{ method: 'GET', path }} />
    <${Problem} error=${error} />
    <p class="hint">A reset keeps credentials, options and the clock. A snapshot is all of the application, as <code>GET</code> and <code>PUT</code> of this path have it.</p>`;
}

