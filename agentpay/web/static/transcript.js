// The messages of a conversation on the page, as history and as they stream.

import { renderBlock, retirePayLinks } from "./blocks.js";
import { fill, h, plural } from "./dom.js";
import { markdown } from "./markdown.js";

export const AGENTS = { sales: "Sales", support: "Support", payment: "Payment" };

const DOING = {
  product_search: "Looking through the shop", product_details: "Reading about it", check_inventory: "Checking stock",
  compare_products: "Comparing", update_cart: "Updating your cart", view_cart: "Looking at your cart",
  quote_shipping: "Asking about shipping", validate_discount: "Checking the code", make_offer: "Working on an offer",
  search_knowledge: "Reading our policies", create_payment_link: "Preparing the payment", payment_status: "Checking the payment",
  find_customer: "Looking you up", order_status: "Looking up your order", handoff_to_human: "Calling a person",
};

export function toolList(calls) {
  return h("ul", { class: "tools" }, calls.map((call) => h("li", null, h("details", null,
    h("summary", null, h("code", null, call.name), " ",
      h("span", { class: `pill ${call.status}` }, { ok: "ok", error: "error" }[call.status] ?? "running"),
      call.elapsed_ms !== undefined && h("span", { class: "quiet" }, ` ${call.elapsed_ms} ms`)),
    h("p", { class: "quiet" }, "Arguments"), h("pre", { tabindex: "0" }, JSON.stringify(call.arguments ?? {}, null, 2)),
    call.result !== undefined && [h("p", { class: "quiet" }, "Result"), h("pre", { tabindex: "0" }, JSON.stringify(call.result, null, 2))]))));
}

export class Transcript {
  // `shop`: say(text), mayLink(url), allow(url), assistant.
  constructor(root, scroller, shop) {
    this.root = root;
    this.scroller = scroller;
    this.shop = shop;
    this.turns = new Map();
    this.known = new Set(); // ids of the messages on the page
    this.anchor = null; // what the newest turn began with: it stays in view while a long reply grows below it
    this.stick = true;
    this.frame = 0;
    scroller.addEventListener("scroll", () => {
      this.stick = scroller.scrollTop >= this.goal() - 80;
    }, { passive: true });
  }

  clear() {
    this.turns.clear();
    this.known.clear();
    this.root.replaceChildren();
  }

  goal() {
    const bottom = this.scroller.scrollHeight - this.scroller.clientHeight;
    return this.anchor?.isConnected ? Math.min(bottom, this.anchor.offsetTop - 16) : bottom;
  }

