// One session: the sketch or picture of a tick, the lanes, seeking, the part to cut.
import { ask, clock, colour, isTyping, onTheme, post, say } from "./studio.js";

const S = JSON.parse(document.getElementById("settings").textContent);
const { layout, names } = S;
const byId = (id) => document.getElementById(id);
const picture = byId("picture"), lanes = byId("lanes"), timeline = byId("timeline");
const pen = picture.getContext("2d"), lanePen = lanes.getContext("2d");
const ROLES = ["other", "enemy", "loot", "player", "portal", "base", "other"];
const MARKED = { kills: "enemy", loot: "loot", deaths: "bad", jumps: "portal", mark: "mark", disagreement: "mode-2", actor: "other" };

let tick = 0;
let shown = -1;
let range = [0, S.num_ticks];
let laneData = null;
let part = [null, null];
let timer = null;
let colours = {};

// ---- ticks, fetched in blocks -------------------------------------------------------------------------------------
const blocks = new Map();
const waiting = new Map();
const KEPT_BLOCKS = 400;

// The first tick of each bin of the lanes: what a pointer on the bar can reach, so dragging asks the studio nothing.
let coarse = { at: new Map(), view: null };

function fetchBlock(number) {
  if (blocks.has(number) || waiting.has(number) || number < 0 || number * layout.block >= S.num_ticks) return waiting.get(number);
  const loading = fetch(`/recordings/ticks?key=${S.key}&first=${number * layout.block}&count=${layout.block}`)
    .then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(new Error(String(answer.status)))))
    .then((content) => {
      blocks.set(number, new DataView(content));
      if (blocks.size > KEPT_BLOCKS) blocks.delete(blocks.keys().next().value);
    })
    .catch(() => say("The studio does not answer: is it still running?", true))
    .finally(() => waiting.delete(number));
  waiting.set(number, loading);
  return loading;
}

const READ = {
  "<f4": (view, at) => view.getFloat32(at, true), "<i4": (view, at) => view.getInt32(at, true),
  "<u4": (view, at) => view.getUint32(at, true), "<i2": (view, at) => view.getInt16(at, true),
  "<u2": (view, at) => view.getUint16(at, true), "|i1": (view, at) => view.getInt8(at), "|u1": (view, at) => view.getUint8(at),
};

/** A tick as an object; null while its block is on the way. */
function tickAt(number) {
  const block = blocks.get(Math.floor(number / layout.block));
  const view = block ?? (coarse.at.has(number) ? coarse.view : null);
  if (!view) return null;
  const base = (block ? number % layout.block : coarse.at.get(number)) * layout.tick_bytes;
  const read = (name) => READ[layout.tick[name][1]](view, base + layout.tick[name][0]);
  const found = {};
  for (const name of Object.keys(layout.tick)) if (!["modes", "tracks", "health", "pad"].includes(name)) found[name] = read(name);
  found.health = names.health.map((_, number) => view.getFloat32(base + layout.tick.health[0] + 4 * number, true));
  found.modes = names.modes.map((_, mode) => view.getUint8(base + layout.tick.modes[0] + mode));
  found.tracks = [];
  for (let slot = 0; slot < found.num_tracks; slot += 1) {
    const at = base + layout.tick.tracks[0] + slot * layout.track_bytes;
    const one = {};
    for (const name of Object.keys(layout.track)) one[name] = READ[layout.track[name][1]](view, at + layout.track[name][0]);
    for (const name of ["x", "y", "width", "height"]) one[name] = one[name] === 65535 ? NaN : (one[name] / 65534) * 2 - 0.5;
    found.tracks.push(one);
  }
  return found;
}

// ---- recorded pictures --------------------------------------------------------------------------------------------
let bitmap = null;
let bitmapTick = -1;
let asking = false;
let settled = 0;

function wantsPictures() {
  return S.has_video && byId("pictures").checked;
}

