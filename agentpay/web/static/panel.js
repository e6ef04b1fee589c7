// The panel beside the chat: the cart, who is answering, and what they did.

import { totals } from "./blocks.js";
import { fill, h, hue, initials, money, plural, words } from "./dom.js";
import { AGENTS, toolList } from "./transcript.js";

const ROLES = { sales: "Finds and recommends", support: "Orders, returns, policies", payment: "Cart, delivery, paying" };

export class Panel {
  constructor(root, shop) {
    this.shop = shop;
    this.cart = h("section", { class: "panel-part", "aria-label": "Cart" });
    this.agents = h("ul", { class: "agents" });
    this.moves = h("ol", { class: "moves" });
    this.tools = h("div", { class: "panel-tools" });
    this.calls = new Map();
    this.agent = null;
    root.replaceChildren(
      this.cart,
      h("section", { class: "panel-part", "aria-label": "Who is answering" }, h("h2", null, "Who is answering"), this.agents, this.moves),
      h("section", { class: "panel-part", "aria-label": "Tools of this turn" }, h("h2", null, "What just ran"), this.tools));
    this.reset();
  }

  reset() {
    this.agent = null;
    this.moves.replaceChildren();
    this.calls.clear();
    this.showTools();
    this.showAgents();
    this.showCart(null);
  }

  showCart(cart) {
    const items = cart?.items ?? [];
    fill(this.cart, h("h2", null, "Cart", items.length > 0 && h("span", { class: "count" }, items.reduce((sum, item) => sum + item.quantity, 0))),
      items.length === 0 && h("p", { class: "quiet empty" }, "Nothing in it yet."),
      items.length > 0 && [
        h("ul", { class: "cart-lines" }, items.map((item) => this.line(item, cart.currency))),
        totals(cart),
        h("button", { type: "button", class: "button primary pay", onclick: () => this.shop.say("I'd like to check out now, please") }, "Check out"),
      ]);
  }

  line(item, currency) {
    const name = [item.title, words(item.options)].filter(Boolean).join(", ");
    const phrase = `${item.title}${words(item.options) ? ` in ${words(item.options)}` : ""}`;
    return h("li", null,
      h("div", { class: `tile small ${hue(item.product_external_id ?? item.title)}`, "aria-hidden": "true" }, initials(item.title)),
      h("div", { class: "cart-line" },
        h("span", { class: "line-title" }, item.title),
        h("span", { class: "quiet" }, [words(item.options), `${item.quantity} × ${money(item.unit_price, currency)}`].filter(Boolean).join(" · ")),
        h("button", { type: "button", class: "link", "aria-label": `Remove ${name}`, onclick: () => this.shop.say(`Remove the ${phrase} from my cart`) }, "Remove")),
      h("span", { class: "amount" }, money(item.line_total, currency)));
  }

  showAgents(degraded = false) {
    fill(this.agents, Object.entries(AGENTS).map(([key, label]) => h("li", { class: `agent ${key}${key === this.agent ? " on" : ""}`, "aria-current": key === this.agent && "true" },
      h("span", { class: "lamp", "aria-hidden": "true" }), h("span", null, label), h("span", { class: "quiet" }, ROLES[key]))));
    this.agents.classList.toggle("degraded", degraded);
  }

  showTools() {
    const calls = [...this.calls.values()];
    fill(this.tools, calls.length === 0 ? h("p", { class: "quiet empty" }, "No tool yet.") : toolList(calls));
  }

  view(conversation) {
    this.showCart(conversation.cart);
    if (!this.agent && conversation.stage !== "greeting") this.setAgent(conversation.active_agent);
  }

  setAgent(agent, reason) {
    if (agent === this.agent) return;
    if (this.agent && AGENTS[agent]) {
      this.moves.prepend(h("li", null, `${AGENTS[this.agent]} → ${AGENTS[agent]}`, reason && h("span", { class: "quiet" }, ` ${reason.replaceAll("_", " ")}`)));
      while (this.moves.children.length > 4) this.moves.lastChild.remove();
    }
    this.agent = agent;
    this.showAgents();
  }

  apply(type, data) {
    if (type === "turn.started") {
      this.calls.clear();
    } else if (type === "agent") {
      this.setAgent(data.agent, data.reason);
    } else if (type === "tool.started") {
      this.calls.set(data.call_id, { name: data.name, arguments: data.arguments });
      this.showTools();
    } else if (type === "tool.finished") {
      this.calls.set(data.call_id, { ...this.calls.get(data.call_id), ...data });
      this.showTools();
    } else if (type === "turn.completed") {
      this.showTools();
    }
  }
}

export function cartCount(cart) {
  const count = (cart?.items ?? []).reduce((sum, item) => sum + item.quantity, 0);
  return [count, `Cart, ${plural(count, "item")}`];
}
