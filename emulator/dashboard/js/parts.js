// The pieces that views are made of.

import { html, at, address, bytes, copy, go, iso, otherDay, shortSession, span, time, useEffect, useLayoutEffect, useMemo, useRef, useState, useStore } from './lib.js';
import { act, curl, line, pointed } from './api.js';

// Icons: 16 by 16, drawn with lines

const ICONS = {
  muted: 'M8 1.8a2 2 0 0 1 2 2v3.6M6 6v1.6a2 2 0 0 0 3 1.7M3.8 7.4a4.2 4.2 0 0 0 6.6 3.4M12.2 7.4c0 .7-.2 1.3-.5 1.9M8 11.8v2.4M2.5 2.5l11 11',
  dark: 'M4 4.2H2.6a1 1 0 0 0-1 1v5.6a1 1 0 0 0 1 1h6.6a1 1 0 0 0 .9-.6M6.6 4.2h2.6a1 1 0 0 1 1 1v2.4l4-2.6v6M2 2l12 12',
  video: 'M1.6 5.2a1 1 0 0 1 1-1h6.6a1 1 0 0 1 1 1v5.6a1 1 0 0 1-1 1H2.6a1 1 0 0 1-1-1zM10.2 7.6l4.2-2.6v6l-4.2-2.6z',
  screen: 'M1.6 2.8h12.8v8H1.6zM5.4 13.6h5.2M8 10.8v2.8M8 8.6V5M6.3 6.6 8 4.9l1.7 1.7',
  copy: 'M5.4 5.4h8v8h-8zM3.4 10.6h-.8v-8h8v.8',
  back: 'M9.6 3 4.6 8l5 5',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  fault: 'M8.8 1.6 3.4 9h4l-.6 5.4L12.4 7h-4z',
  undocumented: 'M8 1.8 14.6 13.4H1.4zM8 6v3.6M8 11.4v.2',
  unread: 'M8 4.2v4.6M8 11.6v.2M8 1.6a6.4 6.4 0 1 1 0 12.8A6.4 6.4 0 0 1 8 1.6z',
};

export function Icon({ name, path = ICONS[name], label }) {
  return html`<svg class="icon" viewBox="0 0 16 16" role=${label ? 'img' : null} aria-hidden=${label ? null : 'true'}
    aria-label=${label || null}>${label && html`<title>${label}</title>`}<path d=${path} /></svg>`;
}

// Text

const TONES = {
  good: 'available connected live ACTIVE delivered ready uploaded',
  busy: 'started starting connecting pending DIALING RINGING stopped paused ON_HOLD held',
  bad: 'failed error offline dropped',
};

export function tone(status) {
  return Object.keys(TONES).find((name) => TONES[name].split(' ').includes(status)) || 'quiet';
}

export const Badge = ({ status, tone: given, children }) =>
  html`<span class="badge ${given || tone(status)}">${children || status}</span>`;

export function HttpStatus({ status }) {
  const kind = !status ? 'bad' : status >= 500 ? 'bad' : status >= 400 ? 'warn' : 'good';
  return html`<span class="badge ${kind}">${status || 'no answer'}</span>`;
}

export const Time = ({ ms, exact }) => html`<time datetime=${iso(ms)} title=${iso(ms)}>${otherDay(ms) && html`<span class="day">${otherDay(ms)}</span> `}${time(ms, exact !== false)}</time>`;

export function Copy({ text, label = 'Copy', children }) {
  const [copied, setCopied] = useState(false);
  const click = async () => {
    await copy(typeof text === 'function' ? text() : text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1200);
  };
  return html`<button type="button" class=${children ? 'plain' : 'plain tiny'} onClick=${click}
    aria-label=${children ? null : label} title=${label}>
    <${Icon} name="copy" />${copied ? html`<span role="status">copied</span>` : html`<span>${children}</span>`}</button>`;
}