/** Fetches the picture of the present tick: while one seeks, the nearest keyframe; when it rests, the exact one. */
async function fetchPicture(exact) {
  if (asking) return;
  asking = true;
  const wanted = tick;
  try {
    const answer = await fetch(`/recordings/picture?key=${S.key}&tick=${wanted}&exact=${exact ? 1 : 0}`);
    if (answer.status === 200) {
      bitmap = await createImageBitmap(await answer.blob());
      bitmapTick = wanted;
    } else {
      bitmap = null;
      bitmapTick = wanted;
      if (answer.status === 404) { say((await answer.json()).error, true); byId("pictures").checked = false; }
    }
  } catch { bitmap = null; }
  asking = false;
  redraw();
  if (tick !== wanted) fetchPicture(timer !== null);
}

function askForPicture() {
  if (!wantsPictures()) return;
  fetchPicture(timer !== null);
  clearTimeout(settled);
  settled = setTimeout(() => fetchPicture(true), 150);
}

// ---- drawing ------------------------------------------------------------------------------------------------------
function readColours() {
  for (const name of ["ink", "quiet", "line", "card", "accent", "space", "gesture", "mark", "bad", "good", "soft",
    "enemy", "loot", "player", "portal", "base", "other", ...names.modes.map((_, mode) => `mode-${mode}`)]) colours[name] = colour(name);
}

function fitCanvas(canvas, width, height) {
  const scale = Math.min(devicePixelRatio || 1, 2);
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
  canvas.getContext("2d").setTransform(scale, 0, 0, scale, 0, 0);
}

function sizePicture() {
  const width = Math.min(picture.parentElement.clientWidth, 1280);
  fitCanvas(picture, width, width / S.aspect);
}

function drawSketch(now) {
  const width = picture.width / (pen.getTransform().a || 1), height = width / S.aspect;
  pen.fillStyle = colours.space;
  pen.fillRect(0, 0, width, height);
  const real = wantsPictures() && bitmap && bitmapTick >= 0;
  if (real) pen.drawImage(bitmap, 0, 0, width, height);
  pen.font = `${Math.max(10, Math.round(width / 75))}px system-ui, sans-serif`;
  pen.textBaseline = "top";
  for (const one of now.tracks.toReversed()) drawTrack(now, one, width, height, real);
  if (!real) drawSelf(now, width, height);
  if (now.phase > 0 && now.mode >= 0) {
    pen.strokeStyle = colours.gesture; pen.lineWidth = 2;
    pen.beginPath(); pen.moveTo(now.cursor_x * width, now.cursor_y * height); pen.lineTo(now.gesture_x * width, now.gesture_y * height); pen.stroke();
    pen.beginPath(); pen.arc(now.gesture_x * width, now.gesture_y * height, 8, 0, 7); pen.stroke();
  }
  drawCursor(now, width, height);
  if (now.mode >= 0) drawModes(now, width);
}

function drawTrack(now, one, width, height, real) {
  const w = one.width * width, h = one.height * height, x = one.x * width - w / 2, y = one.y * height - h / 2;
  if (!Number.isFinite(x + y + w + h)) return;
  const tint = colours[ROLES[one.role] ?? "other"];
  const chosen = one.id === now.target_id && now.mode >= 0;
  if (!real) { pen.globalAlpha = 0.22 + 0.004 * Math.min(one.share, 100); pen.fillStyle = tint; pen.fillRect(x, y, w, h); pen.globalAlpha = 1; }
  pen.strokeStyle = chosen ? colours.accent : tint;
  pen.lineWidth = chosen || one.selected ? 3 : 1.5;
  pen.strokeRect(x, y, w, h);
  const label = `${names.kinds[one.kind] ?? "?"}${one.hp <= 100 ? ` ${one.hp} %` : ""}`;
  pen.textAlign = "center";
  pen.fillStyle = real ? "#fff" : colours.ink;
  if (real) { pen.shadowColor = "#000"; pen.shadowBlur = 4; }
  pen.fillText(label, x + w / 2, y + h + 3);
  if (one.share > 2 && now.mode >= 0) { pen.textAlign = "left"; pen.fillStyle = colours.accent; pen.fillText(`${one.share} %`, x + w + 4, y); }
  pen.shadowBlur = 0;
}

