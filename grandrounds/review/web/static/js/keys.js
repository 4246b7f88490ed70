// Which key means what. Single letters work outside fields only, and can be switched off (WCAG 2.1.4).
const LETTERS = {
  a: "accept", e: "edit", r: "reject", c: "comment", d: "diff", v: "beside", n: "next", p: "previous", w: "wrong",
  l: "later", x: "not_mine", k: "conflict", u: "undo", h: "home", t: "theme", "?": "help",
};
const name = "grandrounds-keys";
export const keysOn = () => { try { return localStorage.getItem(name) !== "off"; } catch { return true; } };
export const setKeysOn = (on) => { try { localStorage.setItem(name, on ? "on" : "off"); } catch { /* not kept */ } };

const writes = (element) => element.isContentEditable || element.tagName === "TEXTAREA" || element.tagName === "SELECT"
  || (element.tagName === "INPUT" && !["radio", "checkbox", "button", "submit"].includes(element.type));

export function keysFor(event) {
  if (event.defaultPrevented || event.isComposing) return null;
  const target = event.target instanceof Element ? event.target : document.body;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return { act: "send" };
  if (event.key === "Escape") return { act: "escape" };
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return (event.key === "z" || event.key === "Z") && !event.shiftKey && !event.altKey && !writes(target) ? { act: "undo" } : null;
  }
  if (writes(target)) {
    return event.key === "Enter" && target.name === "chosen" ? { act: "reveal" } : null;
  }
  if (event.key === "Enter" && target.name === "chosen") return { act: "reveal" };
  if (!keysOn()) return null;
  if (target.closest("[data-own-keys]") && !LETTERS[event.key.toLowerCase()]) return null;
  if (/^[0-9]$/.test(event.key)) return { act: "digit", value: Number(event.key) };
  const act = LETTERS[event.key.toLowerCase()];
  return act && !event.repeat ? { act } : null;
}
