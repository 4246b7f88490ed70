// Talking to the server: every change carries the session's token; answers are JSON or a part of the page.
const base = document.body.dataset.base;
const words = JSON.parse(document.body.dataset.words || "{}");

export const say = (key, values = {}) =>
  Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, String(value)), words[`js.${key}`] ?? key);
export const at = (path) => base + path;

/** The server could not be reached, or had no time: the same can be sent again. */
export class Unreachable extends Error {}
/** The session ended. */
export class SignedOut extends Error {}

async function ask(address, options) {
  let answer;
  try {
    answer = await fetch(address, { credentials: "same-origin", redirect: "manual", ...options });
  } catch {
    throw new Unreachable();
  }
  if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) throw new SignedOut();
  if (answer.status >= 500 || answer.status === 429) throw new Unreachable();
  return answer;
}

export async function send(address, form, { keepalive = false } = {}) {
  const body = new URLSearchParams(form);
  const answer = await ask(address, {
    method: "POST", body, keepalive,
    headers: { "X-Part": "1", "X-CSRF-Token": document.body.dataset.csrf },
  });
  if (!(answer.headers.get("content-type") || "").includes("json"))
    return answer.ok ? { state: "part", html: await answer.text() } : { state: "fault", words: say("refused") };
  return answer.json();
}

export async function part(address) {
  const answer = await ask(address, { headers: { "X-Part": "1" } });
  if (answer.status !== 200 || !(answer.headers.get("content-type") || "").includes("html")) return null;
  return answer.text();
}