/** Own bars at the lower edge, and the place on the map in the corner. */
function drawSelf(now, width, height) {
  const size = Math.max(9, Math.round(width / 85)), bar = width * 0.2;
  pen.font = `${size}px system-ui, sans-serif`; pen.textAlign = "left"; pen.textBaseline = "middle";
  now.health.map((share, row) => [names.health[row], share, row ? "player" : share < 0.3 ? "bad" : "good"]).forEach(([name, share, tint], row) => {
    const y = height - (2 - row) * (size + 7);
    pen.fillStyle = colours.quiet; pen.fillText(name, 12, y + size / 2);
    pen.fillStyle = colours.line; pen.fillRect(12 + size * 4, y, bar, size);
    if (Number.isFinite(share)) { pen.fillStyle = colours[tint]; pen.fillRect(12 + size * 4, y, bar * Math.max(0, Math.min(1, share)), size); }
  });
  pen.textBaseline = "top";
  if (!Number.isFinite(now.map_x + now.map_y)) return;
  const wide = width * 0.13, tall = wide * 0.64, left = width - wide - 10, top = height - tall - 10;
  pen.fillStyle = colours.card; pen.globalAlpha = 0.8; pen.fillRect(left, top, wide, tall); pen.globalAlpha = 1;
  pen.strokeStyle = colours.line; pen.lineWidth = 1; pen.strokeRect(left, top, wide, tall);
  pen.fillStyle = colours.quiet; pen.fillText(names.maps[now.map_index] ?? "", left + 4, top + 3);
  pen.fillStyle = colours.accent; pen.beginPath(); pen.arc(left + now.map_x * wide, top + now.map_y * tall, 4, 0, 7); pen.fill();
  pen.strokeStyle = colours.quiet; pen.beginPath(); pen.arc(width / 2, height / 2, width / 90, 0, 7); pen.stroke();
}

function drawCursor(now, width, height) {
  const x = now.cursor_x * width, y = now.cursor_y * height;
  pen.strokeStyle = wantsPictures() && bitmap ? "#fff" : colours.ink; pen.lineWidth = 2;
  pen.beginPath(); pen.moveTo(x - 8, y); pen.lineTo(x + 8, y); pen.moveTo(x, y - 8); pen.lineTo(x, y + 8); pen.stroke();
  if (now.button) { pen.strokeStyle = colours.mark; pen.beginPath(); pen.arc(x, y, 12, 0, 7); pen.stroke(); }
}

function drawModes(now, width) {
  const size = Math.max(10, Math.round(width / 80)), row = size + 6, bar = size * 8;
  pen.font = `${size}px system-ui, sans-serif`; pen.textAlign = "left";
  pen.globalAlpha = 0.85; pen.fillStyle = colours.card; pen.fillRect(6, 6, bar + size * 10, row * names.modes.length + 8); pen.globalAlpha = 1;
  names.modes.forEach((name, mode) => {
    const y = 10 + mode * row;
    pen.fillStyle = mode === now.mode ? colours[`mode-${mode}`] : colours.quiet;
    pen.fillText(name, 12, y);
    pen.fillStyle = colours[`mode-${mode}`]; pen.globalAlpha = mode === now.mode ? 1 : 0.5;
    pen.fillRect(12 + size * 6.5, y, (bar * Math.min(now.modes[mode], 100)) / 100, size); pen.globalAlpha = 1;
  });
}

const LANES = [["who", 16], ["did", 20], ["meant", 44], ["target", 30], ["hand", 14], ["health", 22], ["events", 22]];
const LEFT = 58;

const still = document.createElement("canvas"); // the lanes without the needle: painted once for each part and size
let stale = true;

