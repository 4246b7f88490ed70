// What is typed goes to the server soon after it is typed, and it says so. When the server is away, it is kept in
// this window, tried again, and survives a reload. Two windows on one item: the older one is told and stops.
import { say, send, SignedOut, Unreachable } from "./talk.js";
import * as clock from "./clock.js";

const WAIT = 500, SLOWEST = 15_000;
const channel = "BroadcastChannel" in window ? new BroadcastChannel("grandrounds") : null;
const me = `${Date.now()}-${Math.random()}`;
let article = null, form = null, timer = 0, tries = 0, dirty = false, stopped = false, running = null, changes = 0;

export const entries = () => {
  form.elements.seconds.value = clock.read();
  return [...new FormData(form)].filter(([, value]) => typeof value === "string");
};
const shelf = () => `grandrounds:${article.dataset.recipe}:${article.dataset.item}:${article.dataset.token}`;
const keep = (value) => { try { value ? sessionStorage.setItem(shelf(), JSON.stringify(value)) : sessionStorage.removeItem(shelf()); } catch { /* full, or none */ } };
const kept = () => { try { return JSON.parse(sessionStorage.getItem(shelf())); } catch { return null; } };

/** Show how things stand. `state`: quiet, saving, saved, retrying, stopped. */
export function show(state, text) {
  const place = document.getElementById("saved");
  if (!place) return;
  if (place.textContent !== text) place.textContent = text;
  place.dataset.state = state;
}

export function trouble(text, action) {
  const place = document.getElementById("trouble");
  place.replaceChildren();
  if (!text) return;
  const line = document.createElement("p");
  line.textContent = text;
  place.append(line);
  if (action) {
    const button = document.createElement(action.href ? "a" : "button");
    button.textContent = action.words;
    button.className = "button";
    if (action.href) { button.href = action.href; if (action.away) button.target = "_blank"; } else { button.type = "button"; button.addEventListener("click", action.run); }
    place.append(button);
  }
}

/** Begin on the item that is on the page now; what a reload caught unsaved is put back. */
export function begin(shown) {
  article = shown;
  form = article.querySelector("#judgement");
  clearTimeout(timer);
  tries = 0; dirty = false; stopped = false; running = null;
  clock.start(article.dataset.seconds);
  trouble("");
  const left = kept();
  if (left) { fill(left.entries); touched(); }
  show("quiet", Number(form.elements.revision.value) ? say("restored") : "");
  channel?.postMessage({ who: me, item: shelf() });
}

channel?.addEventListener("message", ({ data }) => {
  if (!article || data.who === me || data.item !== shelf()) return;
  stop("elsewhere");
});

function stop(why) {
  stopped = true;
  clearTimeout(timer);
  show("stopped", say("stopped"));
  trouble(say(why), { words: say("go_on_here"), run: () => { keep(null); location.reload(); } });
}
export const isStopped = () => stopped;

/** Something was typed or ticked. */
export function touched() {
  if (stopped) return;
  dirty = true; changes += 1;
  keep({ entries: entries() });
  show("saving", say("saving"));
  clearTimeout(timer);
  timer = setTimeout(flush, WAIT);
}

/** Save now; resolves when it is on the server, or can't be. */
export function flush({ keepalive = false } = {}) {
  clearTimeout(timer);
  if (!dirty || stopped || !article) return Promise.resolve();
  if (running) return running.then(() => flush({ keepalive }));
  const of = article, at_change = changes, sent = entries();
  running = send(`${of.dataset.here}/save`, sent, { keepalive }).then((answer) => {
    if (of !== article) return;
    if (answer.state === "saved") {
      form.elements.revision.value = Number(form.elements.revision.value) + 1;
      tries = 0;
      if (at_change === changes) {
        dirty = false; keep(null);
        show("saved", say("saved_at", { time: new Date().toLocaleTimeString(document.documentElement.lang) }));
        trouble("");
      } else timer = setTimeout(flush, WAIT);
    } else if (answer.state === "newer") stop("newer");
    else if (answer.state === "gone") gone(answer.words);
    else { show("stopped", say("not_saved")); trouble(answer.words); }
  }).catch((error) => { if (of === article) again(error, flush); }).finally(() => { running = null; });
  return running;
}

/** Not reached: try again after a while, longer each time. */
export function again(error, what) {
  if (error instanceof SignedOut) {
    show("retrying", say("not_saved"));
    trouble(say("signed_out"), { words: say("sign_in"), run: () => location.reload() });
    return;
  }
  if (!(error instanceof Unreachable)) throw error;
  const wait = Math.min(1000 * 2 ** tries, SLOWEST);
  tries += 1;
  show("retrying", say("retrying", { seconds: Math.round(wait / 1000) }));
  clearTimeout(timer);
  timer = setTimeout(what, wait);
}

export function gone(text) {
  stopped = true;
  show("stopped", say("not_saved"));
  trouble(text, { words: say("next"), href: article.dataset.queue });
}

/** The decision is stored: nothing of this item is kept here any more. */
export function finish() {
  clearTimeout(timer);
  keep(null);
  dirty = false;
  stopped = true;
}

/** Put values into the form as they were. */
export function fill(pairs) {
  const given = new Map();
  for (const [name, value] of pairs) given.set(name, [...(given.get(name) ?? []), value]);
  for (const field of form.elements) {
    if (!field.name || ["csrf", "token", "content", "revision", "seconds"].includes(field.name)) continue;
    const values = given.get(field.name);
    if (field.type === "radio" || field.type === "checkbox") field.checked = Boolean(values?.includes(field.value));
    else if (values?.length && field.type !== "submit") field.value = values.shift();
  }
  article.dataset.panel = form.elements.panel.value;
}

addEventListener("pagehide", () => { flush({ keepalive: true }); });
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") flush({ keepalive: true }); });
addEventListener("online", () => { flush(); });
