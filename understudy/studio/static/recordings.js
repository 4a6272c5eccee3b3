// The list: reads recordings that were not read yet, one after the other; search; the bin.
import { clock, post, say } from "./studio.js";

const rows = [...document.querySelectorAll("#list tbody tr")];

function showMinutes() {
  const known = rows.filter((row) => row.dataset.seconds);
  const seconds = known.reduce((sum, row) => sum + Number(row.dataset.seconds), 0);
  const unread = rows.length - known.length;
  document.getElementById("minutes").textContent = rows.length
    ? `, ${clock(seconds, 0)} of play${unread ? ` in the ${known.length} that were read` : ""}` : "";
}

async function readOthers() {
  for (const row of document.querySelectorAll("#list tr[data-unread]")) {
    try {
      const answer = await fetch(`/recordings/summary?key=${row.dataset.key}`, { headers: { accept: "application/json" } });
      if (!answer.ok) continue;
      const found = await answer.json();
      const template = document.createElement("template");
      template.innerHTML = found.cells;
      const cells = [...row.children];
      cells.slice(1, 7).forEach((cell) => cell.remove());
      cells[0].after(...template.content.children);
      row.dataset.seconds = found.seconds;
      delete row.dataset.unread;
      showMinutes();
      search();
    } catch { return; }
  }
}

function search() {
  const wanted = document.getElementById("find").value.trim().toLowerCase();
  for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
}

if (rows.length) {
  document.getElementById("find").addEventListener("input", search);
  showMinutes();
  readOthers();
}
for (const button of document.querySelectorAll("[data-restore]")) {
  button.addEventListener("click", async () => {
    const done = await post("/recordings/restore", { number: Number(button.dataset.restore), name: button.dataset.name });
    if (done) { say(done.said); setTimeout(() => location.reload(), 600); }
  });
}