function drawLanes() {
  const width = timeline.clientWidth, height = lanes.clientHeight, span = width - LEFT - 8;
  const before = lanes.width * lanes.height;
  fitCanvas(lanes, width, height);
  if (stale || before !== lanes.width * lanes.height) paintLanes(width, height);
  lanePen.clearRect(0, 0, width, height);
  lanePen.drawImage(still, 0, 0, width, height);
  if (!laneData) return;
  drawPart(span, height);
  lanePen.fillStyle = colours.ink;
  lanePen.fillRect(placeOf(tick, span) - 1, 2, 2, height - 4);
}

function paintLanes(width, height) {
  stale = false;
  fitCanvas(still, width, height);
  const pen = still.getContext("2d");
  pen.clearRect(0, 0, width, height);
  if (!laneData) return;
  const bins = laneData.actor.length, step = (width - LEFT - 8) / bins;
  const shownLanes = LANES.filter(([name]) => !["meant", "target"].includes(name) || laneData.modes);
  const unit = (height - 12) / shownLanes.reduce((sum, [, tall]) => sum + tall + 3, 0);
  let top = 6;
  pen.font = "11px system-ui, sans-serif"; pen.textBaseline = "middle"; pen.textAlign = "left";
  for (const [name, tall] of shownLanes) {
    const h = tall * unit;
    pen.fillStyle = colours.quiet; pen.fillText(name, 8, top + h / 2);
    drawLane(pen, name, top, h, bins, step);
    top += h + 3 * unit;
  }
}

const ACTORS = ["soft", "player", "accent", "good"];

function drawLane(pen, name, top, h, bins, step) {
  const wide = Math.max(step, 1) + 0.5;
  for (let bin = 0; bin < bins; bin += 1) {
    const x = LEFT + bin * step;
    if (name === "who") { pen.fillStyle = colours[ACTORS[laneData.actor[bin]] ?? "other"]; pen.fillRect(x, top, wide, h); }
    if (name === "did") { pen.fillStyle = colours[`mode-${laneData.did[bin]}`]; pen.fillRect(x, top, wide, h); }
    if (name === "hand" && laneData.gestures[bin]) { pen.fillStyle = colours.gesture; pen.fillRect(x, top, wide, h); }
    if (name === "health" && laneData.health[bin] !== null) { const tall = h * laneData.health[bin]; pen.fillStyle = colours[laneData.health[bin] < 0.3 ? "bad" : "good"]; pen.fillRect(x, top + h - tall, wide, tall); }
    if (name === "target" && laneData.target[bin] !== null) { const tall = h * laneData.target[bin]; pen.fillStyle = colours.accent; pen.fillRect(x, top + h - tall, wide, tall); }
    if (name === "meant") {
      let y = top;
      laneData.modes.forEach((shares, mode) => {
        const tall = h * (shares[bin] ?? 0);
        pen.fillStyle = colours[`mode-${mode}`]; pen.fillRect(x, y, wide, tall); y += tall;
      });
    }
  }
  if (name === "events") {
    const span = step * bins;
    for (const [at, kind] of S.events) {
      if (at < range[0] || at >= range[1]) continue;
      const strong = kind === "mark" || kind === "disagreement" || kind === "deaths";
      pen.fillStyle = colours[MARKED[kind] ?? "other"];
      pen.fillRect(placeOf(at, span) - (strong ? 1.5 : 0.75), top + (strong ? 0 : h * 0.3), strong ? 3 : 1.5, strong ? h : h * 0.7);
    }
  }
}

function placeOf(number, span) {
  return LEFT + ((number - range[0]) / Math.max(1, range[1] - range[0])) * span;
}

function drawPart(span, height) {
  if (part[0] === null && part[1] === null) return;
  const begin = placeOf(part[0] ?? range[0], span), end = placeOf(part[1] ?? range[1], span);
  lanePen.globalAlpha = 0.25; lanePen.fillStyle = colours.accent; lanePen.fillRect(begin, 0, end - begin, height); lanePen.globalAlpha = 1;
  lanePen.fillStyle = colours.accent;
  if (part[0] !== null) lanePen.fillRect(begin - 1, 0, 2, height);
  if (part[1] !== null) lanePen.fillRect(end - 1, 0, 2, height);
}

