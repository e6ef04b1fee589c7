// Light Markdown as DOM nodes: paragraphs, lists, tables, bold, italics, code, links. Anything else stays text.

import { h } from "./dom.js";

const INLINE = /\*\*(.+?)\*\*|`([^`]+)`|\[([^\]]+)\]\(([^()\s]+)\)|(?<![\p{L}\p{N}*])\*([^*\s](?:[^*]*[^*\s])?)\*(?![\p{L}\p{N}*])|(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]])/gu;
const BULLET = /^\s*[-*•]\s+(.*)$/;
const NUMBER = /^\s*\d{1,3}[.)]\s+(.*)$/;
const RULE = /^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$/;

// `mayLink(url)` decides which addresses become links.
export function markdown(text, mayLink) {
  const nodes = [];
  const lines = text.split("\n");
  let index = 0;
  while (index < lines.length) {
    const line = lines[index];
    if (line.trim() === "") {
      index++;
    } else if (line.includes("|") && RULE.test(lines[index + 1] ?? "") && lines[index + 1].includes("-")) {
      const rows = [];
      let next = index + 2;
      while (next < lines.length && lines[next].includes("|")) rows.push(cells(lines[next++]));
      nodes.push(table(cells(line), rows, mayLink));
      index = next;
    } else if (BULLET.test(line) || NUMBER.test(line)) {
      const pattern = BULLET.test(line) ? BULLET : NUMBER;
      const items = [];
      while (index < lines.length && pattern.test(lines[index])) {
        items.push(h("li", null, inline(pattern.exec(lines[index++])[1], mayLink)));
      }
      nodes.push(h(pattern === BULLET ? "ul" : "ol", null, items));
    } else {
      const paragraph = [];
      while (index < lines.length && lines[index].trim() !== "" && (paragraph.length === 0 || !starts(lines, index))) {
        paragraph.push(lines[index++]);
      }
      const heading = /^#{1,6}\s+(.*)$/.exec(paragraph[0]);
      if (heading) paragraph[0] = `**${heading[1]}**`;
      nodes.push(h("p", null, paragraph.map((part, n) => [n > 0 && h("br"), inline(part, mayLink)])));
    }
  }
  return nodes;
}

function starts(lines, index) {
  const line = lines[index];
  return BULLET.test(line) || NUMBER.test(line) || (line.includes("|") && RULE.test(lines[index + 1] ?? ""));
}

function cells(line) {
  return line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());
}

function table(head, rows, mayLink) {
  const row = (tag, values) => h("tr", null, values.map((value) => h(tag, tag === "th" ? { scope: "col" } : null, inline(value, mayLink))));
  return h("div", { class: "table", tabindex: "0", role: "region", "aria-label": "Table" },
    h("table", null, h("thead", null, row("th", head)), h("tbody", null, rows.map((values) => row("td", values)))));
}

function inline(text, mayLink) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    nodes.push(text.slice(end, match.index));
    end = match.index + match[0].length;
    const [whole, bold, code, label, target, italic, address] = match;
    if (bold !== undefined) nodes.push(h("strong", null, inline(bold, mayLink)));
    else if (code !== undefined) nodes.push(h("code", null, code));
    else if (italic !== undefined) nodes.push(h("em", null, inline(italic, mayLink)));
    else nodes.push(link(target ?? address, label ?? address, mayLink) ?? whole);
  }
  nodes.push(text.slice(end));
  return nodes;
}

function link(target, label, mayLink) {
  let url;
  try {
    url = new URL(target);
  } catch {
    return null;
  }
  if (!/^https?:$/.test(url.protocol) || !mayLink(url.href)) return null;
  return h("a", { href: url.href, target: "_blank", rel: "noopener" }, label);
}
