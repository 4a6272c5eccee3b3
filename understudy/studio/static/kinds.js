// The kinds of a discovery: named, put together by dragging or by keys, thrown away. Each change is sent at once.
import { isTyping, post, say } from "./studio.js";

const byId = (id) => document.getElementById(id);
const { key, roles, gaugeRoles } = JSON.parse(byId("settings").textContent);
const cards = new Map();
let state = { version: "", kinds: [], bars: [] };
let picked = null;
let sending = Promise.resolve();

/** Sends one change after those before it; shows what the discovery says then. */
function send(what, values, sentence) {
  sending = sending.then(async () => {
    const found = await post(`/kinds/${what}`, { key, version: state.version, ...values });
    if (found) {
      state = found;
      if (sentence) say(sentence);
    } else {
      await read();
    }
    show();
  });
}

async function read() {
  try {
    const answer = await fetch(`/kinds/list?key=${key}`, { headers: { accept: "application/json" } });
    if (answer.ok) state = await answer.json();
  } catch { /* the studio does not answer, as post() has said: the next change is sent all the same */ }
}

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (attribute.startsWith("on")) made.addEventListener(attribute.slice(2), value);
    else if (attribute in made && attribute !== "list") made[attribute] = value;
    else made.setAttribute(attribute, value);
  }
  made.append(...children);
  return made;
}

const kindOf = (id) => state.kinds.find((kind) => kind.id === id);
const tileOf = (id, words) => element("img", { src: `/kinds/tile?key=${key}&id=${id}`, alt: words, draggable: false });

function makeCard(id) {
  const card = element("li", { className: "kind", tabIndex: 0, draggable: true });
  card.dataset.id = id;
  const fields = {
    picture: tileOf(id, ""),
    count: element("b"),
    facts: element("p", { className: "quiet small" }),
    name: element("input", { type: "text", maxLength: 64, autocomplete: "off", spellcheck: false }),
    role: element("select", {}, ...roles.map((role) => element("option", { value: role }, role.toLowerCase()))),
    value: element("input", { type: "number", step: "any", min: -1e6, max: 1e6 }),
    into: element("select"),
    parts: element("ul", { className: "parts" }),
    away: element("button", { type: "button", className: "danger" }),
  };
  const rename = () => {
    const value = Number(fields.value.value);
    if (!fields.value.checkValidity() || fields.value.value === "") { say("The points of a kind are a number.", true); show(); return; }
    send("name", { id, name: fields.name.value, role: fields.role.value, value });
  };
  for (const field of ["name", "role", "value"]) fields[field].addEventListener("change", rename);
  fields.into.addEventListener("change", () => { if (fields.into.value) merge(id, Number(fields.into.value)); });
  fields.away.addEventListener("click", () => throwAway(id));
  card.append(
    element("div", { className: "tile" }, fields.picture, fields.count),
    element("div", { className: "about" },
      fields.facts,
      element("label", {}, element("span", {}, "Name"), fields.name),
      element("div", { className: "pair" }, element("label", {}, element("span", {}, "Role"), fields.role), element("label", {}, element("span", {}, "Points"), fields.value)),
      element("label", {}, element("span", {}, "The same as"), fields.into),
      fields.parts, element("div", { className: "buttons" }, fields.away)),
  );
  card.addEventListener("dragstart", (event) => {
    if (event.target !== card) return;
    event.dataTransfer.setData("text/plain", String(id));
    event.dataTransfer.effectAllowed = "move";
    picked = id;
    card.classList.add("picked");
  });
  card.addEventListener("dragend", () => { picked = null; show(); });
  card.addEventListener("dragover", (event) => {
    if (picked === null || picked === id || kindOf(id).thrown_away) return;
    event.preventDefault();
    card.classList.add("target");
  });
  card.addEventListener("dragleave", () => card.classList.remove("target"));
  card.addEventListener("drop", (event) => {
    event.preventDefault();
    card.classList.remove("target");
    if (picked !== null && picked !== id) merge(picked, id);
  });
  cards.set(id, { card, fields });
  return cards.get(id);
}

function set(field, value) {
  if (field !== document.activeElement || field.value === "") field.value = value;
}

function fill({ card, fields }, kind) {
  card.setAttribute("aria-label", `${kind.shown_name}, ${kind.role.toLowerCase()}, seen ${kind.count} times`);
  card.classList.toggle("picked", picked === kind.id);
  card.classList.toggle("away", kind.thrown_away);
  fields.picture.alt = kind.shown_name;
  fields.count.textContent = `${kind.count} ×`;
  fields.facts.textContent = kind.facts.join(" · ");
  set(fields.name, kind.name);
  fields.name.placeholder = kind.shown_name;
  set(fields.role, kind.role);
  set(fields.value, String(kind.value));
  fields.into.replaceChildren(element("option", { value: "" }, "no other"), ...state.kinds
    .filter((other) => other.id !== kind.id && !other.thrown_away)
    .map((other) => element("option", { value: String(other.id) }, other.shown_name)));
  fields.parts.replaceChildren(...kind.parts.map((part) => element("li", { title: part.facts.join(" · ") },
    tileOf(part.id, `a part: ${part.facts[0]}`),
    element("button", { type: "button", onclick: () => send("merge", { id: part.id, into: null }, "It is a kind of its own again.") }, "Separate"))));
  fields.away.classList.toggle("danger", !kind.thrown_away);
  fields.away.textContent = kind.thrown_away ? "Put back" : "Throw away";
}

