// What every part of the page uses: elements, state that can be watched, the address, words for times and ids.

export { html, render, useState, useEffect, useLayoutEffect, useMemo, useRef } from '../vendor/preact.js';
import { useState, useEffect } from '../vendor/preact.js';

/** A value that can be watched; watchers are told once for each frame. */
export class Store {
  constructor(value) {
    this.value = value;
    this.watchers = new Set();
    this.waiting = false;
  }

  set(value) {
    this.value = value;
    this.tell();
  }

  tell() {
    if (this.waiting) return;
    this.waiting = true;
    setTimeout(() => {
      this.waiting = false;
      for (const watch of [...this.watchers]) watch();
    }, 16);
  }
}

/** Draw again whenever the store is told. */
export function useStore(store) {
  const [, again] = useState(0);
  useEffect(() => {
    const watch = () => again((count) => count + 1);
    store.watchers.add(watch);
    watch();
    return () => store.watchers.delete(watch);
  }, [store]);
  return store.value;
}

// The address: #/a/<application>/<view>/<id>?<filters>

export const address = new Store(read());

function read() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  const parts = path.split('/').filter(Boolean).map(decode);
  return { parts, query: Object.fromEntries(new URLSearchParams(query || '')) };
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

addEventListener('hashchange', () => address.set(read()));

/** The address of a place in the page; empty filters are left out. */
export function at(parts, query = {}) {
  const kept = Object.entries(query).filter(([, value]) => value !== '' && value != null);
  const tail = kept.length ? `?${new URLSearchParams(kept)}` : '';
  return `#/${parts.map(encodeURIComponent).join('/')}${tail}`;
}

/** Go to a place; `quietly` without a new entry in the browser's history. */
export function go(hash, quietly = false) {
  if (quietly) {
    history.replaceState(null, '', hash);
    address.set(read());
  } else {
    location.hash = hash;
  }
}

// Words

export const short = (id) => (id && id.length > 14 ? `${id.slice(0, 8)}…` : id || '');
export const shortSession = (id) => (id && id.length > 20 ? `${id.slice(0, 4)}…${id.slice(-10)}` : id || '');
export const plural = (count, word) => `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;

const two = (value) => String(value).padStart(2, '0');

export function day(ms) {
  const date = new Date(ms);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The day that the application's clock shows: times of another one are told with theirs. */
export const today = { of: () => Date.now() };

/** The day of a time where it is not today: 11-25, or in full in another year. */
export function otherDay(ms) {
  const [own, now] = [day(ms), day(today.of())];
  return own === now ? '' : own.slice(own.slice(0, 4) === now.slice(0, 4) ? 5 : 0);
}

export function time(ms, exact = true) {
  const date = new Date(ms);
  const text = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return exact ? `${text}.${String(date.getMilliseconds()).padStart(3, '0')}` : text;
}

export const iso = (ms) => new Date(ms).toISOString();

/** A length of time in one or two units: 850 ms, 3.2 s, 1 h 5 min. */
export function span(ms) {
  const seconds = Math.abs(ms) / 1000;
  if (seconds < 1) return `${Math.round(Math.abs(ms))} ms`;
  if (seconds < 60) return `${Number(seconds.toFixed(seconds < 10 ? 1 : 0))} s`;
  const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
  const first = units.findIndex(([, size]) => seconds >= size);
  const [unit, size] = units[first];
  const count = Math.floor(seconds / size);
  const rest = units[first + 1] ? Math.floor((seconds - count * size) / units[first + 1][1]) : 0;
  return `${count} ${unit}${rest ? ` ${rest} ${units[first + 1][0]}` : ''}`;
}

export function bytes(count) {
  return count < 1024 ? `${count} B` : `${(count / 1024).toFixed(count < 10240 ? 1 : 0)} kB`;
}

/** Put text into the clipboard, also where the page is not served securely. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'offscreen';
    (document.querySelector('dialog[open]') || document.body).append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
}

/** A hue for an id, always the same one. */
export function hue(id) {
  let hash = 0x811c9dc5;
  for (const letter of id || '') hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193) >>> 0;
  return hash % 360;
}

/** Whether the words of a search are all in a text. */
export function finds(words, text) {
  return words.every((word) => text.includes(word));
}

export const words = (text) => (text || '').toLowerCase().split(/\s+/).filter(Boolean);
