// The item page: deciding by keyboard and pointer, the next item ready before it is asked for.
//
// Viewers listen on `document` for "grandrounds:item" (detail.root: an item was put on the page) and
// "grandrounds:goto" (detail: kind and mark of what the item rests on).
import { at, part, say, send, SignedOut } from "./talk.js";
import * as clock from "./clock.js";
import * as saving from "./saving.js";
import { keysFor, keysOn, setKeysOn } from "./keys.js";

const place = document.getElementById("place");
const dialog = document.getElementById("keys");
const moves = matchMedia("(prefers-reduced-motion: reduce)");
let article = null, form = null, following = null, busy = false, criterion = 0;

const $ = (selector) => article.querySelector(selector);
const all = (selector) => [...article.querySelectorAll(selector)];
const scroll = (element, block = "nearest") => element?.scrollIntoView({ block, behavior: moves.matches ? "auto" : "smooth" });

// An item comes onto the page ------------------------------------------------------------------------

function begin({ focus }) {
  article = document.getElementById("item");
  form = document.getElementById("judgement");
  criterion = 0; busy = false;
  saving.begin(article);
  panel(article.dataset.panel || "", { focus: false });
  mark();
  document.title = article.dataset.title;
  if (location.pathname !== article.dataset.here) history.replaceState(null, "", article.dataset.here);
  document.dispatchEvent(new CustomEvent("grandrounds:item", { detail: { root: article } }));
  if (focus) document.getElementById("question")?.focus({ preventScroll: true });
  following = null;
  setTimeout(prepare, 150);
}

/** Have the next item here before it is needed, with its pictures. */
async function prepare() {
  const of = article;
  let html = null;
  try { html = await part(`${of.dataset.here}/ahead`); } catch { return; }
  if (!html || of !== article) return;
  const template = document.createElement("template");
  template.innerHTML = html;
  following = template.content.querySelector("#item");
  for (const picture of [...(following?.querySelectorAll("img[src]") ?? [])].slice(0, 12)) new Image().src = picture.src;
}

function put(shown) {
  place.replaceChildren(document.adoptNode(shown));
  window.htmx?.process(place);
  begin({ focus: true });
  scrollTo(0, 0);
}

async function load(address) {
  const html = await part(address);
  if (!html) { location.assign(address); return; }
  const template = document.createElement("template");
  template.innerHTML = html;
  put(template.content.querySelector("#item"));
}

// Deciding -------------------------------------------------------------------------------------------

async function decide(decision) {
  if (busy || saving.isStopped()) return;
  if (decision === "reject" && !form.querySelector('[name="reason"]:checked') && !form.elements.comment.value.trim()) {
    panel("reject", { focus: true });
    tell(say("reject_why"));
    return;
  }
  busy = true;
  article.classList.add("busy");
  await post(`${article.dataset.here}/decide`, () => [...saving.entries(), ["decision", decision]], decision);
}

/** Decide as one of the readers did, with the comment that stands in the form. */
async function adopt(version) {
  if (busy || saving.isStopped()) return;
  busy = true;
  article.classList.add("busy");
  await post(`${article.dataset.here}/adopt`, () => [...saving.entries(), ["version", version]], "accept");
}

async function decline(kind) {
  if (busy || saving.isStopped()) return;
  if (kind !== "later" && !confirmed(kind)) return;
  busy = true;
  article.classList.add("busy");
  await post(`${article.dataset.here}/decline`, () => [...saving.entries(), ["decline", kind]], kind);
}

/** What may put the item into other hands is asked for twice: the same key or button again. */
let asked = "";
function confirmed(kind) {
  const mine = `${article.dataset.item}:${kind}`;
  if (asked === mine) { asked = ""; return true; }
  asked = mine;
  tell(say(`sure_${kind}`));
  return false;
}

async function post(address, made, decision) {
  const of = article, sent = made();
  saving.show("saving", say("sending"));
  let answer;
  try {
    answer = await send(address, sent);
  } catch (error) {
    if (of !== article) return;
    if (error instanceof SignedOut) { busy = false; article.classList.remove("busy"); }
    saving.again(error, () => post(address, () => sent, decision));
    return;
  }
  if (of !== article) return;
  if (answer.state === "done") { await done(answer, decision); return; }
  busy = false;
  article.classList.remove("busy");
  if (answer.state === "gone") { saving.gone(answer.words); return; }
  saving.show("stopped", say("not_saved"));
  fault(answer);
}

async function done(answer, decision) {
  saving.finish();
  notice(answer.decision || decision, answer.event, answer.back);
  if (!answer.next) {
    const before = answer.event ? `?done=${encodeURIComponent(answer.event)}` : answer.given ? `?given=${encodeURIComponent(answer.given)}` : "";
    location.assign(article.dataset.queue + before);
    return;
  }
  if (following && following.dataset.item === answer.next.item && following.dataset.token === answer.next.token) { put(following); return; }
  try { await load(answer.next.address); } catch { location.assign(answer.next.address); }
}