function percentOf(share) {
  return Number.isFinite(share) ? `${Math.round(100 * share)} %` : "unknown";
}

function words(now) {
  const target = now.tracks.find((one) => one.id === now.target_id);
  const keys = names.keys.filter((_, bit) => (now.keys >>> bit) & 1);
  return [
    ["time", `${clock(now.seconds)} of ${clock(S.seconds)}`], ["tick", `${tick}`],
    ["who", names.actors[now.actor] ?? "?"], ["did", names.modes[now.did] ?? "?"],
    ...(now.mode >= 0 ? [["meant", `${names.modes[now.mode]} ${now.modes[now.mode]} %`],
      ["target", target ? `${names.kinds[target.kind] ?? "?"} ${target.share} %` : "none"]] : []),
    ...now.health.map((share, number) => [names.health[number], percentOf(share)]), ["map", names.maps[now.map_index] ?? "unknown"],
    ["in sight", `${now.num_tracks} objects`],
    ["hand", [now.button ? "button down" : "", ...keys].filter(Boolean).join(", ") || "rests"],
  ];
}

let lastWords = "";
function showWords(now) {
  const rows = words(now);
  const said = rows.map((row) => row.join(" ")).join(", ");
  if (said === lastWords) return;
  lastWords = said;
  byId("reading").replaceChildren(...rows.flatMap(([name, value]) => {
    const [term, text] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name; text.textContent = value;
    return [term, text];
  }));
  byId("where").textContent = clock(now.seconds);
  timeline.setAttribute("aria-valuenow", tick);
  timeline.setAttribute("aria-valuetext", rows.filter(([name]) => name !== "tick").slice(0, 5).map((row) => row.join(" ")).join(", "));
}

let due = false;
function redraw() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    const now = tickAt(tick);
    if (now) {
      drawSketch(now); showWords(now);
      shown = tick;
    }
    drawLanes();
  });
}

// ---- seeking ------------------------------------------------------------------------------------------------------
let before = 0;
let resting = 0;
async function seek(to) {
  const leap = Math.abs(to - before);
  before = to;
  tick = Math.max(0, Math.min(S.num_ticks - 1, Math.round(to)));
  if (tick < range[0] || tick >= range[1]) moveRange(tick);
  const block = Math.floor(tick / layout.block);
  if (!blocks.has(block) && !coarse.at.has(tick)) await fetchBlock(block);
  redraw();
  askForPicture();
  clearTimeout(resting);
  if (leap < layout.block) { fetchBlock(block); fetchBlock(block + 1); } else resting = setTimeout(() => fetchBlock(block), 150);
}

async function fetchLanes() {
  const bins = Math.max(100, Math.min(1200, timeline.clientWidth - LEFT));
  const wanted = `key=${S.key}&first=${range[0]}&last=${range[1]}&bins=${Math.round(bins)}`;
  const answer = await fetch(`/recordings/lanes?${wanted}`);
  if (!answer.ok) return;
  const found = laneData = await answer.json();
  stale = true; redraw();
  const ticks = await fetch(`/recordings/ticks?${wanted}`);
  if (ticks.ok && found === laneData) {
    coarse = { at: new Map(found.at.map((number, place) => [number, place])), view: new DataView(await ticks.arrayBuffer()) };
  }
}

function moveRange(around) {
  const length = range[1] - range[0];
  const first = Math.max(0, Math.min(S.num_ticks - length, Math.round(around - length / 2)));
  range = [first, first + length];
  fetchLanes();
}

function zoom(factor) {
  const length = Math.max(Math.min(S.num_ticks, 100), Math.min(S.num_ticks, Math.round((range[1] - range[0]) * factor)));
  range = [0, length];
  moveRange(tick);
}

