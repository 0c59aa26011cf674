// State diagrams, drawn from the life cycles that the control API lists: nothing about any resource is known here.

import { html, useEffect, useState } from './lib.js';
import { read } from './api.js';

let known = null;

/** The life cycles, asked for once. */
export function useLifecycles() {
  const [cycles, setCycles] = useState(null);
  useEffect(() => {
    known ||= read('/lifecycles').catch(() => {
      known = null;
      return null;
    });
    known.then(setCycles);
  }, []);
  return cycles;
}

/** A place for each status: ranks by the longest way from the first, without going back. */
function places({ initial, transitions }) {
  const rank = { [initial]: 0 };
  const back = new Set();
  const visit = (status, trail) => {
    for (const next of transitions[status]) {
      if (trail.includes(next)) {
        back.add(`${status} ${next}`);
      } else if ((rank[next] ?? -1) < trail.length) {
        rank[next] = trail.length;
        visit(next, [...trail, next]);
      }
    }
  };
  visit(initial, [initial]);
  const taken = {};
  const found = {};
  for (const status of Object.keys(transitions)) {
    const column = rank[status] ?? 0;
    found[status] = { rank: column, lane: (taken[column] = (taken[column] ?? -1) + 1) };
  }
  return { found, back, ranks: Math.max(...Object.values(rank)) + 1, lanes: Math.max(...Object.values(taken)) + 1 };
}

const WIDE = { step: 116, lane: 56, width: 84, height: 28, edge: 34 };
const TALL = { step: 54, lane: 150, width: 92, height: 28, edge: 60 };

/** A state diagram with where a resource stands now, and where it has been. */
export function Diagram({ cycle, status, visited = [], label }) {
  const [tall, setTall] = useState(matchMedia('(max-width: 640px)').matches);
  useEffect(() => {
    const media = matchMedia('(max-width: 640px)');
    const watch = () => setTall(media.matches);
    media.addEventListener('change', watch);
    return () => media.removeEventListener('change', watch);
  }, []);
  if (!cycle) return null;
  const size = tall ? TALL : WIDE;
  const { found, back, ranks, lanes } = places(cycle);
  const been = new Set(visited);
  const steps = new Set(visited.slice(1).map((after, index) => `${visited[index]} ${after}`));
  // Ways back are repairs: drawn only where one is taken, or may be taken from here.
  const edges = Object.entries(cycle.transitions)
    .flatMap(([from, after]) => after.map((to) => [from, to]))
    .filter(([from, to]) => !back.has(`${from} ${to}`) || from === status || steps.has(`${from} ${to}`));
  const over = edges.some(([from, to]) => found[from].lane === found[to].lane && found[to].rank > found[from].rank + 1);
  const [before, beyond] = [over ? size.edge : 4, back.size ? size.edge : 4];
  const centre = (name) => {
    const along = found[name].rank * size.step;
    const across = found[name].lane * size.lane + before;
    return tall ? [across + size.width / 2, along + size.height / 2 + 4] : [along + size.width / 2 + 4, across + size.height / 2];
  };
  const length = (ranks - 1) * size.step + 8;
  const breadth = (lanes - 1) * size.lane + before + beyond;
  const [width, height] = tall ? [breadth + size.width, length + size.height] : [length + size.width, breadth + size.height];
  const tip = (kind) => `${label.replace(/\W+/g, '-')}-${kind}`;
  return html`<figure class="diagram">
    <svg viewBox="0 0 ${width} ${height}" style=${{ maxWidth: `${width}px` }} role="img"
      aria-label="${label}: now ${status}, may become ${cycle.transitions[status]?.join(', ') || 'nothing else'}">
      <defs>${['edge', 'taken', 'open'].map(
        (kind) => html`<marker id=${tip(kind)} class="tip ${kind}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" /></marker>`,
      )}</defs>
      ${edges.map(([from, to]) => {
        const kind = steps.has(`${from} ${to}`) ? 'taken' : from === status ? 'open' : 'edge';
        const path = curve(centre(from), centre(to), found[from], found[to], back.has(`${from} ${to}`), size, tall);
        return html`<path class="edge ${kind} ${from === status || to === status || kind === 'taken' ? '' : 'dim'}" d=${path} marker-end="url(#${tip(kind)})" />`;
      })}
      ${Object.keys(cycle.transitions).map((name) => {
        const [x, y] = centre(name);
        const kind = name === status ? 'now' : been.has(name) ? 'been' : '';
        return html`<g class="node ${kind}">
          <rect x=${x - size.width / 2} y=${y - size.height / 2} width=${size.width} height=${size.height} rx="7" />
          <text x=${x} y=${y + 4}>${name}</text></g>`;
      })}
    </svg>
  </figure>`;
}

/** A line from node to node: straight to a neighbour, in an arc over others, and below on the way back. */
function curve([x1, y1], [x2, y2], from, to, isBack, size, tall) {
  const half = [size.width / 2, size.height / 2];
  const far = Math.abs(to.rank - from.rank);
  if (from.lane === to.lane && (far > 1 || isBack)) {
    const bend = (isBack ? 1 : -1) * Math.min(size.edge * 1.25, 4 + 10 * far) * (tall ? 1.1 : 1);
    if (tall) {
      const side = isBack ? half[0] : -half[0];
      return `M${x1 + side} ${y1} C${x1 + side + bend} ${y1} ${x2 + side + bend} ${y2} ${x2 + side} ${y2}`;
    }
    const side = isBack ? half[1] : -half[1];
    const shift = (isBack ? -1 : 1) * Math.max(4, 26 - 6 * far); // those that go further begin and end closer to the middle
    return `M${x1 + shift} ${y1 + side} C${x1 + shift} ${y1 + side + bend} ${x2 - shift} ${y2 + side + bend} ${x2 - shift} ${y2 + side}`;
  }
  if (tall) {
    const [start, end] = [y1 + half[1], y2 - half[1]];
    return `M${x1} ${start} C${x1} ${(start + end) / 2} ${x2} ${(start + end) / 2} ${x2} ${end}`;
  }
  if (from.lane !== to.lane) {
    const [start, end] = [y1 + half[1] * Math.sign(y2 - y1), x2 - half[0]];
    return `M${x1} ${start} C${x1} ${(start + 2 * y2) / 3} ${(x1 + end) / 2} ${y2} ${end} ${y2}`;
  }
  const [start, end] = [x1 + half[0], x2 - half[0]];
  return `M${start} ${y1} C${(start + end) / 2} ${y1} ${(start + end) / 2} ${y2} ${end} ${y2}`;
}
