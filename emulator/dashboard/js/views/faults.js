// Fault rules with their hits, and scenario packs.

import { html, address, at, finds, go, plural, shortSession, useEffect, useMemo, useState, useStore, words } from '../lib.js';
import { read } from '../api.js';
import { useRead, useRequests, useResource } from '../live.js';
import { Act, Badge, Due, Facts, Field, Filter, Json, Nothing, Opens, Preview, Problem, Rows, Section, Split, Time } from '../parts.js';
import { ExchangeRow } from './requests.js';

let schema = null;

/** What rules may name, from the JSON Schema that the control API has for editors. */
function useNames() {
  const [names, setNames] = useState(null);
  useEffect(() => {
    schema ||= read('/scenarios/schema.json').then(
      ({ $defs }) => ({
        operations: $defs.When.properties.operation.anyOf[0].enum,
        callbacks: $defs.When.properties.callback.anyOf[0].enum,
        effects: $defs.Then.anyOf[0].enum.map((name) => [name, $defs[name[0].toUpperCase() + name.slice(1)]?.description || '']),
      }),
      () => {
        schema = null;
        return null;
      },
    );
    schema.then(setNames);
  }, []);
  return names;
}

const effects = (then) => (typeof then === 'string' ? then : Object.keys(then || {}).join(', '));

