// Small DOM helpers. Data reaches the page as text nodes and properties alone, never as markup.

export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

export function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

const formats = new Map();

// `amount` is an integer in minor units of `currency`.
export function money(amount, currency) {
  let format = formats.get(currency);
  if (!format) {
    format = new Intl.NumberFormat("en-US", { style: "currency", currency });
    formats.set(currency, format);
  }
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

export function plural(count, word) {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

export function words(options) {
  return Object.values(options ?? {}).join(", ");
}

// A steady colour for a thing without a picture: one of the six of app.css.
export function hue(text) {
  let sum = 0;
  for (const character of text ?? "") sum = (sum * 31 + character.codePointAt(0)) >>> 0;
  return `hue-${sum % 6}`;
}

export function initials(title) {
  return (title ?? "").split(/\s+/).filter((word) => /^\p{L}/u.test(word)).slice(0, 2).map((word) => word[0].toUpperCase()).join("");
}
