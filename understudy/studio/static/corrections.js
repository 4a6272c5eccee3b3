// Judging corrections: one key each. The next one stands there at once; the change is sent meanwhile, in order.
import { isTyping, post, say } from "./studio.js";

const byId = (id) => document.getElementById(id);
const modes = JSON.parse(byId("modes").textContent);
let entries = [];
let shown = [];
let place = 0;
let numJudged = 0;
let sending = Promise.resolve();

const filters = {
  open: (one) => one.source !== "person" && one.bot !== one.right,
  person: (one) => one.source === "person",
  agreements: () => true,
};
const orders = {
  file: () => 0,
  unsure: (one, other) => one.confidence - other.confidence,
  sure: (one, other) => other.confidence - one.confidence,
};

function choose() {
  shown = entries.filter(filters[byId("shown").value]).toSorted(orders[byId("order").value]);
  place = 0;
  numJudged = 0;
  show();
}

function show() {
  const one = shown[place];
  byId("judging").hidden = !one;
  byId("none").hidden = Boolean(one);
  byId("progress").value = shown.length ? place / shown.length : 1;
  byId("count").textContent = `${Math.min(place + 1, shown.length)} of ${shown.length}${numJudged ? `, ${numJudged} judged` : ""}`;
  if (!one) return;
  byId("bot").textContent = one.bot;
  byId("right").textContent = one.right === one.bot ? `the same: ${one.right}` : one.right;
  byId("reason").textContent = one.reason || "no reason was given";
  byId("by").textContent = [one.by, one.when].filter(Boolean).join(", ");
  byId("sure").value = one.confidence;
  byId("percent").textContent = `${Math.round(100 * one.confidence)} %`;
  byId("target").textContent = `it meant ${one.bot_target}, better ${one.target}`;
  byId("words").textContent = one.words;
  byId("where").textContent = one.where;
  byId("picture").src = pictureOf(one);
  byId("picture").alt = one.words;
  for (const button of document.querySelectorAll("[data-mode]")) button.classList.toggle("suggested", button.dataset.mode === one.right);
  byId("objects").replaceChildren(...one.objects.map((cells) => {
    const row = document.createElement("tr");
    const texts = [cells[0], cells[1], cells[2].toFixed(2), [cells[3] ? "shoots" : "", cells[4] ? "selected" : ""].filter(Boolean).join(", ")];
    row.append(...texts.map((text, column) => {
      const cell = document.createElement("td");
      cell.textContent = text;
      if (column === 1 || column === 2) cell.className = "number";
      return cell;
    }));
    return row;
  }));
  const next = shown[place + 1];
  if (next) new Image().src = pictureOf(next);
}

function pictureOf(one) {
  return `/corrections/picture?key=${one.key}`;
}
byId("picture")?.addEventListener("error", () => { byId("picture").alt = `No picture was kept of this moment. ${shown[place]?.words ?? ""}`; });

function judge(verdict, mode) {
  const one = shown[place];
  if (!one) return;
  numJudged += 1;
  place += 1;
  show();
  sending = sending.then(async () => {
    const done = await post("/corrections/judge", mode ? { key: one.key, verdict, mode } : { key: one.key, verdict });
    if (!done) return;
    if (done.one) Object.assign(one, done.one); else entries = entries.filter((other) => other !== one);
  });
}

function undo() {
  sending = sending.then(async () => {
    const done = await post("/corrections/undo", {});
    if (!done) return;
    let at = shown.findIndex((one) => one.key === done.one.key);
    if (at < 0) { at = Math.max(0, place - 1); shown.splice(at, 0, done.one); }
    if (!entries.some((one) => one.key === done.one.key)) entries.push(shown[at]);
    Object.assign(shown[at], done.one);
    place = at;
    numJudged = Math.max(0, numJudged - 1);
    show();
    say("Taken back.");
  });
}

function move(step) {
  place = Math.max(0, Math.min(shown.length, place + step));
  show();
}

if (byId("judging")) {
  const keys = { a: () => judge("accept"), x: () => judge("reject"), u: undo, ArrowRight: () => move(1), ArrowLeft: () => move(-1) };
  modes.forEach((mode, number) => { keys[String(number + 1)] = () => judge("change", mode); });
  document.addEventListener("keydown", (event) => {
    if (!keys[event.key] || isTyping(event) || event.repeat) return;
    event.preventDefault();
    keys[event.key]();
  });
  byId("accept").addEventListener("click", () => judge("accept"));
  byId("reject").addEventListener("click", () => judge("reject"));
  byId("skip").addEventListener("click", () => move(1));
  byId("back").addEventListener("click", () => move(-1));
  byId("undo").addEventListener("click", undo);
  for (const button of document.querySelectorAll("[data-mode]")) button.addEventListener("click", () => judge("change", button.dataset.mode));
  for (const id of ["shown", "order"]) byId(id).addEventListener("change", choose);
  entries = await (await fetch("/corrections/list", { headers: { accept: "application/json" } })).json();
  choose();
}