function jump(direction) {
  const stops = S.events.filter(([, kind]) => isShown(kind)).map(([at]) => at);
  const found = direction > 0 ? stops.find((at) => at > tick) : stops.findLast((at) => at < tick);
  if (found === undefined) say(direction > 0 ? "No event follows." : "No event came before."); else seek(found);
}

function play(on) {
  byId("play").setAttribute("aria-pressed", String(on));
  byId("play").textContent = on ? "Pause" : "Play";
  cancelAnimationFrame(timer);
  timer = null;
  if (!on) { askForPicture(); return; }
  let last = performance.now();
  let place = tick;
  const step = (now) => {
    place += ((now - last) / 1000) * S.rate_hz * Number(byId("speed").value);
    last = now;
    if (place >= S.num_ticks - 1) { seek(S.num_ticks - 1); play(false); return; }
    if (Math.abs(place - tick) > 5 * S.rate_hz * 8) place = tick;
    if (Math.floor(place) !== tick) seek(Math.floor(place));
    timer = requestAnimationFrame(step);
  };
  timer = requestAnimationFrame(step);
}

function tickUnder(event) {
  const box = timeline.getBoundingClientRect();
  const share = (event.clientX - box.left - LEFT) / Math.max(1, box.width - LEFT - 8);
  return tickOfShare(share);
}

/** The tick at a share of the bar: the first of its bin, where the lanes are known. */
function tickOfShare(share) {
  const at = laneData?.at;
  if (at && laneData.first === range[0] && laneData.last === range[1]) {
    return at[Math.max(0, Math.min(at.length - 1, Math.floor(share * at.length)))];
  }
  return range[0] + share * (range[1] - range[0]);
}
timeline.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  play(false);
  timeline.setPointerCapture(event.pointerId);
  seek(Math.max(range[0], Math.min(range[1] - 1, tickUnder(event))));
});
timeline.addEventListener("pointermove", (event) => {
  if (timeline.hasPointerCapture(event.pointerId)) seek(Math.max(range[0], Math.min(range[1] - 1, tickUnder(event))));
});

const KEYS = {
  ArrowLeft: (event) => seek(tick - (event.shiftKey ? S.rate_hz : 1)),
  ArrowRight: (event) => seek(tick + (event.shiftKey ? S.rate_hz : 1)),
  PageUp: () => seek(tick - 10 * S.rate_hz), PageDown: () => seek(tick + 10 * S.rate_hz),
  Home: () => seek(0), End: () => seek(S.num_ticks - 1),
  " ": () => play(timer === null), n: () => jump(1), p: () => jump(-1),
  "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2),
  i: () => choose(0), o: () => choose(1), Escape: () => { part = [null, null]; showPart(); },
};
document.addEventListener("keydown", (event) => {
  const act = KEYS[event.key];
  if (!act || isTyping(event) || (event.target.closest("button, summary, a") && [" ", "Enter"].includes(event.key))) return;
  event.preventDefault();
  act(event);
});
byId("play").addEventListener("click", () => play(timer === null));
byId("next").addEventListener("click", () => jump(1));
byId("previous").addEventListener("click", () => jump(-1));
byId("closer").addEventListener("click", () => zoom(0.5));
byId("wider").addEventListener("click", () => zoom(2));
byId("pictures")?.addEventListener("change", () => { bitmap = null; askForPicture(); redraw(); });

// ---- events -------------------------------------------------------------------------------------------------------
const LABELS = { kills: "kills", loot: "boxes", deaths: "deaths", jumps: "jumps", mark: "F2 marks", disagreement: "disagreements", actor: "who acts" };
const hiddenKinds = new Set();
const isShown = (kind) => !hiddenKinds.has(kind);