function show() {
  const focused = document.activeElement?.closest?.(".kind")?.dataset.id;
  const here = document.activeElement;
  for (const [list, away] of [["kinds", false], ["thrown", true]]) {
    const kinds = state.kinds.filter((kind) => kind.thrown_away === away);
    const wanted = kinds.map((kind) => {
      const made = cards.get(kind.id) ?? makeCard(kind.id);
      fill(made, kind);
      return made.card;
    });
    const place = byId(list);
    if (wanted.length !== place.children.length || wanted.some((card, number) => card !== place.children[number])) place.replaceChildren(...wanted);
  }
  if (here?.isConnected && here !== document.activeElement) here.focus();
  else if (focused && document.activeElement === document.body) (byId("kinds").firstElementChild ?? byId("undo")).focus();
  byId("away").hidden = !state.kinds.some((kind) => kind.thrown_away);
  const kept = state.kinds.filter((kind) => !kind.thrown_away);
  byId("count").textContent = `${kept.length} kinds, ${kept.filter((kind) => kind.name).length} with a name`;
  byId("undo").disabled = !state.can_take_back;
  byId("bars-card").hidden = !state.bars.length;
  byId("bars").replaceChildren(...state.bars.map((bar) => {
    const shows = element("input", { type: "text", list: "gauges", maxLength: 64, autocomplete: "off", spellcheck: false, value: bar.gauge });
    shows.addEventListener("change", () => send("bar", { number: bar.number, gauge: shows.value }));
    const role = element("select", { "aria-label": `Role of the bar of ${bar.words}`, disabled: bar.gauge === "none" }, ...gaugeRoles.map((each) => element("option", { value: each }, each.toLowerCase())));
    role.value = bar.role;
    role.addEventListener("change", () => send("bar", { number: bar.number, gauge: bar.gauge, role: role.value }));
    const colour = element("i", { className: "swatch", ariaHidden: "true" });
    colour.style.background = `rgb(${bar.colour.join(" ")})`;
    return element("li", {}, element("label", {}, colour, element("span", {}, bar.words), shows), role);
  }));
}

function merge(id, into) {
  picked = null;
  send("merge", { id, into }, `${kindOf(id).shown_name} is a part of ${kindOf(into).shown_name} now.`);
  cards.get(into)?.card.focus();
}

function throwAway(id) {
  const kind = kindOf(id);
  const at = [...byId("kinds").children].findIndex((card) => Number(card.dataset.id) === id);
  const next = byId("kinds").children[at + 1] ?? byId("kinds").children[at - 1];
  send("throw", { id, thrown_away: !kind.thrown_away }, kind.thrown_away ? `${kind.shown_name} is back.` : `${kind.shown_name} is thrown away.`);
  if (!kind.thrown_away) next?.focus();
}

function pick(id) {
  if (picked === null) {
    picked = id;
    say(`${kindOf(id).shown_name} is picked up: press m on the kind that it is the same as, or Esc.`);
  } else if (picked === id) picked = null;
  else { merge(picked, id); return; }
  show();
}

function undo() {
  send("undo", {}, "Taken back.");
}

/** Goes to the card beside, above or below the focused one. */
function move(card, key) {
  const all = [...document.querySelectorAll(".kind")];
  const at = all.indexOf(card);
  if (key === "ArrowLeft" || key === "ArrowRight") { all[at + (key === "ArrowRight" ? 1 : -1)]?.focus(); return; }
  const from = card.getBoundingClientRect();
  const down = key === "ArrowDown";
  const rows = all.map((one) => [one, one.getBoundingClientRect()]).filter(([, box]) => down ? box.top > from.bottom - 1 : box.bottom < from.top + 1);
  const far = ([, box]) => 10 * Math.abs(box.top - from.top) + Math.abs(box.left - from.left);
  rows.sort((one, other) => far(one) - far(other))[0]?.[0].focus();
}

if (key) {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && picked !== null) { picked = null; show(); return; }
    if (event.key === "Escape" && event.target.closest(".kind")) { event.target.closest(".kind").focus(); return; }
    if (isTyping(event) || event.repeat || event.target.closest("button")) return;
    if (event.key === "u") { event.preventDefault(); undo(); return; }
    const card = event.target.closest(".kind");
    if (!card) return;
    const id = Number(card.dataset.id);
    const { fields } = cards.get(id);
    const role = roles[Number(event.key) - 1];
    if (event.key.startsWith("Arrow")) move(card, event.key);
    else if (event.key === "Enter") fields.name.focus();
    else if (event.key === "m") pick(id);
    else if (event.key === "x") throwAway(id);
    else if (role) { fields.role.value = role; fields.role.dispatchEvent(new Event("change")); }
    else return;
    event.preventDefault();
  });
  byId("undo").addEventListener("click", undo);
  byId("discovery")?.addEventListener("change", (event) => { location.search = `?key=${event.target.value}`; });
  await read();
  show();
}
