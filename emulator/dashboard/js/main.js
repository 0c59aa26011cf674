// The page: its frame, where each address leads, and what the keyboard does.

import { html, render, address, at, go, time, useEffect, useLayoutEffect, useMemo, useRef, useState, useStore } from './lib.js';
import { bar, curl, done, line, locked, pointed, token, unlock } from './api.js';
import { KINDS } from './kinds.js';
import { Live, useRead } from './live.js';
import { Copy, Icon, Nothing, Problem } from './parts.js';
import { Applications, Stray } from './views/applications.js';
import { Callbacks } from './views/callbacks.js';
import { ClockBar, ClockView } from './views/clock.js';
import { Events } from './views/events.js';
import { Faults, Scenarios } from './views/faults.js';
import { Overview } from './views/overview.js';
import { Requests } from './views/requests.js';
import { Resources } from './views/resources.js';
import { Sessions } from './views/sessions.js';

/** The views of an application: its word in the address, title, the key after g, and what draws it. */
const VIEWS = [
  ['', 'Overview', 'o', Overview],
  ['sessions', 'Sessions', 's', Sessions],
  ...Object.entries(KINDS).map(([view, { title, key }]) => [view, title, key, Resources]),
  ['events', 'Timeline', 'e', Events],
  ['requests', 'Requests', 'r', Requests],
  ['callbacks', 'Callbacks', 'c', Callbacks],
  ['faults', 'Faults', 'f', Faults],
  ['scenarios', 'Scenarios', 'p', Scenarios],
  ['clock', 'Clock', 'k', ClockView],
];
const GROUPS = { '': '', sessions: 'What there is', events: 'What happened', faults: 'What goes wrong' };
const LINKS = { connecting: 'connecting', live: 'live', lost: 'no connection: trying again', gone: 'this application is gone' };

