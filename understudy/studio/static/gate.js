// The gate: test, promote, roll back; each asks first, and the page shows what plays then.
import { ask, post, say } from "./studio.js";
import { showJobs } from "./jobs.js";

const place = document.getElementById("jobs");

function reloadSoon(done) {
  say(done.said);
  setTimeout(() => location.reload(), 900);
}

for (const button of document.querySelectorAll("[data-act]")) {
  const { policy, name, identity } = button.closest(".side").dataset;
  button.addEventListener("click", async () => {
    if (button.dataset.act === "test") {
      const done = await post("/gate/test", { policy, name, identity });
      if (done) { say(done.said); look(); }
      return;
    }
    if (!(await ask(`Let ${name} play without a test? The ${policy} that plays now is kept, and the audit log says so.`))) return;
    const done = await post("/gate/promote", { policy, name, identity });
    if (done) reloadSoon(done);
  });
}
for (const form of document.querySelectorAll("[data-rollback]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const to = form.elements.to.value, policy = form.dataset.rollback;
    if (!(await ask(`Let the ${policy} ${to} play again?`))) return;
    const done = await post("/gate/rollback", { policy, to });
    if (done) reloadSoon(done);
  });
}
document.getElementById("rollback-last")?.addEventListener("click", async () => {
  if (!(await ask("Undo the last promotion? The weights before it play again."))) return;
  const done = await post("/gate/rollback", {});
  if (done) reloadSoon(done);
});

let running = false;
async function look() {
  try {
    const jobs = await (await fetch("/gate/now")).json();
    showJobs(place, jobs);
    const now = jobs.some((job) => job.is_running);
    if (running && !now) { say("The test has ended."); setTimeout(() => location.reload(), 1500); }
    running = now;
  } catch { /* the studio has ended */ }
}
look();
setInterval(() => { if (running && !document.hidden) look(); }, 1000);