/** An id in full, to be copied; or short, as a link to its place. */
export const Id = ({ id }) => html`<span class="id"><code>${id}</code><${Copy} text=${id} label="Copy the id" /></span>`;

export const Nothing = ({ children }) => html`<p class="nothing">${children}</p>`;

/** Why something failed; `again` names what is tried again by itself. */
export function Problem({ error, again }) {
  if (!error) return null;
  const text = error.text || error.message;
  return html`<p class="problem" role="alert">${again ? `${again} could not be read (${text}): trying again` : text}</p>`;
}

/** A part of a view; `top` where it is directly below the title of the view. */
export function Section({ title, aside, children, top }) {
  return html`<section class="section" aria-label=${title}><header><${top ? 'h2' : 'h3'}>${title}<//>${aside}</header>${children}</section>`;
}

export function Facts({ rows }) {
  return html`<dl class="facts">${rows
    .filter((row) => row && row[1] !== null && row[1] !== undefined && row[1] !== '')
    .map(([name, value]) => html`<div><dt>${name}</dt><dd>${typeof value === 'boolean' ? (value ? 'yes' : 'no') : value}</dd></div>`)}</dl>`;
}

const MAX_SHOWN = 60_000;
const TOKENS = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** A value, or text that may be JSON, readable and coloured. Always text: nothing in it is interpreted. */
export function Json({ value, text, label }) {
  const [all, setAll] = useState(false);
  const source = useMemo(() => {
    if (text === undefined) return JSON.stringify(value, null, 2);
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  }, [value, text]);
  const shown = all ? source : source.slice(0, MAX_SHOWN);
  const pieces = useMemo(() => {
    const found = [];
    let from = 0;
    for (const match of shown.matchAll(TOKENS)) {
      if (match.index > from) found.push(shown.slice(from, match.index));
      const kind = match[1] ? (match[2] ? 'key' : 'string') : match[3] ? 'word' : 'number';
      found.push(html`<span class="j-${kind}">${match[1] || match[0]}</span>`);
      if (match[2]) found.push(match[2]);
      from = match.index + match[0].length;
      if (found.length > 20_000) break;
    }
    found.push(shown.slice(from));
    return found;
  }, [shown]);
  if (!source) return html`<${Nothing}>empty<//>`;
  return html`<div class="json">
    <pre tabindex="0" role="group" aria-label=${label}>${pieces}</pre>
    <${Copy} text=${source} label="Copy ${label}" />
    ${shown.length < source.length &&
    html`<button type="button" onClick=${() => setAll(true)}>Show all ${bytes(source.length)}</button>`}
  </div>`;
}

// Calls

/** A control call as text, with its copy for a shell: what a form is about to send. */
export function Preview({ call }) {
  return html`<div class="preview" aria-label="The call to the control API">
    <code><b>${call.method}</b>${line(call).slice(call.method.length)}</code>
    <${Copy} text=${() => curl(call)} label="Copy this call as curl">curl<//>
  </div>`;
}

/** What a view reads, told small beside its title. */
export const Reads = ({ path }) =>
  html`<span class="reads"><code title="GET /_emulator${path}">GET ${path.replace(/^(\/applications\/[^/]{8})[^/]+/, '$1…')}</code>
    <${Copy} text=${() => curl({ method: 'GET', path })} label="Copy as curl" /></span>`;

/**
 * A button that makes a control call. The bar below shows the call while the button is pointed at or focused.
 * `sure` asks a second time.
 */
