// The typed blocks of a reply (CONTRACT §3) as elements. `shop` offers say(text), busy() and mayLink(url).

import { h, hue, initials, money, plural, words } from "./dom.js";

const RENDERERS = {
  product_list: (block, shop) =>
    h("div", { class: "cards", role: "list", "aria-label": plural(block.products.length, "product") },
      block.products.map((product) => h("div", { role: "listitem", class: "cell" }, productCard(product, shop)))),
  product: (block, shop) => productCard(block, shop, true),
  cart: (block) => cartBlock(block),
  shipping_quote: shippingQuote,
  offer: offerBlock,
  checkout: checkoutBlock,
  order: orderBlock,
  approval: (block) => card("approval", "A person is looking at this", h("p", null, block.summary ?? "We will answer here."), h("p", { class: "quiet" }, "You can go on writing meanwhile.")),
  handoff: () => card("handoff", "A person takes over", h("p", null, "Someone from our team will answer in this conversation.")),
};

// A button that asks for money stands once: what was paid, or came again with new totals, says so instead.
export function retirePayLinks(root, checkoutId, words) {
  for (const link of root.querySelectorAll("a[data-checkout]")) {
    if (link.dataset.checkout !== checkoutId) continue;
    link.nextElementSibling?.remove();
    link.replaceWith(h("p", { class: "quiet retired" }, words));
  }
}

export function renderBlock(block, shop) {
  const element = RENDERERS[block.type]?.(block, shop) ?? null;
  element?.classList.add("block");
  return element;
}

function card(kind, title, ...children) {
  return h("section", { class: `card ${kind}`, "aria-label": title }, h("h3", null, title), children);
}

function stock(available) {
  if (available === null || available === undefined) return ["In stock", "good"];
  if (available <= 0) return ["Sold out", "out"];
  return available <= 3 ? [`Only ${available} left`, "low"] : ["In stock", "good"];
}

function productCard(product, shop, large = false) {
  const { variants, currency } = product;
  const price = product.price_min === product.price_max
    ? money(product.price_min, currency)
    : `${money(product.price_min, currency)} – ${money(product.price_max, currency)}`;
  const first = variants.find((variant) => variant.available === null || variant.available > 0);
  const status = h("span", { class: "stock" });
  const add = h("button", { type: "button", class: "button primary small" }, "Add");
  const choice = variants.length > 1 && h("select", { "aria-label": `Choose a variant of ${product.title}` },
    variants.map((variant, n) => h("option", { value: n, disabled: variant.available !== null && variant.available <= 0 },
      `${words(variant.options) || variant.sku || variant.external_id}${product.price_min === product.price_max ? "" : ` · ${money(variant.price, currency)}`}${variant.available !== null && variant.available <= 0 ? " · sold out" : ""}`)));
  const chosen = () => (choice ? variants[Number(choice.value)] : variants[0]);
  const update = () => {
    const variant = chosen();
    const [text, kind] = first && variant ? stock(variant.available) : ["Sold out", "out"];
    status.textContent = text;
    status.className = `stock ${kind}`;
    add.disabled = kind === "out";
    const name = [product.title, words(variant?.options)].filter(Boolean).join(", ");
    add.setAttribute("aria-label", `Add ${name} to the cart`);
  };
  if (choice) {
    choice.value = String(Math.max(0, variants.indexOf(first)));
    choice.addEventListener("change", update);
  }
  add.addEventListener("click", () => {
    const options = words(chosen().options);
    shop.say(`Add the ${product.title}${options && variants.length > 1 ? ` in ${options}` : ""} to my cart`);
  });
  update();
  return h("article", { class: `product${large ? " large" : ""}` },
    h("div", { class: `tile ${hue(product.external_id ?? product.title)}`, "aria-hidden": "true" }, initials(product.title)),
    h("div", { class: "product-body" },
      h("h3", null, product.title),
      h("p", { class: "price" }, price, " ", status),
      product.description && h("p", { class: "description" }, product.description),
      h("div", { class: "buy" },
        choice,
        h("div", { class: "buy-actions" },
          !large && h("button", { type: "button", class: "button ghost small", "aria-label": `More about ${product.title}`, onclick: () => shop.say(`Tell me more about the ${product.title}`) }, "More"),
          add))));
}

export function lines(items, currency) {
  return h("ul", { class: "lines" }, items.map((item) => h("li", null,
    h("span", { class: "line-title" }, item.quantity > 1 && h("span", { class: "times" }, `${item.quantity} × `), item.title,
      words(item.options) && h("span", { class: "quiet" }, ` ${words(item.options)}`)),
    h("span", { class: "amount" }, money(item.line_total, currency)))));
}

