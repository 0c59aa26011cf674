// The application's clock: what it shows, moving it, and what is to come.

import { html, at, day, iso, span, time, useEffect, useRef, useState, useStore } from '../lib.js';
import { useRead } from '../live.js';
import { Act, Due, Field, Nothing, Preview, Problem, Reads, Section, Time } from '../parts.js';

/** The time, ticking. */
function Ticking({ live, withDay }) {
  const text = useRef();
  const changed = useStore(live.changed);
  useEffect(() => {
    const draw = () => {
      const now = live.now();
      if (now === null || !text.current) return;
      text.current.textContent = `${withDay ? `${day(now)} ` : ''}${time(now, false)}`;
      text.current.title = iso(now);
    };
    draw();
    const timer = setInterval(draw, 250);
    return () => clearInterval(timer);
  }, [live, changed]);
  return html`<time class="ticking" ref=${text}></time>`;
}

export const running = (changed) => (!changed ? '' : changed.clock.frozen ? 'frozen' : changed.clock.speed === 1 ? 'running' : `${changed.clock.speed} times as fast`);

/** The clock in the head of the page. */
export function ClockBar({ live }) {
  const changed = useStore(live.changed);
  const set = (body) => ({ method: 'POST', path: `${live.path}/clock`, body });
  if (!changed) return html`<div class="clock"></div>`;
  const { frozen } = changed.clock;
  return html`<div class="clock ${frozen ? 'frozen' : ''}" role="group" aria-label="Clock of the application">
    <a href=${at(['a', live.application, 'clock'])} aria-label="Clock"><${Ticking} live=${live} /><small>${running(changed)}</small></a>
    <span class="clock-actions">
      <${Act} call=${set({ action: frozen ? 'resume' : 'freeze' })}>${frozen ? 'Resume' : 'Freeze'}<//>
      <${Act} call=${set({ action: 'advance', seconds: 60 })} label="Advance by a minute">+1 min<//>
      <${Act} call=${set({ action: 'advance', seconds: 3600 })} label="Advance by an hour">+1 h<//>
      <${Act} call=${set({ action: 'next' })} label="Advance to what happens next">Next<//>
    </span>
  </div>`;
}

const STEPS = [[1, '1 s'], [10, '10 s'], [60, '1 min'], [3600, '1 h'], [86400, '1 day'], [259_200, '72 h']];

export function ClockView({ live }) {
  const changed = useStore(live.changed);
  const clock = useRead(`${live.path}/clock`, changed && `${changed.epoch} ${changed.version} ${changed.clock.now}`);
  const [seconds, setSeconds] = useState('259200');
  const [speed, setSpeed] = useState('60');
  const [error, setError] = useState(null);
  const path = `${live.path}/clock`;
  const set = (body) => ({ method: 'POST', path, body });
  const onDone = (_, failed) => setError(failed);
  const advance = set({ action: 'advance', seconds: Number(seconds) });
  const resume = set({ action: 'resume', speed: Number(speed) });
  return html`<div class="wide">
    <header class="head"><h1>Clock</h1><${Reads} path=${path} /></header>
    <p class="big"><${Ticking} live=${live} withDay /> <span class="c-quiet">${running(changed)}</span></p>
    <${Problem} error=${error} />
    <div class="columns">
      <${Section} top title="Move it">
        <div class="actions">
          <${Act} call=${set({ action: 'freeze' })} onDone=${onDone}>Freeze<//>
          <${Act} call=${set({ action: 'resume' })} onDone=${onDone}>Resume<//>
          <${Act} call=${set({ action: 'next' })} onDone=${onDone}>To the next thing<//>
          <${Act} call=${set({ action: 'idle' })} onDone=${onDone}>Until idle<//>
        </div>
        <div class="actions"><span class="c-quiet">Advance</span>${STEPS.map(([count, text]) => html`<${Act} call=${set({ action: 'advance', seconds: count })} onDone=${onDone}>${text}<//>`)}</div>
        <form class="inline"><${Field} label="Advance by seconds"><input type="number" min="0" step="any" value=${seconds} onInput=${(event) => setSeconds(event.target.value)} /><//>
          <${Preview} call=${advance} /><footer><${Act} submit kind="primary" call=${advance} onDone=${onDone}>Advance<//> <span class="c-quiet">${span(Number(seconds) * 1000)}</span></footer></form>
        <form class="inline"><${Field} label="Let it run so many times as fast"><input type="number" min="0" step="any" value=${speed} onInput=${(event) => setSpeed(event.target.value)} /><//>
          <${Preview} call=${resume} /><footer><${Act} submit call=${resume} onDone=${onDone}>Run<//></footer></form>
      <//>
      <${Section} top title="What is to come">${clock.data?.pending.length ? html`<ol class="pending">${clock.data.pending.map((timer) =>
        html`<li key=${timer.action + timer.subject}><code>${timer.action}</code> <${Due} live=${live} ms=${timer.due} /> <span class="c-quiet"><${Time} ms=${timer.due} /></span> <code class="c-quiet">${timer.subject.slice(0, 8)}</code></li>`)}</ol>` : html`<${Nothing}>Nothing is pending.<//>`}<//>
    </div>
  </div>`;
}
