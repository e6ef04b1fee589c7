// Server-sent events over fetch, which unlike EventSource can send a key, a body and Last-Event-ID.

// Yields {id, type, data} of a text/event-stream; ends when the server does, throws when the line breaks or falls silent.
export async function* readEvents(response, { silence = 45_000, onActivity } = {}) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let buffer = "";
  let event = { id: "", type: "message", data: [] };
  try {
    for (;;) {
      const { done, value } = await beforeSilence(reader.read(), silence);
      if (done) return;
      onActivity?.();
      buffer += decoder.decode(value, { stream: true });
      let end;
      while ((end = buffer.search(/\r\n|\n|\r(?!$)/)) >= 0) {
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + (buffer.startsWith("\r\n", end) ? 2 : 1));
        if (line !== "") {
          readField(event, line);
          continue;
        }
        if (event.data.length > 0) yield { id: event.id, type: event.type, data: JSON.parse(event.data.join("\n")) };
        event = { id: "", type: "message", data: [] };
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function readField(event, line) {
  if (line.startsWith(":")) return;
  const colon = line.indexOf(":");
  const name = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (name === "data") event.data.push(value);
  else if (name === "event") event.type = value;
  else if (name === "id") event.id = value;
}

function beforeSilence(promise, milliseconds) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new TypeError("The connection went silent.")), milliseconds);
  });
  return Promise.race([promise, silence]).finally(() => clearTimeout(timer));
}

// Waits before attempt `n` of a reconnection (from 0), less when the browser comes back online meanwhile.
export function pause(n, signal) {
  const wait = Math.min(8000, 400 * 2 ** n) * (0.7 + Math.random() * 0.6);
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      removeEventListener("online", finish);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, wait);
    addEventListener("online", finish);
    signal?.addEventListener("abort", finish);
  });
}