export function totals(of) {
  const { currency } = of;
  const row = (label, amount, kind) => h("div", { class: kind }, h("dt", null, label), h("dd", null, amount));
  const less = of.discount_code ? `Discount (${of.discount_code})` : of.offer_id ? "Your offer" : "Discount";
  return h("dl", { class: "totals" },
    (of.discount > 0 || of.shipping !== undefined) && row("Subtotal", money(of.subtotal, currency)),
    of.discount > 0 && row(less, `−${money(of.discount, currency)}`),
    of.shipping !== undefined && row(of.shipping_option?.name ? `Shipping, ${of.shipping_option.name}` : "Shipping", of.shipping > 0 ? money(of.shipping, currency) : of.shipping_option || of.shipping_address ? "Free" : money(0, currency)),
    of.tax > 0 && row(of.tax_included ? "Tax, included" : "Tax", money(of.tax, currency)),
    row("Total", money(of.total, currency), "sum"),
    of.refunded > 0 && row("Refunded", `−${money(of.refunded, currency)}`));
}

function address(value) {
  if (!value) return null;
  const town = [value.city, [value.region, value.postal_code].filter(Boolean).join(" ")].filter(Boolean).join(", ");
  return h("p", { class: "quiet address" }, [value.line1, value.line2, town, value.country].filter(Boolean).join(" · "));
}

function cartBlock(cart) {
  if (cart.items.length === 0) return card("cart", "Your cart is empty");
  return card("cart", "Your cart", lines(cart.items, cart.currency), totals(cart));
}

function shippingQuote(quote) {
  if (quote.requires_shipping === false) return card("shipping", "Nothing to ship");
  if (quote.served === false || quote.options.length === 0) return card("shipping", "We do not ship there yet");
  return card("shipping", "Shipping", h("ul", { class: "lines" }, quote.options.map((option) => h("li", null,
    h("span", { class: "line-title" }, option.name, option.min_days !== null && option.min_days !== undefined && h("span", { class: "quiet" }, ` ${option.min_days}–${option.max_days} days`)),
    h("span", { class: "amount" }, option.amount > 0 ? money(option.amount, quote.currency) : "Free")))));
}

function offerBlock(offer, shop) {
  const open = offer.status === "proposed";
  return card("offer", offer.final ? "Our best offer" : "An offer for you",
    h("p", { class: "line-title" }, offer.quantity > 1 && h("span", { class: "times" }, `${offer.quantity} × `), offer.title),
    h("p", { class: "deal" }, h("s", null, h("span", { class: "hidden" }, "instead of "), money(offer.list_price, offer.currency)), " ", h("strong", null, money(offer.amount, offer.currency)), offer.quantity > 1 && h("span", { class: "quiet" }, " each")),
    open && h("div", { class: "buy-actions" },
      h("button", { type: "button", class: "button ghost small", onclick: () => shop.say("No thanks, I'd rather not") }, "No thanks"),
      h("button", { type: "button", class: "button primary small", onclick: () => shop.say("I accept your offer") }, "Accept")));
}

function checkoutBlock(checkout, shop) {
  const payable = checkout.status === "open" && shop.mayLink(checkout.url);
  const state = { confirming: "Payment in progress…", confirmed: "Payment received, settling…", succeeded: "Paid", expired: "This checkout has expired.", cancelled: "This checkout was cancelled." }[checkout.status];
  return card("checkout", "Checkout", lines(checkout.items, checkout.currency), totals(checkout), address(checkout.shipping_address),
    state && h("p", { class: "quiet" }, state),
    payable && h("a", { class: "button primary pay", href: checkout.url, target: "_blank", rel: "noopener", "data-checkout": checkout.id }, "Pay securely ", money(checkout.total, checkout.currency)),
    payable && h("p", { class: "quiet centre" }, "Opens a secure page. This chat hears of your payment by itself."));
}

const ORDER_STATES = { pending: "Waiting for payment", paid: "Confirmed", cancelled: "Cancelled", partially_refunded: "Partly refunded", refunded: "Refunded" };
const DELIVERY = { unfulfilled: "Getting ready", shipped: "On its way", delivered: "Delivered" };

function orderBlock(order) {
  const state = ORDER_STATES[order.status] ?? order.status;
  const tracking = order.tracking && [order.tracking.carrier, order.tracking.number].filter(Boolean).join(" ");
  return card(`order ${order.status}`, `Order ${order.number}`,
    h("p", { class: "order-state" }, h("span", { class: "pill" }, state), " ", order.status !== "cancelled" && h("span", { class: "quiet" }, DELIVERY[order.fulfillment_status]), tracking && h("span", { class: "quiet" }, ` · ${tracking}`)),
    lines(order.items, order.currency), totals(order), address(order.shipping_address));
}
