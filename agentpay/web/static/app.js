// The page: opens a conversation with the shop, or goes on with the tab's own, and wires chat, panel and composer together.

import { ApiError, Session } from "./api.js";
import { Conversation } from "./conversation.js";
import { h, fill, initials } from "./dom.js";
import { Panel, cartCount } from "./panel.js";
import { Transcript } from "./transcript.js";

const $ = (id) => document.getElementById(id);
const text = $("composer-text");
const wide = matchMedia("(min-width: 60rem)");
const allowed = new Set();

const shop = {
  assistant: "Assistant",
  say: (words) => say(words),
  allow: (url) => allowed.add(new URL(url, location.href).href),
  mayLink: (url) => {
    try {
      const target = new URL(url, location.href);
      return /^https?:$/.test(target.protocol) && (target.origin === location.origin || allowed.has(target.href));
    } catch {
      return false;
    }
  },
};

const transcript = new Transcript($("transcript"), $("scroll"), shop);
const panel = new Panel($("panel"), shop);
let conversation = null;
let current = null; // the turn that is being answered: {id, sent}
let refreshing = 0;

function notice(message, action, label = "Try again") {
  const box = $("notice");
  box.hidden = !message;
  fill(box, message && h("span", null, message), action && h("button", { type: "button", class: "button small", onclick: () => { notice(null); action(); } }, label));
  if (message) transcript.scroll(true);
}

function kindly(error) {
  if (error instanceof ApiError) {
    if (error.status === 429) return "That was a lot at once. Please wait a moment.";
    if (error.status >= 500) return "The shop has a problem right now. Your message is not lost.";
    return error.message;
  }
  return "The shop cannot be reached. Please check your connection.";
}

function busy(state) {
  const ready = conversation !== null;
  text.disabled = !ready;
  $("send").hidden = state;
  $("send").disabled = !ready || state || text.value.trim() === "";
  $("stop").hidden = !state;
  $("stop").disabled = state && !current?.id;
  document.body.classList.toggle("busy", state);
}