export function Act({ call, children, sure, kind = '', onDone, disabled, label, submit }) {
  const [asked, setAsked] = useState(false);
  const busy = useRef(false);
  const own = useRef();
  const show = () => pointed.set((own.current = call));
  const hide = () => pointed.value === own.current && pointed.set(null);
  useEffect(() => hide, []);
  const click = async (event) => {
    event.preventDefault();
    if (busy.current) return;
    if (sure && !asked) {
      setAsked(true);
      setTimeout(() => setAsked(false), 4000);
      return;
    }
    setAsked(false);
    busy.current = true;
    try {
      const content = await act(call);
      onDone?.(content, null);
    } catch (error) {
      onDone?.(null, error);
    } finally {
      busy.current = false;
    }
  };
  return html`<button type=${submit ? 'submit' : 'button'} class=${asked ? 'danger' : kind} disabled=${disabled}
    aria-label=${asked ? null : label} title=${label} onMouseEnter=${show} onMouseLeave=${hide} onFocus=${show} onBlur=${hide} onClick=${click}>
    ${asked ? sure : children}</button>`;
}

// Long lists: only the rows in sight are drawn

/**
 * A list of which one is chosen. `row` draws one; `key` names it; `onChoose` is told the key. All rows are `height` px.
 * Arrows, Home, End and Page keys move the choice; j and k do from anywhere in the page.
 */
