// A composed picture: its tiles where the emulator's layout rules put them, or where a custom stylesheet does.

import { html, hue, useEffect, useRef, useState } from './lib.js';
import { BY_CYCLE } from './kinds.js';
import { Icon } from './parts.js';

const nameOf = (stream, people) =>
  stream.name || people.get(stream.connectionId)?.data || `stream ${stream.id.slice(0, 8)}`;

/** What is to be known of a stream at a glance; `kindless` where its kind is told beside it. */
export function Marks({ stream, kindless }) {
  return html`${!kindless && stream.videoType === 'screen' && html`<${Icon} name="screen" label="screen share" />`}
    ${(stream.muted || !stream.hasAudio) && html`<${Icon} name="muted" label=${stream.muted ? 'muted by force' : 'audio off'} />`}
    ${!stream.hasVideo && html`<${Icon} name="dark" label="video off" />`}`;
}

function Face({ stream, people, role }) {
  const origin = people.get(stream.connectionId)?.origin;
  return html`<span class="face">
    <span class="letter" aria-hidden="true">${[...nameOf(stream, people)][0]}</span>
    <span class="who">${nameOf(stream, people)}</span>
    <span class="marks"><${Marks} stream=${stream} />${BY_CYCLE[origin] && html`<${Icon} path=${BY_CYCLE[origin].icon} label=${BY_CYCLE[origin].joins} />`}</span>
    ${(role || stream.layoutClassList.length > 0) &&
    html`<span class="classes">${role && html`<b>${role}</b>`} ${stream.layoutClassList.map((name) => `.${name}`).join(' ')}</span>`}
  </span>`;
}

/** A picture as the control API tells it; `people` are the participants by connection id. */
export function Stage({ picture, people, element = 'archive', label }) {
  const ratio = { aspectRatio: `${picture.width} / ${picture.height}` };
  const kept = picture.leftOut.length;
  return html`<figure class="stage ${picture.height > picture.width ? 'upright' : ''}">
    ${picture.stylesheet
      ? html`<${Custom} picture=${picture} people=${people} element=${element} />`
      : html`<div class="canvas" style=${ratio} role="group" aria-label=${label}>
          ${picture.tiles.map(({ stream, role, box }) =>
            html`<div key=${stream.id} class="tile ${stream.videoType}" data-stream=${stream.id}
              style=${{ left: `${box.left}%`, top: `${box.top}%`, width: `${box.width}%`, height: `${box.height}%`, zIndex: box.z, '--hue': hue(stream.connectionId) }}>
              <${Face} stream=${stream} people=${people} role=${role} /></div>`)}
          ${picture.tiles.length === 0 && html`<span class="black">black: nobody with video is in this layout</span>`}
        </div>`}
    <figcaption>${picture.type} · ${picture.width} × ${picture.height} · ${picture.tiles.length} in the picture${kept ? `, ${kept} left out` : ''}</figcaption>
  </figure>`;
}

// Custom layouts: the stylesheet as its author wrote it, held to what the layout guide supports

const PART = /^(stream)?(\.[\w-]+|:(first|last)-child|:nth-(last-)?child\([^()]*\))*$/;
const PROPERTIES = new Set(
  'width height min-width min-height max-width max-height left right top bottom margin margin-left margin-right margin-top margin-bottom z-index position display float object-fit overflow-x overflow-y clear'.split(' '),
);

const SHORTHANDS = new Set(['overflow']);
const safe = (property, value) => PROPERTIES.has(property) && !/url|image|fixed|sticky/i.test(value);

/** What of a stylesheet counts, as text, and what does not. */
function supported(stylesheet) {
  const sheet = new CSSStyleSheet();
  const kept = [];
  const ignored = [];
  sheet.replaceSync(stylesheet);
  for (const rule of sheet.cssRules) {
    const selectors = rule.selectorText?.split(',').map((each) => each.trim()) || [];
    const fits = (selector) => selector.split(/\s*[+~]\s*/).every((part) => part && PART.test(part));
    const good = selectors.filter(fits);
    ignored.push(...(selectors.length ? selectors.filter((each) => !fits(each)) : [rule.cssText.slice(0, 60)]));
    if (!good.length) continue;
    const declared = [];
    for (const property of rule.style) {
      const value = rule.style.getPropertyValue(property);
      if (safe(property, value)) declared.push(`${property}:${value}`);
    }
    // Told as it was written: the text of a rule has shorthands as they were.
    for (const text of rule.style.cssText.split(/;\s*/).filter(Boolean)) {
      const property = text.slice(0, text.indexOf(':'));
      const known = PROPERTIES.has(property) || SHORTHANDS.has(property);
      if (!known || !safe('top', text)) ignored.push(text.slice(0, 60));
    }
    kept.push(`${good.join(',')}{${declared.join(';')}}`);
  }
  return { text: kept.join('\n'), ignored };
}

const BASE = `
  :host { display: block; contain: strict; }
  .container { position: relative; margin: 0; overflow: hidden; transform-origin: 0 0; }
  stream { display: block; margin: 0; overflow: hidden; background: hsl(var(--hue) 42% 32%); color: #fff;
           box-shadow: inset 0 0 0 2px #0006; }
  stream span { position: absolute; font: 20px/1.4 system-ui, sans-serif; padding: 6px 10px; text-shadow: 0 1px 3px #000; }
`;

function Custom({ picture, people, element }) {
  const host = useRef();
  const [ignored, setIgnored] = useState([]);
  useEffect(() => {
    const root = host.current.shadowRoot || host.current.attachShadow({ mode: 'open' });
    const [base, own] = [new CSSStyleSheet(), new CSSStyleSheet()];
    const checked = supported(picture.stylesheet);
    base.replaceSync(BASE);
    own.replaceSync(checked.text);
    root.adoptedStyleSheets = [base, own];
    setIgnored(checked.ignored);
    const container = document.createElement(element);
    container.className = 'container';
    for (const { stream } of picture.tiles) {
      const tile = document.createElement('stream');
      tile.className = stream.layoutClassList.join(' ');
      tile.dataset.stream = stream.id;
      tile.style.setProperty('--hue', hue(stream.connectionId));
      const name = document.createElement('span');
      const marks = [stream.videoType === 'screen' && 'screen share', (stream.muted || !stream.hasAudio) && 'muted'];
      name.textContent = [nameOf(stream, people), ...marks.filter(Boolean)].join(' · ');
      tile.append(name);
      container.append(tile);
    }
    root.replaceChildren(container);
    const fit = () => {
      const scale = host.current.clientWidth / picture.width;
      Object.assign(container.style, { display: 'block', width: `${picture.width}px`, height: `${picture.height}px`, transform: `scale(${scale})` });
    };
    const watch = new ResizeObserver(fit);
    watch.observe(host.current);
    fit();
    return () => watch.disconnect();
  }, [picture, people]);
  return html`<div class="canvas" ref=${host} style=${{ aspectRatio: `${picture.width} / ${picture.height}` }}></div>
    ${ignored.length > 0 && html`<p class="note">The composer does not support: ${ignored.join(' · ')}</p>`}`;
}