function grow() {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight, 160)}px`;
  $("send").disabled = conversation === null || current !== null || text.value.trim() === "";
}

function suggest(suggestions) {
  $("suggestions").hidden = !suggestions?.length;
  fill($("suggestions"), (suggestions ?? []).map((words) => h("button", { type: "button", class: "button suggestion", onclick: () => say(words) }, words)));
}

async function refresh() {
  const mine = conversation;
  const ticket = ++refreshing;
  try {
    const view = await mine.view();
    if (mine !== conversation || ticket !== refreshing) return;
    panel.view(view);
    const [count, label] = cartCount(view.cart);
    $("cart-count").textContent = count;
    $("cart-button").setAttribute("aria-label", label);
    $("shop-status").textContent = view.status === "handed_off" ? "with our team" : `with ${shop.assistant}`;
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) return;
    expired();
  }
}

function onEvent(mine, turnId, type, data) {
  if (mine !== conversation) return;
  if (type === "error") {
    notice(data.detail ?? "Something went wrong.", current?.sent && (() => again()), "Try again");
    return;
  }
  transcript.apply(turnId, type, data);
  panel.apply(type, data);
  if (type === "message.completed" && data.role !== "customer") $("announcer").textContent = `${data.role === "human" ? "Our team" : shop.assistant}: ${data.content}`;
  if (type === "tool.finished" && data.name === "update_cart") refresh();
  if (type === "turn.completed") {
    refresh();
    // Written in another tab: its words are in the history alone.
    if (!transcript.turn(turnId).own && data.status === "completed") catchUp(mine);
  }
}

async function catchUp(mine) {
  try {
    const messages = await mine.history();
    if (mine === conversation && messages.some((message) => message.role === "customer" && !written(message))) {
      transcript.clear();
      transcript.history(messages);
    }
  } catch {
    // The next reload shows it.
  }
}

const mineWritten = new Set();
const written = (message) => transcript.known.has(message.id) || mineWritten.has(message.content);

let lastSaid = "";
function again() {
  if (lastSaid) say(lastSaid, true);
}

async function say(words, repeated = false) {
  words = words.trim();
  if (!words || current || !conversation) return;
  const mine = conversation;
  if ($("sheet").open) $("sheet").close();
  notice(null);
  suggest(null);
  lastSaid = words;
  mineWritten.add(words);
  document.querySelector(".message.customer.unsent")?.remove();
  const sent = transcript.customer(words);
  current = { id: null, sent };
  if (!repeated && text.value.trim() === words) text.value = "";
  grow();
  busy(true);
  transcript.waiting(sent.turn, "Thinking");
  try {
    await mine.say(words, (turnId) => {
      transcript.bind(sent, turnId);
      current.id = turnId;
      busy(true);
    });
  } catch (error) {
    if (mine !== conversation) return;
    transcript.settle(sent.turn);
    if (error instanceof ApiError && error.status === 401) expired();
    else {
      if (!current?.id) sent.bubble.classList.add("unsent");
      notice(kindly(error), again);
    }
  } finally {
    if (mine === conversation) {
      current = null;
      busy(false);
      if (wide.matches && !document.activeElement?.closest?.(".message, .side")) text.focus();
    }
  }
}

function expired() {
  Session.forget();
  conversation?.close();
  conversation = null;
  current = null;
  busy(false);
  notice("This conversation has ended.", () => start(true), "Start a new one");
}

function dress(details) {
  shop.assistant = details.assistant;
  document.title = `${details.name} · ${details.assistant}`;
  $("shop-name").textContent = details.name;
  $("shop-mark").textContent = initials(details.name) || "·";
  $("shop-status").textContent = `with ${details.assistant}`;
}

async function start(fresh = false) {
  notice(null);
  if (fresh) Session.forget();
  conversation?.close();
  conversation = null;
  current = null;
  busy(false);
  transcript.clear();
  mineWritten.clear();
  panel.reset();
  suggest(null);
  try {
    const session = (fresh ? null : Session.stored()) ?? (await Session.open());
    const opened = new Conversation(session, {
      event: (turnId, type, data) => onEvent(opened, turnId, type, data),
      connection: (up) => opened === conversation && (up ? document.body.classList.remove("offline") : document.body.classList.add("offline")),
      expired: () => opened === conversation && expired(),
    });
    dress(session.shop);
    const messages = await opened.history();
    conversation = opened;
    transcript.welcome(session.shop);
    if (messages.length > 0) transcript.history(messages);
    else suggest(session.shop.suggestions);
    $("new-conversation").hidden = false;
    busy(false);
    opened.follow();
    refresh();
    if (wide.matches) text.focus();
  } catch (error) {
    if (error instanceof ApiError && [401, 404].includes(error.status) && !fresh && Session.stored()) return start(true);
    $("shop-status").textContent = "Closed for the moment";
    notice(kindly(error), () => start(fresh));
  }
  return undefined;
}

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  say(text.value);
});
text.addEventListener("input", grow);
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    say(text.value);
  }
});
$("stop").addEventListener("click", () => {
  const turnId = current?.id;
  if (!turnId) return;
  $("stop").disabled = true;
  conversation.cancel(turnId).catch((error) => notice(kindly(error)));
});
$("new-conversation").addEventListener("click", () => start(true));

// The panel lives beside the chat on a wide screen and in a sheet on a phone.
function place() {
  if ($("sheet").open) $("sheet").close();
  (wide.matches ? $("side") : $("sheet")).append($("panel"));
}
wide.addEventListener("change", place);
place();
$("cart-button").addEventListener("click", () => $("sheet").showModal());
$("sheet-close").addEventListener("click", () => $("sheet").close());
$("sheet").addEventListener("click", (event) => {
  if (event.target === $("sheet")) $("sheet").close();
});
addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && conversation) refresh();
});

start();