export function Rows({ items, row, keyOf, chosen, onChoose, label, height = 30, follow, empty }) {
  const box = useRef();
  const [view, setView] = useState({ top: 0, size: 600 });
  const atEnd = useRef(true);
  const look = () => {
    const { scrollTop, clientHeight, scrollHeight } = box.current;
    atEnd.current = scrollTop + clientHeight >= scrollHeight - 2 * height;
    const top = Math.floor(scrollTop / height);
    setView((old) => (old.top === top && old.size === clientHeight ? old : { top, size: clientHeight }));
  };
  useEffect(() => {
    const watch = new ResizeObserver(look);
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  const here = useRef(-1); // the choice that was made last, also before it is drawn
  const index = useMemo(() => (chosen === undefined ? -1 : items.findIndex((item) => keyOf(item) === chosen)), [items, chosen]);
  here.current = index;
  useLayoutEffect(() => {
    if (follow && atEnd.current && index < 0) box.current.scrollTop = box.current.scrollHeight;
    look();
  }, [items.length]);
  useLayoutEffect(() => {
    if (index < 0) return;
    const { scrollTop, clientHeight } = box.current;
    if (index * height < scrollTop) box.current.scrollTop = index * height;
    else if ((index + 1) * height > scrollTop + clientHeight) box.current.scrollTop = (index + 1) * height - clientHeight;
    look();
  }, [chosen, index >= 0]);
  const move = (to) => {
    const next = Math.max(0, Math.min(items.length - 1, to));
    if (!items.length || next === here.current) return;
    here.current = next;
    onChoose(keyOf(items[next]), true);
  };
  // Where a step in a direction begins: at the choice, or before the first or after the last one.
  const start = (direction) => (here.current >= 0 ? here.current : direction > 0 ? -1 : items.length);
  const keys = (event) => {
    const page = Math.max(1, Math.floor(view.size / height) - 1);
    const from = start(1);
    const to = { ArrowDown: from + 1, ArrowUp: start(-1) - 1, Home: 0, End: items.length - 1, PageDown: from + page, PageUp: from - page }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(to);
  };
  useLayoutEffect(() => {
    if (!onChoose) return undefined;
    const step = (event) => move(start(event.detail) + event.detail);
    const own = box.current;
    own.addEventListener('step', step);
    return () => own.removeEventListener('step', step);
  });
  const from = Math.max(0, view.top - 8);
  const until = Math.min(items.length, view.top + Math.ceil(view.size / height) + 8);
  const id = (at) => `${label.replaceAll(' ', '-')}-${at}`;
  return html`<div class="rows" ref=${box} role="listbox" tabindex="0" aria-label=${label} onScroll=${look} onKeyDown=${keys}
    aria-activedescendant=${index >= from && index < until ? id(index) : null}>
    ${items.length === 0 && html`<div role="option" aria-disabled="true" aria-selected="false" class="nothing">${empty || 'Nothing yet.'}</div>`}
    <div class="rows-all" role="presentation" style=${{ height: `${items.length * height}px` }}>
      ${items.slice(from, until).map((item, offset) => {
        const position = from + offset;
        const key = keyOf(item);
        return html`<div key=${key} id=${id(position)} role="option" aria-selected=${position === index ? 'true' : 'false'}
          aria-setsize=${items.length} aria-posinset=${position + 1} class="row"
          style=${{ top: `${position * height}px`, height: `${height}px` }} onClick=${() => onChoose?.(key, false)}>${row(item, position)}</div>`;
      })}
    </div>
  </div>`;
}

// A list beside what is chosen in it

export function Split({ title, path, tools, list, detail, back }) {
  return html`<div class="split ${detail ? 'chosen' : ''}">
    <section class="list" aria-label=${title}>
      <header class="head"><h1>${title}</h1>${path && html`<${Reads} path=${path} />`}</header>
      ${tools && html`<div class="tools">${tools}</div>`}
      ${list}
    </section>
    ${detail && html`<section class="detail" aria-label="Details" tabindex="-1">
      <a class="back" href=${back}><${Icon} name="back" />${title}</a>${detail}</section>`}
  </div>`;
}

/** A filter that is kept in the address. */
export function Filter({ name, label, options, placeholder }) {
  const { parts, query } = useStore(address);
  const value = query[name] || '';
  const set = (event) => go(at(parts, { ...query, [name]: event.target.value }), true);
  if (options) {
    const known = options.some((option) => (option.value ?? option) === value);
    return html`<select aria-label=${label} value=${value} onChange=${set}>
      <option value="">${label}</option>
      ${value && !known && html`<option value=${value}>${value}</option>`}
      ${options.map((option) => html`<option value=${option.value ?? option}>${option.text ?? option}</option>`)}
    </select>`;
  }
  return html`<input type="search" class="filter" aria-label=${label} placeholder=${placeholder || label} value=${value} onInput=${set} />`;
}

/** What a link filters by, and no field does: each can be taken away. */
export function Chips({ names }) {
  const { parts, query } = useStore(address);
  return names.filter((name) => query[name]).map((name) => html`<button type="button" key=${name} class="chip" title=${query[name]}
    aria-label="Take away the filter ${name} ${query[name]}" onClick=${() => go(at(parts, { ...query, [name]: '' }), true)}>${name} ${shortSession(query[name])} <${Icon} name="close" /></button>`);
}

let fields = 0;

/** One control of a form, with its label and what is to be said of it. */
export function Field({ label, children, hint }) {
  const id = useRef(null);
  id.current ||= `field-${(fields += 1)}`;
  Object.assign(children.props, { id: id.current, 'aria-describedby': hint ? `${id.current}-hint` : null });
  return html`<div class="field"><label for=${id.current}>${label}</label>${children}${hint && html`<small id="${id.current}-hint">${hint}</small>`}</div>`;
}

/** A button that opens a form in a dialog. */
export function Opens({ label, title, kind = '', children }) {
  const box = useRef();
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (open && !box.current.open) box.current.showModal();
  }, [open]);
  const close = () => box.current?.close();
  return html`<button type="button" class=${kind} onClick=${() => setOpen(true)}>${label}</button>
    ${open && html`<dialog ref=${box} aria-label=${title} onClose=${() => setOpen(false)}>
      <header><h2>${title}</h2><button type="button" class="plain" aria-label="Close" onClick=${close}><${Icon} name="close" /></button></header>
      ${children(close)}
    </dialog>`}`;
}

/** Draw again with every second, and whenever the clock is changed. */
export function useSeconds(live) {
  useStore(live.changed);
  const [, again] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || live.changed.value?.clock.frozen || again((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, [live]);
}

/** How long until something is due, on the application's clock. */
export function Due({ live, ms }) {
  useSeconds(live);
  const now = live.now() ?? ms;
  return html`<span class="due">${ms > now ? `in ${span(ms - now)}` : 'due'}</span>`;
}