function when(rule) {
  const { operation, callback, ...rest } = rule.when || {};
  const what = [operation || callback || 'any operation'].flat().join(', ');
  return [what, ...Object.entries(rest).map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`)].join(' · ');
}

export function Faults({ live, id }) {
  const { query } = useStore(address);
  const { data, error } = useResource(live, '/faults', 'faults');
  const items = useMemo(() => {
    const search = words(query.q);
    return (data?.items || []).filter((each) => !search.length || finds(search, JSON.stringify(each).toLowerCase()));
  }, [data, query.q]);
  const base = ['a', live.application, 'faults'];
  const rule = data?.items.find((each) => each.name === id);
  return html`<${Split} title="Faults" path="${live.path}/faults" back=${at(base, query)}
    tools=${html`<${Opens} label="Add a fault" title="Add a fault" kind="primary">${(close) => html`<${NewFault} live=${live} onDone=${(made) => { close(); go(at([...base, made.name])); }} />`}<//>
      <${Filter} name="q" label="Search" placeholder="Search rules" />
      ${items.length > 0 && html`<${Act} call=${{ method: 'DELETE', path: `${live.path}/faults` }} sure="Remove every rule?">Remove all<//>`}`}
    list=${html`<${Problem} error=${error} /><${Rows} label="Faults" items=${items} keyOf=${(each) => each.name} chosen=${id}
      row=${(each) => html`<span class="c-main"><b>${each.name}</b> <span class="c-quiet">${when(each)} → ${effects(each.then)}</span></span>
        <${Badge} tone=${each.spent ? 'quiet' : each.hits ? 'warn' : 'busy'}>${plural(each.hits, 'hit')}${each.times ? ` of ${each.times}` : ''}<//>`}
      empty="Nothing is to go wrong. Add a fault, or apply a scenario." onChoose=${(key, quietly) => go(at([...base, key], query), quietly)} />`}
    detail=${id !== undefined && data && (rule ? html`<${One} live=${live} rule=${rule} />` : html`<${Nothing}>There is no rule of this name.<//>`)} />`;
}

function One({ live, rule }) {
  const fired = useRequests(live).items.filter((each) => each.fault.split(', ').includes(rule.name));
  const callbacks = (useResource(live, '/callbacks?limit=2000').data?.items || []).filter((each) => each.fault?.split(', ').includes(rule.name)).reverse();
  const { hits, spent, source, ...written } = rule;
  return html`<article>
    <header class="title"><h2>${rule.name}</h2><${Badge} tone=${spent ? 'quiet' : hits ? 'warn' : 'busy'}>${plural(hits, 'hit')}${spent ? ', spent' : ''}<//></header>
    <div class="actions"><${Act} call=${{ method: 'DELETE', path: `${live.path}/faults/${encodeURIComponent(rule.name)}` }}>Remove<//>
      <${Act} call=${{ method: 'PUT', path: `${live.path}/faults/${encodeURIComponent(rule.name)}`, body: written }}>Begin anew<//></div>
    <${Facts} rows=${[['when', when(rule)], ['then', effects(rule.then)], ['position', rule.position], ['times', rule.times ?? 'always'], ['priority', rule.priority || null],
      ['from', source && html`<a href=${at(['a', live.application, 'scenarios', source])}>scenario ${source}</a>`]]} />
    <${Section} title="Where it fired" aside=${html`<small>${[fired.length && plural(fired.length, 'request'), callbacks.length && plural(callbacks.length, 'callback')].filter(Boolean).join(', ')}</small>`}>
      ${callbacks.length > 0 && html`<ul class="links fired">${callbacks.slice(0, 50).map((each) => html`<li key=${each.id}><a class="row-link" href=${at(['a', live.application, 'callbacks', each.id])}><span class="c-no">${each.number}</span><${Time} live=${live} ms=${each.createdAt} /><span class="c-main">${each.event}</span><${Badge} status=${each.status} /></a></li>`)}</ul>`}
      ${fired.length ? html`<ul class="links fired">${fired.slice(0, 50).map((each) => html`<li key=${each.number}><a class="row-link" href=${at(['a', live.application, 'requests', String(each.number)])}><${ExchangeRow} exchange=${each} /></a></li>`)}</ul>` : !callbacks.length && html`<${Nothing}>Nowhere yet.<//>`}<//>
    <${Section} title="The rule"><${Json} value=${written} label="rule" /><//>
  </article>`;
}

function NewFault({ live, onDone }) {
  const names = useNames();
  const [form, setForm] = useState({ on: 'operation', what: 'startArchive', effect: 'conflict', nth: '', times: '', name: '' });
  const [text, setText] = useState(null);
  const [error, setError] = useState(null);
  if (!names) return html`<form><${Nothing}>Reading what can go wrong…<//></form>`;
  const aboutCallbacks = form.on === 'callback';
  const rule = {
    ...(form.name && { name: form.name }),
    when: { [form.on]: form.what, ...(form.nth && { nth: Number(form.nth) }) },
    then: form.effect,
    ...(form.times && { times: Number(form.times) }),
  };
  const set = (name) => (event) => { setText(null); setForm({ ...form, [name]: event.target.value }); };
  let body = rule;
  let wrong = null;
  if (text !== null) {
    try { body = JSON.parse(text); } catch (mistake) { wrong = { message: `this is not JSON: ${mistake.message}` }; }
  }
  const call = { method: 'POST', path: `${live.path}/faults`, body };
  const fitting = names.effects.filter(([name]) => name.startsWith('callback') === aboutCallbacks);
  return html`<form>
    <${Field} label="On"><select value=${form.on} onChange=${(event) => { const on = event.target.value; setText(null); setForm({ ...form, on, what: on === 'callback' ? 'archive_status' : 'startArchive', effect: on === 'callback' ? 'callbackLost' : 'conflict' }); }}>
      <option value="operation">an operation</option><option value="callback">a callback</option></select><//>
    <${Field} label=${aboutCallbacks ? 'Callback' : 'Operation'}><select value=${form.what} onChange=${set('what')}>${(aboutCallbacks ? names.callbacks : names.operations).map((name) => html`<option value=${name}>${name === '*' ? 'every one' : name}</option>`)}</select><//>
    <${Field} label="What goes wrong" hint=${fitting.find(([name]) => name === form.effect)?.[1]}><select value=${form.effect} onChange=${set('effect')}>${fitting.map(([name]) => html`<option value=${name}>${name}</option>`)}</select><//>
    <div class="fields"><${Field} label="Only the n-th call"><input type="number" min="1" value=${form.nth} onInput=${set('nth')} /><//>
    <${Field} label="How often"><input type="number" min="1" value=${form.times} placeholder="always" onInput=${set('times')} /><//>
    <${Field} label="Name"><input value=${form.name} placeholder="given" maxlength="100" onInput=${set('name')} /><//></div>
    <${Field} label="The rule as JSON" hint="Change it for conditions that have no field above: body, header, role, probability, within …">
      <textarea rows="7" spellcheck="false" value=${text ?? JSON.stringify(rule, null, 2)} onInput=${(event) => setText(event.target.value)}></textarea><//>
    ${!wrong && html`<${Preview} call=${call} />`}<${Problem} error=${wrong || error} />
    <footer><${Act} submit kind="primary" call=${call} disabled=${Boolean(wrong)} onDone=${(made, failed) => (failed ? setError(failed) : onDone(made))}>Add it<//></footer>
  </form>`;
}

// Scenario packs

export function Scenarios({ live, id }) {
  const { query } = useStore(address);
  const { data: packs, error } = useRead('/scenarios', '');
  const applied = useResource(live, '/scenarios', ['version', 'faults']).data?.items || [];
  const items = useMemo(() => {
    const search = words(query.q);
    return (packs?.items || []).filter((each) => !search.length || finds(search, `${each.name} ${each.description}`.toLowerCase()));
  }, [packs, query.q]);
  const base = ['a', live.application, 'scenarios'];
  const pack = packs?.items.find((each) => each.name === id);
  const run = applied.find((each) => each.name === id);
  return html`<${Split} title="Scenarios" path="/scenarios" back=${at(base, query)}
    tools=${html`<${Filter} name="q" label="Search" placeholder="Search scenarios" />`}
    list=${html`<${Problem} error=${error} />${packs?.errors.map((text) => html`<p class="problem">${text}</p>`)}
      <${Rows} label="Scenarios" items=${items} keyOf=${(each) => each.name} chosen=${id} height=${48}
      row=${(each) => { const own = applied.find((one) => one.name === each.name); return html`<span class="c-two"><b>${each.name}</b><span class="c-quiet">${each.description}</span></span>${own && html`<${Badge} tone="warn">applied, ${plural(own.hits, 'hit')}<//>`}`; }}
      empty="None." onChoose=${(key, quietly) => go(at([...base, key], query), quietly)} />`}
    detail=${id !== undefined && packs && (pack ? html`<${Pack} key=${id} live=${live} pack=${pack} run=${run} />` : html`<${Nothing}>There is no scenario of this name.<//>`)} />`;
}

function Pack({ live, pack, run }) {
  const [given, setGiven] = useState({});
  const [session, setSession] = useState('');
  const [error, setError] = useState(null);
  const sessions = useResource(live, '/sessions').data?.items || [];
  const path = `${live.path}/scenarios/${pack.name}`;
  const body = { ...(Object.keys(given).length && { parameters: given }), ...(session && { session }) };
  const call = { method: 'PUT', path, body };
  const set = (name, { type }) => (event) => {
    const { value } = event.target;
    const next = { ...given };
    if (value === '') delete next[name];
    else next[name] = type === 'string' ? value : type === 'boolean' ? value === 'true' : Number(value);
    setGiven(next);
  };
  return html`<article>
    <header class="title"><h2>${pack.name}</h2>${run && html`<${Badge} tone="warn">applied<//>`}</header>
    <p>${pack.description}</p>
    <form class="inline">
      ${Object.entries(pack.parameters).map(([name, parameter]) => html`<${Field} label=${name} hint=${parameter.description}>
        ${parameter.choices ? html`<select value=${given[name] ?? ''} onChange=${set(name, parameter)}><option value="">${String(parameter.default)}</option>${parameter.choices.map((choice) => html`<option value=${String(choice)}>${String(choice)}</option>`)}</select>`
          : html`<input type=${parameter.type === 'string' ? 'text' : 'number'} step="any" placeholder=${String(parameter.default)} value=${given[name] ?? ''} onInput=${set(name, parameter)} />`}<//>`)}
      <${Field} label="Session" hint="Left out: the application, and every new session."><select value=${session} onChange=${(event) => setSession(event.target.value)}><option value="">the application</option>
        ${sessions.slice(-100).map((each) => html`<option value=${each.sessionId}>${shortSession(each.sessionId)}</option>`)}</select><//>
      <${Preview} call=${call} /><${Problem} error=${error} />
      <footer><${Act} submit kind="primary" call=${call} onDone=${(_, failed) => setError(failed)}>${run ? 'Apply anew' : 'Apply'}<//>
        ${run && html`<${Act} call=${{ method: 'DELETE', path }}>Remove<//>`}</footer>
    </form>
    ${run && html`<${Section} title="So far"><${Facts} rows=${[['applied at', html`<${Time} ms=${run.appliedAt} />`], ['hits', run.hits], ['session', run.session && shortSession(run.session)]]} />
      <ul class="links">${run.rules.map((rule) => html`<li key=${rule.name}><a href=${at(['a', live.application, 'faults', rule.name])}>${rule.name}</a> <${Badge} tone=${rule.hits ? 'warn' : 'busy'}>${plural(rule.hits, 'hit')}<//></li>`)}</ul>
      ${run.pending.length > 0 && html`<ul class="pending">${run.pending.map((step) => html`<li><code>${JSON.stringify(step.step)}</code> <${Due} live=${live} ms=${step.due} /></li>`)}</ul>`}<//>`}
    <${Section} title="Rules"><${Json} value=${pack.rules} label="rules" /><//>
    ${pack.timeline.length > 0 && html`<${Section} title="Timeline"><${Json} value=${pack.timeline} label="timeline" /><//>`}
  </article>`;
}

