// One application, live: its events as they happen, and word of everything else there is to read anew.

import { Store, today, useEffect, useRef, useState, useStore } from './lib.js';
import { locked, read, stream } from './api.js';

const CHUNK = 2000;
const MAX_EVENTS = 20000;
const MAX_REQUESTS = 1000;
const HIDDEN = 10_000;
const FIRST_WAIT = 250;
const longer = (wait) => Math.min(wait * 2, 4000);

export class Live {
  constructor(application) {
    this.application = application;
    this.path = `/applications/${encodeURIComponent(application)}`;
    this.link = new Store('connecting');
    this.changed = new Store(null);
    this.events = new Store([]);
    this.requests = new Store({ items: [], error: null });
    /** Why what happened before cannot be read yet, or null. */
    this.pastError = new Store(null);
    this.epoch = null;
    this.ending = new AbortController();
    today.of = () => this.now() ?? Date.now();
    // A browser has few connections for a host: a page that nobody looks at gives its own back.
    const look = () => document.hidden && setTimeout(() => document.hidden && this.connection?.abort(), HIDDEN);
    document.addEventListener('visibilitychange', look, { signal: this.ending.signal });
    this.run();
  }

  close() {
    this.ending.abort();
    this.connection?.abort();
  }

  async run() {
    const { signal } = this.ending;
    let wait = FIRST_WAIT;
    while (!signal.aborted) {
      await seen(signal);
      this.connection = new AbortController();
      const last = this.events.value.at(-1)?.number ?? this.changed.value?.events.last;
      const from = last === undefined ? '' : `&after=${last}`;
      try {
        await stream(`${this.path}/events/stream?changes=true${from}`, this.connection.signal, (name, data) => {
          wait = FIRST_WAIT;
          this.take(name, data);
        });
        this.link.set('lost');
      } catch (error) {
        if (signal.aborted) return;
        if (this.connection.signal.aborted) continue;
        this.link.set(error.status === 404 ? 'gone' : 'lost');
        if (error.status === 401) await unlocked(signal);
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = longer(wait);
    }
  }

  /**
   * Read below the application, and try again until it is answered; `say` is told why it was not, and null once it is.
   * Returns null when the application has become another one meanwhile.
   */
  async persist(path, say) {
    const { epoch } = this;
    const { signal } = this.ending;
    let wait = FIRST_WAIT;
    while (!signal.aborted && epoch === this.epoch) {
      try {
        const answer = await read(this.path + path, signal);
        if (epoch !== this.epoch) break;
        if (wait > FIRST_WAIT) say(null);
        return answer;
      } catch (error) {
        if (signal.aborted || epoch !== this.epoch) break;
        say(error);
        if (error.status === 401) await unlocked(signal);
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = longer(wait);
    }
    return null;
  }

  take(name, data) {
    if (!data) return;
    if (name !== 'changed') {
      const events = this.events.value;
      if (data.number > (events.at(-1)?.number ?? 0)) {
        events.push(data);
        if (events.length > MAX_EVENTS) events.splice(0, events.length - MAX_EVENTS);
        this.events.tell();
      }
      return;
    }
    data.received = performance.now();
    const anew = data.epoch !== this.epoch;
    if (anew) {
      // Another world: a reset, a snapshot, a new process. Its numbers may be those of the one before.
      this.epoch = data.epoch;
      this.requests.set({ items: [], error: null });
      this.events.set([]);
      this.pastError.set(null);
    }
    this.changed.set(data);
    if (this.link.value !== 'live') this.link.set('live');
    this.forget(data.events.first);
    if (anew) this.history(data.events);
  }

  /** After a reset, or when the ring is full, the emulator keeps no more than this. */
  forget(first) {
    const events = this.events.value;
    if (!events.length || events[0].number >= first) return;
    const kept = events.findIndex((event) => event.number >= first);
    events.splice(0, kept < 0 ? events.length : kept);
    this.events.tell();
  }

  /** Read what happened before, newest first. */
  async history({ first, last }) {
    let until = last;
    while (until >= first) {
      const after = Math.max(first - 1, until - CHUNK);
      const page = await this.persist(`/events?after=${after}&limit=${until - after}`, (error) => this.pastError.set(error));
      if (!page) return;
      const oldest = this.events.value[0]?.number ?? Infinity; // one that came meanwhile
      this.events.value.unshift(...page.items.filter((event) => event.number < oldest));
      this.events.tell();
      until = after;
    }
  }

  /** Read the requests that are new; never two readings at once. */
  async readRequests() {
    if (this.reading) return;
    this.reading = true;
    const say = (error) => this.requests.set({ items: this.requests.value.items, error });
    while (!this.ending.signal.aborted) {
      const { items } = this.requests.value;
      const last = items[0]?.number ?? 0;
      if (this.changed.value.requests === last) break;
      const began = performance.now();
      const page = await this.persist(`/requests?after=${last}&limit=${MAX_REQUESTS}`, say);
      if (page && !page.items.length) break;
      if (page) this.requests.set({ items: [...page.items, ...items].slice(0, MAX_REQUESTS), error: null });
      await new Promise((resolve) => setTimeout(resolve, Math.min(100 + 4 * (performance.now() - began), 3000)));
    }
    this.reading = false;
  }

  /** The application's time now, ms. */
  now() {
    const changed = this.changed.value;
    if (!changed) return null;
    const { now, frozen, speed } = changed.clock;
    return frozen ? now : now + (performance.now() - changed.received) * speed;
  }
}

/** Until somebody looks at the page. */
function seen(signal) {
  return new Promise((resolve) => {
    const watch = () => document.hidden || resolve();
    document.addEventListener('visibilitychange', watch, { signal });
    signal.addEventListener('abort', resolve);
    watch();
  });
}

function unlocked(signal) {
  return new Promise((resolve) => {
    const watch = () => {
      if (locked.value) return;
      locked.watchers.delete(watch);
      resolve();
    };
    locked.watchers.add(watch);
    signal.addEventListener('abort', resolve);
    watch();
  });
}

/**
 * What the control API answers at `path`, read anew whenever the stamp changes: never two at once, and the larger the
 * answer the less often. Returns {data, error, path}; the last data stay while they are read anew.
 */
export function useRead(path, stamp) {
  const [state, setState] = useState({ path: null, data: null, error: null });
  const reading = useRef({ path: null, busy: false, again: false });
  useEffect(() => {
    const own = reading.current;
    if (own.path !== path) {
      own.ending?.abort();
      Object.assign(own, { path, busy: false, again: false, ending: new AbortController() });
    }
    if (!path) return;
    const { ending } = own;
    const run = async () => {
      if (own.busy) {
        own.again = true;
        return;
      }
      own.busy = true;
      const began = performance.now();
      let next;
      try {
        next = { path, data: await read(path, ending.signal), error: null };
      } catch (error) {
        next = { path, data: null, error };
      }
      if (ending.signal.aborted) return;
      setState(next);
      const took = performance.now() - began;
      setTimeout(() => {
        if (ending.signal.aborted) return;
        own.busy = false;
        if (own.again) {
          own.again = false;
          run();
        }
      }, Math.min(100 + 4 * took, 3000));
    };
    run();
  }, [path, stamp]);
  useEffect(() => () => reading.current.ending?.abort(), []);
  return state.path === path ? state : { path, data: null, error: null };
}

/** Read below the application, anew with everything that changes in `what` (version, faults), and in another epoch. */
export function useResource(live, path, what = 'version') {
  const changed = useStore(live.changed);
  return useRead(path === null ? null : live.path + path, changed ? [changed.epoch, ...[what].flat().map((name) => changed[name])].join(' ') : '');
}

/** The newest requests, newest first: {items, error}. Only what is new is read. */
export function useRequests(live) {
  const changed = useStore(live.changed);
  useEffect(() => {
    if (changed) live.readRequests();
  }, [live, changed?.requests, changed?.epoch]);
  return useStore(live.requests);
}
