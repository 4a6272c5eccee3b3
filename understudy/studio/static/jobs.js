// The commands that were started here, as cards with their last lines and a stop.
import { post, say } from "./studio.js";

const cards = new Map();

/** Shows the commands in an element; keeps the cards, so that a focus or a scroll position stays. */
export function showJobs(place, jobs) {
  for (const job of jobs) {
    let card = cards.get(job.number);
    if (!card) {
      card = document.createElement("details");
      card.className = "card job";
      card.open = job.is_running;
      card.innerHTML = '<summary><span class="badge"></span> <code></code></summary><pre tabindex="0"></pre><div class="buttons"><button type="button">Stop</button></div>';
      card.querySelector("button").addEventListener("click", async () => {
        const done = await post("/learning/stop", { number: job.number });
        if (done) say(done.said);
      });
      cards.set(job.number, card);
      place.prepend(card);
    }
    const badge = card.querySelector(".badge");
    badge.textContent = job.state;
    badge.className = `badge ${job.is_running ? job.state : job.state === "finished" ? "finished" : "warning"}`;
    card.querySelector("code").textContent = job.command;
    const output = card.querySelector("pre");
    if (output.textContent !== job.output) { output.textContent = job.output; output.scrollTop = output.scrollHeight; }
    output.hidden = !job.output;
    card.querySelector("button").hidden = !job.is_running;
    card.querySelector("button").textContent = job.state === "stopping" ? "End it now" : "Stop";
  }
  const known = new Set(jobs.map((job) => job.number));
  for (const [number, card] of cards) if (!known.has(number)) { card.remove(); cards.delete(number); }
}