function Page() {
  const { parts } = useStore(address);
  const shut = useStore(locked);
  const inside = parts[0] === 'a' && parts[1];
  const live = useMemo(() => (inside ? new Live(parts[1]) : null), [inside && parts[1]]);
  useEffect(() => () => live?.close(), [live]);
  const [help, setHelp] = useState(false);
  const [calls, setCalls] = useState(false);
  useLayoutEffect(() => onKeys({ help: () => setHelp((open) => !open), calls: () => setCalls((open) => !open), application: inside && parts[1] }), [inside, parts[1]]);
  useEffect(() => {
    const view = VIEWS.find(([word]) => word === (parts[2] || ''));
    document.title = `${live && view ? `${view[1]} · ` : ''}Video emulator`;
  }, [parts[2], live]);
  if (shut) return html`<${Locked} />`;
  const [word, , , View] = VIEWS.find(([name]) => name === (parts[2] || '')) || [];
  return html`
    <a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); document.getElementById('main').focus(); }}>Skip to the content</a>
    <header class="top">
      <a class="logo" href=${at([])}><${Logo} /><span>Video emulator</span></a>
      ${live && html`<${Picker} key=${live.application} live=${live} />`}
      <span class="spring"></span>
      ${live && html`<${ClockBar} live=${live} /><${Link} live=${live} />`}
      <button type="button" class="plain help-button" aria-label="Help" title="Help (?)" onClick=${() => setHelp(true)}>?</button>
    </header>
    ${live && html`<${Nav} live=${live} view=${word} />`}
    <main id="main" tabindex="-1" class=${live ? '' : 'alone'}>
      ${live && html`<${Trouble} live=${live} />`}
      ${live ? (View ? html`<${View} key="${live.application} ${word}" live=${live} view=${word} id=${parts[3]} />` : html`<${Nothing}>There is no such view.<//>`)
        : parts[0] === 'stray' ? html`<${Stray} id=${parts[1]} />` : html`<${Applications} />`}
    </main>
    <${Bar} open=${calls} toggle=${() => setCalls(!calls)} />
    ${help && html`<${Help} onClose=${() => setHelp(false)} />`}`;
}

const Logo = () => html`<svg viewBox="0 0 32 32" class="mark" aria-hidden="true"><rect width="32" height="32" rx="8" /><path d="M6 9a2 2 0 0 1 2-2h8a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2zM20 8h6v7h-6zM20 17h6v7h-6z" /></svg>`;

/** The application, and the others to go to: read anew when somebody turns to it, for no stream tells of them. */
function Picker({ live }) {
  const { parts } = useStore(address);
  const [looked, setLooked] = useState(0);
  const look = () => setLooked((count) => count + 1);
  const { data } = useRead('/applications', `${useStore(live.link)} ${looked}`);
  return html`<select class="picker" aria-label="Application" value=${live.application} onMouseEnter=${look} onFocus=${look} onChange=${(event) => go(at(['a', event.target.value, ...parts.slice(2, 3)]))}>
    ${(data?.items || []).every((each) => each.id !== live.application) && html`<option value=${live.application}>${live.application}</option>`}
    ${data?.items.map((each) => html`<option value=${each.id}>${each.name || each.id}</option>`)}</select>`;
}

function Link({ live }) {
  const state = useStore(live.link);
  return html`<span class="link ${state}" role="status" title=${LINKS[state]}><i></i><span>${state === 'live' ? 'live' : LINKS[state]}</span></span>`;
}

/** What keeps every view from being whole. */
function Trouble({ live }) {
  const gone = useStore(live.link) === 'gone';
  const error = useStore(live.pastError);
  if (!gone) return error && html`<div class="gone-note"><${Problem} error=${error} again="What happened before" /></div>`;
  return html`<p class="problem gone-note" role="alert">There is no application ${live.application} (any more): <a href=${at([])}>Applications</a></p>`;
}

function Nav({ live, view }) {
  const changed = useStore(live.changed);
  const count = (word) => (word === 'events' ? changed && changed.events.last - changed.events.first + 1 : changed?.counts[word]);
  const here = useRef();
  useEffect(() => here.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' }), [view, Boolean(changed)]);
  const troubled = changed?.troubled > 0;
  return html`<nav class="side" aria-label="Views" ref=${here}>${VIEWS.map(([word, title, key]) => html`
    ${GROUPS[word] && html`<span class="group">${GROUPS[word]}</span>`}
    <a key=${word} href=${at(['a', live.application, word].filter(Boolean))} aria-current=${word === view ? 'page' : null} title="g ${key}">
      <span>${title}</span>${count(word) > 0 && html`<small class=${word === 'callbacks' && troubled ? 'bad' : ''}>${count(word).toLocaleString('en')}</small>`}</a>`)}</nav>`;
}

/** The bar below: how the last call went, and beside it the one that a button would make; and all that were made. */
function Bar({ open, toggle }) {
  const now = useStore(bar);
  const next = useStore(pointed);
  const all = useStore(done);
  return html`<footer class="bar ${now ? `bar-${now.state}` : ''}">
    ${open && html`<div class="calls" role="region" aria-label="Calls this page has made" tabindex="0"><ol>${all.slice().reverse().map((entry) => html`<li class=${entry.state}>
        <span>${time(entry.at, false)}</span> <b>${entry.status || '–'}</b> <code>${line(entry.call)}</code> <${Copy} text=${() => curl(entry.call)} label="Copy as curl" />${entry.message && html`<em>${entry.message}</em>`}</li>`)}</ol>
      ${!all.length && html`<${Nothing}>Nothing was changed from here yet. Every button shows the call that it makes.<//>`}</div>`}
    <div class="bar-line"><span class="now" role=${now?.state === 'failed' ? 'alert' : 'status'}>${now && html`<b class="outcome">${now.state === 'busy' ? '…' : now.status || 'failed'}</b>${now.message && html` <em>${now.message}</em>`} <code>${line(now.call)}</code>`}</span>
      ${now && html`<${Copy} text=${() => curl(now.call)} label="Copy this call as curl">curl<//>`}
      ${(next || !now) && html`<span class="next">${next ? html`<code>${line(next)}</code>` : html`<span class="c-quiet">Point at a button to see the call to the control API that it makes.</span>`}</span>`}
      ${next && !now && html`<${Copy} text=${() => curl(next)} label="Copy this call as curl">curl<//>`}
      <span class="spring"></span>
      <button type="button" class="plain" aria-expanded=${open ? 'true' : 'false'} onClick=${toggle}>Calls ${all.length || ''}</button></div>
  </footer>`;
}

function Locked() {
  const [value, setValue] = useState('');
  return html`<main class="locked"><form onSubmit=${(event) => { event.preventDefault(); unlock(value); }}>
    <h1>This emulator is closed</h1><p>Its control API asks for the token that it was started with (<code>--control-token</code>).</p>
    <label class="field"><span>Control token</span><input type="password" autocomplete="off" value=${value} onInput=${(event) => setValue(event.target.value)} /></label>
    ${token() && html`<p class="problem" role="alert">This token was refused.</p>`}
    <p class="hint">It is kept for this tab only.</p><footer><button class="primary" disabled=${!value}>Open</button></footer></form></main>`;
}

const KEYS = [
  ['?', 'this help'], ['/', 'search in this view'], ['j k', 'next, previous in the list'], ['Esc', 'close what is chosen'], ['l', 'the calls this page has made'],
  ...VIEWS.map(([, title, key]) => [`g ${key}`, title]), ['g g', 'Applications'],
];

function Help({ onClose }) {
  const box = useRef();
  useEffect(() => box.current.showModal(), []);
  return html`<dialog ref=${box} class="help" aria-label="Help" onClose=${onClose}>
    <header><h2>Help</h2><button type="button" class="plain" aria-label="Close" onClick=${() => box.current.close()}><${Icon} name="close" /></button></header>
    <p>This page shows one application of the emulator as it is, live. It does nothing that your tests cannot do: it is a client of the
      <b> control API</b>. Beside each title stands what it reads; point at a button to see, in the bar below, the call that it makes. Both can be copied for a shell.</p>
    <p><b>Clock.</b> Each application has its own. Freeze it, and time passes only when you advance it: everything that falls due happens at its own time.</p>
    <p><b>Addresses.</b> Every resource, event and request has one: copy it from the browser, with its filters.</p>
    <p><b>Marks.</b> <${Icon} name="fault" /> a fault fired · <${Icon} name="unread" /> fields that nothing reads · <${Icon} name="undocumented" /> accepted, though documented otherwise · <${Icon} name="muted" /> muted or without audio · <${Icon} name="dark" /> without video · <${Icon} name="screen" /> screen share</p>
    <h3>Keys</h3>
    <dl class="keys">${KEYS.map(([key, what]) => html`<div><dt>${key.split(' ').map((one) => html`<kbd>${one}</kbd> `)}</dt><dd>${what}</dd></div>`)}</dl>
    <p class="hint">Calls are described at <a href="/docs">/docs</a>. Unofficial: not affiliated with Vonage.</p>
  </dialog>`;
}

/** Keys that work anywhere but in fields. Returns what undoes it. */
function onKeys({ help, calls, application }) {
  let leading = 0;
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    if (event.target.closest('input, select, textarea')) {
      if (event.key === 'Escape') event.target.blur();
      return;
    }
    const { parts, query } = address.value;
    if (leading > Date.now() - 1500) {
      leading = 0;
      const view = VIEWS.find(([, , key]) => key === event.key);
      if (event.key === 'g') go(at([]));
      else if (view && application) go(at(['a', application, view[0]].filter(Boolean)));
      return;
    }
    const step = { j: 1, k: -1 }[event.key];
    if (event.key === 'g') leading = Date.now();
    else if (event.key === '?') help();
    else if (event.key === 'l') calls();
    else if (event.key === 'Escape' && parts.length > 3) go(at(parts.slice(0, 3), query));
    else if (event.key === '/') document.querySelector('.tools .filter')?.focus();
    else if (step) document.querySelector('.list .rows')?.dispatchEvent(new CustomEvent('step', { detail: step }));
    else return;
    event.preventDefault();
  };
  addEventListener('keydown', press);
  return () => removeEventListener('keydown', press);
}

render(html`<${Page} />`, document.body);