  scroll(force = false) {
    if (force) this.stick = true;
    if (!this.stick || this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.scroller.scrollTop = this.goal();
    });
  }

  welcome(shop) {
    this.root.append(h("div", { class: "welcome" },
      h("h2", null, `Welcome to ${shop.name}`),
      h("p", null, `I'm ${shop.assistant}. Tell me what you are after, or ask about delivery, returns or an order.`)));
  }

  customer(text, turnId = null) {
    const bubble = h("div", { class: "message customer" }, h("span", { class: "hidden" }, "You: "), h("div", { class: "bubble" }, text));
    this.root.append(bubble);
    this.anchor = bubble;
    const turn = this.turn(turnId ?? Symbol("unsent"));
    turn.own = true;
    this.scroll(true);
    return { bubble, turn, text };
  }

  // Ties a message that was written here to the turn that answers it.
  bind(sent, turnId) {
    const early = this.turns.get(turnId);
    if (early && early !== sent.turn) early.wait?.remove();
    this.turns.set(turnId, Object.assign(sent.turn, early ? { messages: early.messages, calls: early.calls } : {}));
    if (!this.turns.get(turnId).done && this.turns.get(turnId).messages.size === 0) this.waiting(sent.turn, "Thinking");
  }

  turn(id) {
    if (!this.turns.has(id)) this.turns.set(id, { messages: new Map(), calls: new Map(), agent: null, wait: null, own: false, done: false });
    return this.turns.get(id);
  }

  waiting(turn, text) {
    if (!turn.wait) {
      turn.wait = h("div", { class: "message assistant waiting" }, h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), h("span", { class: "quiet" }));
      this.root.append(turn.wait);
    }
    turn.wait.lastChild.textContent = `${text}…`;
    this.scroll();
  }

  settle(turn) {
    turn.wait?.remove();
    turn.wait = null;
  }

  message(turn, id, role = "assistant") {
    let entry = turn.messages.get(id);
    if (!entry) {
      this.settle(turn);
      this.known.add(id);
      entry = { text: "", agent: turn.agent, blocks: [] };
      entry.chip = h("span", { class: "chip" });
      entry.body = h("div", { class: "text" });
      entry.extras = h("div", { class: "extras" });
      entry.foot = h("div", { class: "foot" });
      entry.element = h("article", { class: `message ${role}`, "data-message": id },
        h("p", { class: "who" }, role === "human" ? "Our team" : this.shop.assistant, " ", entry.chip), entry.body, entry.extras, entry.foot);
      turn.messages.set(id, entry);
      this.root.append(entry.element);
      if (!turn.own) this.anchor = entry.element;
      this.chip(entry, turn.agent);
    }
    return entry;
  }

  chip(entry, agent) {
    entry.chip.textContent = AGENTS[agent] ?? "";
    entry.chip.className = `chip ${agent ?? "none"}`;
  }

  write(entry) {
    if (entry.frame) return;
    entry.frame = requestAnimationFrame(() => {
      entry.frame = 0;
      fill(entry.body, markdown(entry.text, this.shop.mayLink));
      this.scroll();
    });
  }

  block(entry, block) {
    if (block.type === "checkout") {
      this.shop.allow(block.url);
      retirePayLinks(this.root, block.id, "There is a newer version below.");
    }
    if (block.type === "order" && block.checkout_id) retirePayLinks(this.root, block.checkout_id, "Paid");
    const element = renderBlock(block, this.shop);
    if (!element) return;
    // A cart or checkout that changed again within the turn takes the place of the earlier one.
    const earlier = ["cart", "checkout"].includes(block.type) && entry.blocks.find((shown) => shown.type === block.type);
    if (earlier) {
      earlier.element.replaceWith(element);
      earlier.element = element;
    } else {
      entry.extras.append(element);
      entry.blocks.push({ type: block.type, element });
    }
    this.scroll();
  }

  tools(entry, calls) {
    if (calls.length === 0) return;
    const elapsed = calls.reduce((sum, call) => sum + (call.elapsed_ms ?? 0), 0);
    const timed = calls.some((call) => call.elapsed_ms !== undefined);
    const open = entry.foot.firstElementChild?.open ?? false;
    fill(entry.foot, h("details", { class: "ran", open }, h("summary", null, plural(calls.length, "tool"), " ran", timed && ` · ${Math.round(elapsed)} ms`), toolList(calls)));
  }

  apply(turnId, type, data) {
    const turn = this.turn(turnId);
    if (type === "agent") {
      if (data.previous && data.previous !== data.agent) this.transition(data);
      turn.agent = data.agent;
    } else if (type === "tool.started") {
      turn.calls.set(data.call_id, { name: data.name, arguments: data.arguments });
      if (turn.messages.size === 0) this.waiting(turn, DOING[data.name] ?? "Working");
    } else if (type === "tool.finished") {
      turn.calls.set(data.call_id, { ...turn.calls.get(data.call_id), name: data.name, status: data.status, result: data.result, elapsed_ms: data.elapsed_ms });
    } else if (type === "message.delta") {
      const entry = this.message(turn, data.message_id);
      entry.text += data.text;
      this.write(entry);
    } else if (type === "ui") {
      this.block(this.message(turn, data.message_id), data.block);
    } else if (type === "message.discarded") {
      turn.messages.get(data.message_id)?.element.remove();
      turn.messages.delete(data.message_id);
      this.waiting(turn, "One moment");
    } else if (type === "message.completed") {
      this.completed(turn, data);
    } else if (type === "turn.completed") {
      turn.done = true;
      this.settle(turn);
      if (data.status === "cancelled") this.root.append(h("p", { class: "divider" }, "Stopped"));
      if (data.degraded) this.root.append(h("p", { class: "divider" }, "Answered by the built-in assistant"));
    }
  }

  completed(turn, message) {
    if (message.role === "customer") return;
    const fresh = !turn.messages.has(message.id);
    if (fresh && this.known.has(message.id)) return;
    const entry = this.message(turn, message.id, message.role);
    if (fresh || entry.blocks.length !== message.blocks.length) {
      entry.blocks = [];
      entry.extras.replaceChildren();
      for (const block of message.blocks) this.block(entry, block);
    }
    entry.text = message.content;
    this.chip(entry, message.agent);
    this.write(entry);
    const timed = new Map([...turn.calls].map(([id, call]) => [id, call.elapsed_ms]));
    this.tools(entry, message.tool_calls.map((call) => ({ ...call, elapsed_ms: timed.get(call.id) })));
    this.scroll();
  }

  transition(data) {
    this.root.append(h("p", { class: "divider", title: data.reason }, `Now with ${AGENTS[data.agent] ?? data.agent}`));
  }

  history(messages) {
    for (const message of messages) {
      if (this.known.has(message.id)) continue;
      if (message.role === "customer") {
        this.customer(message.content);
        this.known.add(message.id);
      } else {
        this.completed({ messages: new Map(), calls: new Map(), agent: message.agent, own: true }, message);
      }
    }
    this.scroll(true);
  }
}
