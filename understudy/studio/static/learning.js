// Live curves, each with its baseline, and forms that show the command line they stand for.
import { colour, onTheme, post, say } from "./studio.js";
import { showJobs } from "./jobs.js";

const byId = (id) => document.getElementById(id);
const MAX_POINTS = 20000;
let rows = [];
let charts = new Map();
let source = null;
let due = 0;

// ---- curves -------------------------------------------------------------------------------------------------------
function baselineOf(name, names) {
  const bare = name.split("/").at(-1);
  return [`${name}_baseline`, `baseline/${bare}`, `baseline/${bare.replace(/^val_/, "")}`].find((one) => one !== name && names.has(one));
}

const isBaseline = (name) => name.endsWith("_baseline") || name.startsWith("baseline/");

function metrics() {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  const shown = [...names].filter((name) => !["step", "time_s", "epoch", "hours"].includes(name) && !isBaseline(name));
  return shown.map((name) => [name, baselineOf(name, names)]).sort(([, one], [, other]) => Boolean(other) - Boolean(one));
}

function dataOf(name, baseline) {
  const along = byId("along").value;
  const points = rows.filter((row) => typeof row[name] === "number" && typeof row[along] === "number");
  const data = [points.map((row) => row[along]), points.map((row) => row[name])];
  if (baseline) data.push(points.map((row) => row[baseline] ?? null));
  return data;
}

const short = (value) => (value === null || value === undefined ? "–" : Math.abs(value) >= 1000 || (value && Math.abs(value) < 0.001) ? value.toExponential(2) : Number(value.toPrecision(4)).toString());

function draw() {
  const along = byId("along").value;
  for (const [name, baseline] of metrics()) {
    const data = dataOf(name, baseline);
    if (data[0].length < 2) continue;
    let chart = charts.get(name);
    if (!chart) {
      const box = document.createElement("figure");
      box.className = "chart";
      box.innerHTML = '<h3><b></b><span></span></h3><div></div><figcaption class="hidden"></figcaption>';
      box.querySelector("b").textContent = name;
      byId("charts").append(box);
      chart = { box, plot: null, baseline };
      charts.set(name, chart);
    }
    if (chart.plot && chart.baseline === baseline) chart.plot.setData(data);
    else { chart.plot?.destroy(); chart.baseline = baseline; chart.plot = plot(chart.box, name, baseline, data); }
    const last = data[1].at(-1), base = data[2]?.at(-1);
    chart.box.querySelector("span").textContent = short(last) + (baseline ? `, baseline ${short(base)}` : "");
    chart.box.querySelector("figcaption").textContent = `${name} over ${data[0].length} points: from ${short(data[1][0])} to ${short(last)}${baseline ? `; trivial baseline ${short(base)}` : ""}, up to ${along === "step" ? "step" : "second"} ${short(data[0].at(-1))}.`;
  }
}

function plot(box, name, baseline, data) {
  const place = box.querySelector("div");
  const axis = { stroke: colour("quiet"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 }, font: "11px system-ui, sans-serif" };
  const series = [{ label: byId("along").value === "step" ? "step" : "s" }, { label: name, stroke: colour("accent"), width: 2, points: { show: data[0].length < 60, size: 4 } }];
  if (baseline) series.push({ label: "baseline", stroke: colour("quiet"), width: 1.5, dash: [6, 5], points: { show: false } });
  return new uPlot({
    width: Math.max(200, box.clientWidth - 26), height: 200, series, legend: { show: false }, cursor: { y: false },
    scales: { x: { time: false } },
    axes: [{ ...axis, space: 60 }, { ...axis, size: 58, values: (_, ticks) => ticks.map(short) }],
  }, data, place);
}

function clearCharts() {
  for (const { plot: one, box } of charts.values()) { one?.destroy(); box.remove(); }
  charts = new Map();
}

function drawSoon() {
  if (!due) due = setTimeout(() => { due = 0; draw(); }, 100);
}

// ---- the stream ---------------------------------------------------------------------------------------------------
function listen() {
  source?.close();
  rows = [];
  clearCharts();
  const run = byId("run")?.value;
  source = new EventSource(`/learning/stream${run ? `?run=${run}` : ""}`);
  source.addEventListener("open", () => { rows = []; if (byId("state")) byId("state").textContent = "live"; });
  source.addEventListener("error", () => { if (byId("state")) byId("state").textContent = "waiting for the studio …"; });
  source.addEventListener("rows", (event) => {
    rows.push(...JSON.parse(event.data));
    if (rows.length > MAX_POINTS) rows = rows.slice(-MAX_POINTS);
    drawSoon();
  });
  source.addEventListener("jobs", (event) => showJobs(byId("jobs"), JSON.parse(event.data)));
}

async function lookForRuns() {
  if (document.hidden || !byId("follow")?.checked) return;
  const page = new DOMParser().parseFromString(await (await fetch("/learning")).text(), "text/html");
  const found = page.getElementById("run");
  if (!found) return;
  const before = byId("run").options[0]?.value;
  if (found.options[0].value === before) return;
  byId("run").replaceChildren(...[...found.options].map((one) => new Option(one.text, one.value)));
  byId("run").selectedIndex = 0;
  listen();
}

if (byId("run")) {
  byId("run").addEventListener("change", () => { byId("follow").checked = false; listen(); });
  byId("along").addEventListener("change", () => { clearCharts(); draw(); });
  setInterval(lookForRuns, 5000);
  new ResizeObserver(() => { for (const { plot: one, box } of charts.values()) one?.setSize({ width: Math.max(200, box.clientWidth - 26), height: 200 }); }).observe(byId("charts"));
  onTheme(() => { clearCharts(); draw(); });
}
document.addEventListener("visibilitychange", () => { if (document.hidden) source?.close(); else listen(); });
listen();

// ---- forms --------------------------------------------------------------------------------------------------------
for (const box of document.querySelectorAll(".form")) {
  const form = box.querySelector("form"), line = box.querySelector("[data-line]");
  const body = () => ({
    verb: box.dataset.verb,
    values: Object.fromEntries([...form.elements].filter((one) => one.name).map((one) => [one.name, one.type === "checkbox" ? (one.checked ? "yes" : "") : one.value])),
  });
  const preview = async () => {
    const found = await post("/learning/preview", body());
    if (found) line.textContent = found.line;
  };
  box.addEventListener("toggle", () => { if (box.open) preview(); });
  form.addEventListener("input", preview);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const done = await post("/learning/start", body());
    if (done) say(done.said);
  });
  box.querySelector("[data-copy]").addEventListener("click", async () => {
    await navigator.clipboard.writeText(line.textContent);
    say("Copied.");
  });
}