function listEvents() {
  const list = byId("events");
  const events = S.events.filter(([, kind]) => isShown(kind));
  list.replaceChildren(...events.slice(0, 500).map(([at, kind, label]) => {
    const [item, button, time, dot] = ["li", "button", "time", "span"].map((name) => document.createElement(name));
    button.type = "button"; time.textContent = clock(at / S.rate_hz); dot.className = `dot ${kind}`; dot.setAttribute("aria-hidden", "true");
    button.append(time, dot, label);
    button.addEventListener("click", () => seek(at));
    item.append(button);
    return item;
  }));
  if (!events.length) list.textContent = "Nothing happened.";
  if (events.length > 500) list.append(`and ${events.length - 500} more: n and p reach them`);
}

function listKinds() {
  for (const kind of [...new Set(S.events.map(([, one]) => one))]) {
    const [label, box] = [document.createElement("label"), document.createElement("input")];
    box.type = "checkbox"; box.checked = true;
    box.addEventListener("change", () => { if (box.checked) hiddenKinds.delete(kind); else hiddenKinds.add(kind); listEvents(); });
    label.append(box, ` ${LABELS[kind] ?? kind} ${S.events.filter(([, one]) => one === kind).length}`);
    byId("kinds").append(label);
  }
}

// ---- cut, tag, delete ---------------------------------------------------------------------------------------------
function choose(end) {
  part[end] = end ? tick + 1 : tick;
  if (part[0] !== null && part[1] !== null && part[1] <= part[0]) part[1 - end] = null;
  showPart();
}
function showPart() {
  const [begin, end] = [part[0] ?? 0, part[1] ?? S.num_ticks];
  const chosen = part[0] !== null || part[1] !== null;
  byId("part").textContent = chosen
    ? `The part from ${clock(begin / S.rate_hz)} to ${clock(end / S.rate_hz)} (${clock((end - begin) / S.rate_hz)}).`
    : "No part is chosen: i sets its begin, o its end.";
  byId("keep").disabled = byId("remove").disabled = !chosen;
  redraw();
}
async function cut(what, question) {
  const [first, last] = [part[0] ?? 0, part[1] ?? S.num_ticks];
  if (!(await ask(`${question} The recording as it is now is kept beside it as NAME.before.`))) return;
  const done = await post("/recordings/cut", { key: S.key, what, first, last });
  if (done) { say(done.said); setTimeout(() => location.reload(), 900); }
}
byId("begin").addEventListener("click", () => choose(0));
byId("end").addEventListener("click", () => choose(1));
byId("keep").addEventListener("click", () => cut("keep", "Keep only this part?"));
byId("remove").addEventListener("click", () => cut("remove", "Take this part out?"));
byId("delete").addEventListener("click", async () => {
  if (!(await ask("Move this recording to the bin? The list of recordings can put it back."))) return;
  const done = await post("/recordings/delete", { key: S.key });
  if (done) location.assign("/recordings");
});
byId("tag-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const done = await post("/recordings/tags", { key: S.key, tags: byId("tags").value });
  if (done) say(done.tags.length ? `Tagged: ${done.tags.join(", ")}.` : "It has no tags now.");
});
byId("think")?.addEventListener("click", async () => {
  if (!(await post("/recordings/think", { key: S.key }))) return;
  byId("think").disabled = true;
  const look = setInterval(async () => {
    const now = await (await fetch(`/recordings/thinking?key=${S.key}`)).json();
    byId("think").textContent = `The policies think it over: ${Math.round((100 * now.done) / Math.max(1, now.total))} %`;
    if (now.problem) { clearInterval(look); say(now.problem, true); }
    if (now.total && now.done >= now.total) { clearInterval(look); location.reload(); }
  }, 500);
});

readColours();
onTheme(() => { readColours(); stale = true; redraw(); });
new ResizeObserver(() => { sizePicture(); redraw(); }).observe(picture.parentElement);
sizePicture();
listKinds();
listEvents();
fetchLanes();
seek(Number(new URLSearchParams(location.search).get("tick")) || 0);
// For measurements and tests: seeks and resolves when the tick is drawn.
window.studioSession = { seek, tickOfShare, isReady: () => coarse.view !== null, tick: () => tick, shown: () => shown, shownPicture: () => bitmapTick };
