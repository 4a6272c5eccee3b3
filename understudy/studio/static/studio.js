// Shared by all pages: changes by POST, fragments that load after the page, notices, questions.

const notice = document.getElementById("notice");
let hiding = 0;

/** Says one sentence to eyes and screen readers for a few seconds. */
export function say(sentence, bad = false) {
  notice.textContent = sentence;
  notice.className = bad ? "shown bad" : "shown";
  clearTimeout(hiding);
  hiding = setTimeout(() => { notice.className = ""; }, bad ? 9000 : 4000);
}

/** Sends a change; says the sentence of an error and returns null. */
export async function post(address, values) {
  try {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(values),
    });
    const found = answer.headers.get("content-type")?.startsWith("application/json")
      ? await answer.json() : { error: (await answer.text()).slice(0, 500) };
    if (!answer.ok || found.error) {
      say(found.error ?? `The studio answered ${answer.status}.`, true);
      return null;
    }
    return found;
  } catch {
    say("The studio does not answer: is it still running?", true);
    return null;
  }
}

/** Asks a yes-or-no question; resolves to whether the answer was yes. */
export function ask(sentence) {
  const dialog = document.getElementById("question");
  document.getElementById("question-text").textContent = sentence;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
for (const button of document.querySelectorAll("#question button")) {
  button.addEventListener("click", () => document.getElementById("question").close(button.value));
}

/** Fills an element with a fragment that the server made (and escaped). */
export async function load(element) {
  try {
    const answer = await fetch(element.dataset.load, { headers: { accept: "application/json" } });
    const content = await answer.text();
    if (answer.ok && content !== element.loaded) {
      element.innerHTML = element.loaded = content;
    }
  } catch { /* the studio has ended */ }
}
for (const element of document.querySelectorAll("[data-load]")) {
  load(element);
  if (element.dataset.every) {
    setInterval(() => { if (!document.hidden) load(element); }, 1000 * element.dataset.every);
  }
}

/** Whether a key belongs to a field that the person types into. */
export function isTyping(event) {
  return event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog") !== null;
}

/** Seconds as m:ss.s, or h:mm:ss. */
export function clock(seconds, digits = 1) {
  const whole = Math.max(0, seconds);
  const minutes = Math.floor(whole / 60);
  const rest = (whole - 60 * minutes).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
  return minutes >= 60 ? `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** A colour of the style sheet, as it is now. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Calls back when the system changes between light and dark. */
export function onTheme(callback) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", callback);
}