/** What was done, with a way back. It stays until the next decision. */
function notice(decision, event, back) {
  const box = document.getElementById("notice");
  box.replaceChildren();
  const text = document.createElement("span");
  text.textContent = say(`done_${decision}`);
  box.append(text);
  box.dataset.kind = decision;
  if (event || back) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.event = event || "";
    button.dataset.back = back || at("/undo");
    button.append(say("undo"), Object.assign(document.createElement("kbd"), { textContent: "U", ariaHidden: "true" }));
    button.addEventListener("click", undo);
    box.append(button);
  }
}

function tell(text) {
  const box = document.getElementById("notice");
  box.textContent = text;
  box.dataset.kind = "told";
}

async function undo() {
  if (busy) return;
  const button = document.querySelector("#notice [data-back]"), written = document.querySelector("#notice form");
  if (!button && !written) { tell(say("nothing_to_undo")); return; }
  await saving.flush();
  try {
    const answer = await send(button?.dataset.back ?? written.action, [["event", button?.dataset.event ?? written.elements.event?.value ?? ""]]);
    if (answer.state !== "undone") { tell(answer.words); return; }
    await load(answer.address);
    tell(say("undone"));
  } catch (error) { saving.trouble(error instanceof SignedOut ? say("signed_out") : say("not_reached")); }
}

async function reveal() {
  if (busy || !article.dataset.hidden) return;
  const choice = form.querySelector('[name="chosen"]:checked') ?? form.querySelector('[name="chosen"][type="text"]');
  if (!choice || (choice.type === "radio" && !choice.checked)) { tell(say("choose_first")); return; }
  busy = true;
  try {
    await saving.flush();
    const answer = await send(`${article.dataset.here}/reveal`, saving.entries());
    busy = false;
    if (answer.state === "part") {
      const template = document.createElement("template");
      template.innerHTML = answer.html;
      const shown = template.content.querySelector("#item");
      shown.dataset.seconds = clock.read();
      saving.finish();
      put(shown);
    } else if (answer.state === "gone") saving.gone(answer.words);
    else fault(answer);
  } catch (error) { busy = false; saving.again(error, reveal); }
}

function fault(answer) {
  saving.trouble(answer.words);
  const field = answer.field && form.querySelector(`[name="${CSS.escape(answer.field)}"]`);
  if (field && field.type !== "hidden") { if (field.closest("#edit")) panel("edit", { focus: false }); field.focus(); scroll(field, "center"); }
}

// Panels, marks, ratings -----------------------------------------------------------------------------

function panel(name, { focus = true } = {}) {
  for (const each of all("[data-panel-name]")) each.hidden = each.dataset.panelName !== name;
  for (const [act, named] of [["edit", "edit"], ["reject", "reject"]]) $(`[data-act="${act}"]`)?.setAttribute("aria-expanded", String(name === named));
  article.classList.toggle("edits", name === "edit");
  article.classList.toggle("rejects", name === "reject");
  if (form.elements.panel.value !== name) { form.elements.panel.value = name; saving.touched(); }
  if (!focus) return;
  const opened = name && $(`[data-panel-name="${name}"]`);
  if (opened) { opened.querySelector("textarea, input:not([type=hidden])")?.focus(); scroll(opened); } else document.getElementById("question")?.focus({ preventScroll: true });
}

const toggle = (name) => panel(form.elements.panel.value === name ? "" : name);

/** Show which fields differ from the item, and what accepting means then. */
function mark() {
  let edited = false;
  for (const field of all("[data-was]")) {
    const changed = field.value.trim() !== field.dataset.was.trim();
    field.classList.toggle("changed", changed);
    if (field.closest("#edit")) edited ||= changed;
  }
  edited ||= all('[name="right"]').some((choice) => choice.checked && !choice.dataset.right);
  const plain = $("[data-plain]"), other = $("[data-edited]");
  if (plain) { plain.hidden = edited; other.hidden = !edited; }
  for (const rest of all("[data-rest]")) {
    const wrong = rest.querySelector('[name="mark"]').checked;
    rest.classList.toggle("is-wrong", wrong);
    rest.querySelector("[data-said]").hidden = !wrong;
  }
}

function restore() {
  for (const field of $("#edit").querySelectorAll("[data-was]")) field.value = field.dataset.was;
  for (const choice of all('[name="right"]')) choice.checked = Boolean(choice.dataset.right);
  changed();
  $("#faults").replaceChildren();
}

function rate(score) {
  const rows = all(".rating");
  if (!rows.length) return;
  const focused = rows.indexOf(document.activeElement?.closest?.(".rating"));
  if (focused >= 0) criterion = focused;
  const row = rows[criterion];
  for (const choice of row.querySelectorAll("input")) choice.checked = score > 0 && Number(choice.value) === score;
  tell(`${row.getAttribute("aria-label")}: ${score || "–"}`);
  criterion = Math.min(criterion + 1, rows.length - 1);
  for (const [n, each] of rows.entries()) each.classList.toggle("now", n === criterion);
  scroll(row);
  changed();
}

