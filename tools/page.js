"use strict";
// All that peers say is put in as text, never as markup.
const by = id => document.getElementById(id);
const kSvg = "http://www.w3.org/2000/svg";
const kRow = 46, kBox = 300;
let things = [];

function rate(thing, name) { return (thing.rates || {})[name] || 0; }
function shown(number) { return number >= 100 ? number.toFixed(0) : number ? number.toPrecision(3) : "0"; }
function processOf(thing) { return thing.describes_itself ? `${thing.process} ${thing.pid} on ${thing.host}` : "(does not say)"; }

function cell(row, text, kind) {
  const td = document.createElement("td");
  td.textContent = text;
  if (kind) td.className = kind;
  row.append(td);
}

function showTable() {
  by("things").replaceChildren(...things.map(thing => {
    const row = document.createElement("tr");
    for (const text of [thing.name, thing.kind, thing.endpoint, processOf(thing)]) cell(row, text);
    cell(row, shown(rate(thing, "received_messages")), "number");
    cell(row, shown(rate(thing, "sent_messages")), "number");
    return row;
  }));
}

function drawn(tag, attributes, text) {
  const element = document.createElementNS(kSvg, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function box(x, y, title, below) {
  return [drawn("rect", {x, y, width: kBox, height: 36, rx: 5, fill: "#eef4fb", stroke: "#678"}),
          drawn("text", {x: x + 8, y: y + 15}, title), drawn("text", {x: x + 8, y: y + 30, fill: "#888"}, below)];
}

function arrow(from, to, y1, y2, text) {
  const tip = from < to ? to - 7 : to + 7;
  return [drawn("line", {x1: from, y1, x2: tip, y2, stroke: "#456", "marker-end": "url(#tip)"}),
          drawn("text", {x: (from + to) / 2, y: (y1 + y2) / 2 - 4, "text-anchor": "middle"}, text)];
}

// On the left who uses, on the right what is used; an arrow goes the way of the messages.
function showMap(edges) {
  const users = [...new Set(edges.map(edge => edge.process))];
  const parts = [];
  const marker = drawn("marker", {id: "tip", markerWidth: 8, markerHeight: 8, refX: 6, refY: 3, orient: "auto"});
  marker.append(drawn("path", {d: "M0,0 L7,3 L0,6 z", fill: "#456"}));
  parts.push(marker);
  users.forEach((user, i) => parts.push(...box(10, 10 + i * kRow, user, "")));
  things.forEach((thing, i) => {
    const y = 10 + i * kRow;
    parts.push(...box(640, y, thing.name || thing.endpoint, `${thing.kind} ${thing.endpoint}`));
    const own = edges.filter(edge => edge.endpoint === thing.endpoint);
    const isPublisher = thing.kind === "publisher";
    const text = `${shown(rate(thing, isPublisher ? "sent_messages" : "received_messages"))}/s`;
    for (const edge of own) {
      const text = `${shown(edge.messages_per_s)}/s`;
      const there = 28 + users.indexOf(edge.process) * kRow;
      parts.push(...(isPublisher ? arrow(640, 10 + kBox, y + 18, there, text) : arrow(10 + kBox, 640, there, y + 18, text)));
    }
    if (own.length === 0) parts.push(...(isPublisher ? arrow(640, 540, y + 18, y + 18, text) : arrow(540, 640, y + 18, y + 18, text)));
  });
  by("map").setAttribute("height", 20 + Math.max(1, users.length, things.length) * kRow);
  by("map").replaceChildren(...parts);
}

function offer(select, texts) {
  const chosen = select.value;
  if ([...select.options].map(option => option.value).join("\n") === texts.join("\n")) return;
  select.replaceChildren(...texts.map(text => new Option(text, text)));
  if (texts.includes(chosen)) select.value = chosen;
}

function methods() {
  const all = things.filter(thing => thing.name === by("service").value).flatMap(thing => thing.methods || []);
  return new Map(all.map(method => [method.name || method.input, method]));
}

function showForm() {
  offer(by("service"), [...new Set(things.filter(thing => (thing.methods || []).length).map(thing => thing.name))]);
  offer(by("method"), [...methods().keys()]);
  const method = methods().get(by("method").value);
  by("input").textContent = method ? `takes ${method.input}${method.output ? ", returns " + method.output : ""}` : "";
}

async function look() {
  try {
    const status = await (await fetch("status")).json();
    by("problem").textContent = status.problem || "";
    things = status.things || [];
    showTable();
    showMap(status.edges || []);
    showForm();
  } catch (error) {
    by("problem").textContent = `dividere serve does not reply: ${error.message}`;
  }
  setTimeout(look, document.hidden ? 5000 : 1000);
}

by("service").onchange = by("method").onchange = showForm;
by("form").onsubmit = async event => {
  event.preventDefault();
  by("reply").textContent = "...";
  const body = JSON.stringify({service: by("service").value, method: by("method").value, json: by("json").value});
  const reply = await fetch("call", {method: "POST", headers: {"Content-Type": "application/json"}, body});
  by("reply").textContent = await reply.text();
};
look();
