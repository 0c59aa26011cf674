// Applications, and requests that belong to none.

import { html, at, go, plural, useEffect, useState } from '../lib.js';
import { useRead } from '../live.js';
import { Act, Field, Nothing, Opens, Preview, Problem, Reads, Rows, Split, Time } from '../parts.js';
import { CHOICES } from './overview.js';
import { Exchange, ExchangeRow } from './requests.js';

const LOOK_AGAIN = 2000;

/** A number that grows while the page is looked at: what belongs to no application has no stream. */
function useTick() {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && setTick((count) => count + 1), LOOK_AGAIN);
    return () => clearInterval(timer);
  }, []);
  return [tick, () => setTick((count) => count + 1)];
}

export function Applications() {
  const [tick, again] = useTick();
  const { data, error } = useRead('/applications', tick);
  const stray = useRead('/requests?limit=200', tick).data;
  return html`<div class="wide">
    <header class="head"><h1>Applications</h1><${Reads} path="/applications" />
      <${Opens} label="New application" title="New application" kind="primary">${(close) =>
        html`<${NewApplication} onDone=${(made) => { close(); again(); go(at(['a', made.id])); }} />`}<//>
    </header>
    <${Problem} error=${error} />
    <div class="cards">
      ${data?.items.map((each) => html`<a class="card" href=${at(['a', each.id])} key=${each.id}>
        <h2>${each.name || 'without a name'}</h2>
        <code>${each.id}</code>
        <p>${plural(each.counts.sessions, 'session')} · ${plural(each.counts.requests, 'request')} · ${plural(each.counts.callbacks, 'callback')}</p>
        <p class="quiet">${each.contract} contract · ${each.pace} pace · since <${Time} ms=${each.createdAt} exact=${false} /></p>
      </a>`)}
    </div>
    ${data?.count === 0 && html`<${Nothing}>There is no application.<//>`}
    ${stray?.count > 0 && html`<p><a href=${at(['stray'])}>${plural(stray.count, 'request')} that belong${stray.count === 1 ? 's' : ''} to no application</a>:
      unknown paths, tokens of unknown issuers.</p>`}
  </div>`;
}

function NewApplication({ onDone }) {
  const [form, setForm] = useState({ name: '', pace: 'fast', autoParticipants: 0 });
  const [error, setError] = useState(null);
  const set = (name, value) => setForm({ ...form, [name]: value });
  const call = { method: 'POST', path: '/applications', body: form };
  return html`<form>
    <${Field} label="Name"><input value=${form.name} maxlength="100" onInput=${(event) => set('name', event.target.value)} /><//>
    <${Field} label="Pace" hint="How long processing takes: upload, ringing.">
      <select value=${form.pace} onChange=${(event) => set('pace', event.target.value)}>
        ${CHOICES.pace.map((pace) => html`<option value=${pace}>${pace}</option>`)}</select><//>
    <${Field} label="Participants in every new session">
      <input type="number" min="0" max="50" value=${form.autoParticipants} onInput=${(event) => set('autoParticipants', Number(event.target.value))} /><//>
    <${Preview} call=${call} /><${Problem} error=${error} />
    <footer><${Act} submit kind="primary" call=${call} onDone=${(made, failed) => (failed ? setError(failed) : onDone(made))}>Make it<//></footer>
  </form>`;
}

export function Stray({ id }) {
  const [tick] = useTick();
  const { data, error } = useRead('/requests?limit=1000', tick);
  const items = data?.items || [];
  const chosen = id === undefined ? undefined : Number(id);
  const found = items.find((each) => each.number === chosen);
  return html`<${Split} title="Requests of no application" path="/requests" back=${at(['stray'])}
    list=${html`<${Problem} error=${error} /><${Rows} label="Requests of no application" items=${items} keyOf=${(each) => each.number}
      row=${(each) => html`<${ExchangeRow} exchange=${each} />`} chosen=${chosen}
      onChoose=${(number, quietly) => go(at(['stray', String(number)]), quietly)} empty="None." />`}
    detail=${chosen !== undefined && (found ? html`<${Exchange} exchange=${found} />` : html`<${Nothing}>There is no such request.<//>`)} />`;
}