function rest(step) {
  const rows = all("[data-rest]");
  if (!rows.length) return;
  const now = rows.findIndex((row) => row.classList.contains("now"));
  const next = now < 0 ? (step > 0 ? 0 : rows.length - 1) : (now + step + rows.length) % rows.length;
  pick(rows[next]);
}

function pick(row) {
  for (const each of all("[data-rest]")) each.classList.toggle("now", each === row);
  row.querySelector(".goto").focus({ preventScroll: true });
  scroll(row);
  document.dispatchEvent(new CustomEvent("grandrounds:goto", { detail: { kind: row.dataset.kind, mark: row.dataset.mark, root: article } }));
}

function wrong() {
  const row = $("[data-rest].now") ?? document.activeElement?.closest?.("[data-rest]") ?? $("[data-rest]");
  if (!row) return;
  const box = row.querySelector('[name="mark"]');
  box.checked = !box.checked;
  row.classList.add("now");
  box.focus({ preventScroll: true });
  tell(say(box.checked ? "marked_wrong" : "unmarked"));
  scroll(row);
  changed();
}

const changed = () => { asked = ""; mark(); saving.touched(); };

function beside() {
  const there = document.getElementById("beside"), here = document.getElementById("asked");
  (there.contains(document.activeElement) ? here : there).focus();
}

function digit(number) {
  if (article.dataset.hidden) {
    const options = all('[name="chosen"]');
    const option = options[number - 1];
    if (option?.type === "radio") { option.checked = true; option.focus(); changed(); } else options[0]?.focus();
  } else if (form.elements.panel.value === "reject") {
    const reason = all('[name="reason"]')[number === 0 ? 9 : number - 1];
    if (reason) { reason.checked = !reason.checked; tell(`${reason.nextElementSibling.textContent}: ${say(reason.checked ? "on" : "off")}`); changed(); }
  } else if (number <= 5) rate(number);
}

function help() { dialog.open ? dialog.close() : dialog.showModal(); }
function send_panel() {
  const name = form.elements.panel.value;
  if (article.dataset.hidden) reveal(); else decide(name === "reject" ? "reject" : name === "edit" ? "edit" : "accept");
}

const acts = {
  accept: () => article.dataset.hidden ? tell(say("choose_first")) : decide("accept"),
  edit: () => article.dataset.hidden ? tell(say("choose_first")) : toggle("edit"),
  reject: () => toggle("reject"),
  adopt, "edit-done": () => decide("edit"), "reject-done": () => decide("reject"),
  close: () => panel(""), restore, later: () => decline("later"), not_mine: () => decline("not_mine"), conflict: () => decline("conflict"),
  comment: () => { form.elements.comment.focus(); scroll(form.elements.comment, "center"); },
  diff: () => { const box = $("[data-history]"); if (box) { box.open = !box.open; if (box.open) scroll(box, "start"); } },
  beside, next: () => rest(1), previous: () => rest(-1), wrong, undo, reveal, help, digit, send: send_panel,
  home: () => saving.flush().then(() => location.assign(at("/"))),
  theme: () => window.switchTheme(),
  escape: () => { if (form.elements.panel.value) panel(""); else document.activeElement?.blur?.(); },
};

// Events ---------------------------------------------------------------------------------------------

place.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (!button || !article.contains(button)) return;
  if (button.dataset.act === "goto") { pick(button.closest("[data-rest]")); return; }
  event.preventDefault();
  acts[button.dataset.act]?.(button.value);
});
place.addEventListener("submit", (event) => { if (event.target === form) { event.preventDefault(); send_panel(); } });
place.addEventListener("input", (event) => { if (event.target.form === form && event.target.name) changed(); });
document.addEventListener("htmx:configRequest", (event) => { event.detail.headers["X-CSRF-Token"] = document.body.dataset.csrf; event.detail.headers["X-Part"] = "1"; });
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "faults") return;
  const named = event.target.querySelector("[data-field]")?.dataset.field;
  for (const field of $("#edit").querySelectorAll("textarea, input")) field.setAttribute("aria-invalid", String(Boolean(named) && field.name === named));
});
document.addEventListener("keydown", (event) => {
  if (dialog.open || !article) return;
  const what = keysFor(event);
  if (!what) return;
  event.preventDefault();
  acts[what.act](what.value);
});
dialog.querySelector("[data-close-keys]").addEventListener("click", () => dialog.close());
dialog.addEventListener("keydown", (event) => { if (event.key === "?") { event.preventDefault(); dialog.close(); } });
const on = dialog.querySelector("[data-keys-on]");
on.checked = keysOn();
on.addEventListener("change", () => setKeysOn(on.checked));
for (const out of document.querySelectorAll('form[action$="/logout"]')) out.addEventListener("submit", () => { try { sessionStorage.clear(); } catch { /* none */ } });

begin({ focus: true });
