// One conversation: sends messages, follows turns through lost connections, and hands each event on once and in order.

import { ApiError } from "./api.js";
import { pause, readEvents } from "./sse.js";

const ATTEMPTS = 6;
const STREAM = { Accept: "text/event-stream" };

function split(id) {
  const colon = id.lastIndexOf(":");
  return [id.slice(0, colon), Number(id.slice(colon + 1))];
}

export class Conversation {
  // `handlers`: event(turnId, type, data), connection(up), expired().
  constructor(session, handlers) {
    this.session = session;
    this.handlers = handlers;
    this.seen = new Map(); // turn id → the number of its last event handed on
    this.followed = new Set(); // turns with a stream of their own
    this.closing = new AbortController();
  }

  close() {
    this.closing.abort();
  }

  view() {
    return this.session.json("");
  }

  async history() {
    const items = [];
    let cursor = null;
    do {
      const page = await this.session.json(`/messages?limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
      items.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor);
    return items;
  }

  cancel(turnId) {
    return this.session.json(`/turns/${turnId}/cancel`, { method: "POST" });
  }

  // Sends a message and follows its turn to the end. The key makes a repeated request join the same turn.
  async say(content, onTurn) {
    const key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    let turnId = null;
    const started = (id) => {
      if (turnId === id) return;
      turnId = id;
      this.followed.add(id);
      onTurn(id);
    };
    try {
      await this.persist(async () => {
        if (turnId) return this.readTurn(turnId);
        const response = await this.session.send("/messages", {
          method: "POST", body: { content }, headers: { ...STREAM, "Idempotency-Key": key }, signal: this.closing.signal,
        });
        return this.read(response, started);
      });
    } finally {
      this.followed.delete(turnId);
    }
  }

  // Follows a turn that something else started.
  async followTurn(turnId) {
    if (this.followed.has(turnId)) return;
    this.followed.add(turnId);
    try {
      await this.persist(() => this.readTurn(turnId));
    } finally {
      this.followed.delete(turnId);
    }
  }

  async readTurn(turnId) {
    const seen = this.seen.get(turnId) ?? 0;
    const headers = seen > 0 ? { ...STREAM, "Last-Event-ID": `${turnId}:${seen}` } : STREAM;
    return this.read(await this.session.send(`/turns/${turnId}/events`, { headers, signal: this.closing.signal }));
  }

  // Everything in the conversation, for as long as the page lives: also what no message of ours asked for.
  async follow() {
    let last = null;
    let failures = 0;
    while (!this.closing.signal.aborted) {
      try {
        const headers = last ? { ...STREAM, "Last-Event-ID": last } : STREAM;
        const response = await this.session.send("/events", { headers, signal: this.closing.signal });
        this.handlers.connection(true);
        for await (const event of readEvents(response, { onActivity: () => (failures = 0) })) {
          if (!event.id) continue;
          last = event.id;
          this.take(event, true);
        }
      } catch (error) {
        if (this.closing.signal.aborted) return;
        if (error instanceof ApiError && [401, 403, 404].includes(error.status)) return this.handlers.expired();
        if (failures > 0) this.handlers.connection(false);
      }
      await pause(failures++, this.closing.signal);
    }
  }

  // Runs `attempt` until it ends well, reconnecting when the line breaks; refusals are not tried again.
  async persist(attempt) {
    for (let n = 0; ; n++) {
      try {
        const ended = await attempt();
        if (ended) return;
      } catch (error) {
        const busy = error instanceof ApiError && (error.status >= 502 || error.code === "idempotency_key_in_flight");
        if (this.closing.signal.aborted || (error instanceof ApiError && !busy) || n + 1 >= ATTEMPTS) throw error;
      }
      if (n + 1 >= ATTEMPTS) throw new TypeError("The connection was lost.");
      await pause(n, this.closing.signal);
      if (this.closing.signal.aborted) return;
    }
  }

  // Answers whether the turn reached its end.
  async read(response, started) {
    for await (const event of readEvents(response)) {
      if (!event.id) continue;
      started?.(split(event.id)[0]);
      this.take(event, false);
      if (event.type === "turn.completed") return true;
    }
    return false;
  }

  take(event, fromConversation) {
    const [turnId, n] = split(event.id);
    const seen = this.seen.get(turnId) ?? 0;
    if (n <= seen) return;
    const first = event.data.from ?? n;
    if (fromConversation && first > seen + 1) {
      // We came into the middle of this turn: its own stream tells it from where we are.
      this.followTurn(turnId).catch(() => {});
      return;
    }
    this.seen.set(turnId, n);
    // Deltas joined over what we have already: `message.completed` brings the whole text.
    if (event.type === "message.delta" && first <= seen) return;
    this.handlers.event(turnId, event.type, event.data);
  }
}
