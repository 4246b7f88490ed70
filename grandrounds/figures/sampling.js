"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (name) => document.getElementById(name);
  const key = `alignment ${data.recipe} ${data.sample}`;
  const verdicts = new Map();
  let place = 0;
  let pageShown = true;
  let began = null;
  let unsaved = false;

  // Kept in the browser where it allows that; the file is what counts.
  try {
    for (const [pair, verdict] of JSON.parse(localStorage.getItem(key) || "[]")) verdicts.set(pair, verdict);
    at("scorer").value = localStorage.getItem("alignment scorer") || "";
  } catch (error) { /* without a memory nothing is lost but convenience */ }

  function keep() {
    try {
      localStorage.setItem(key, JSON.stringify([...verdicts]));
      localStorage.setItem("alignment scorer", at("scorer").value);
    } catch (error) { /* as above */ }
  }

  function show() {
    const pair = data.pairs[place];
    const done = data.pairs.filter((each) => verdicts.has(each.pair)).length;
    at("bar").style.width = `${data.pairs.length ? (100 * done) / data.pairs.length : 0}%`;
    at("count").textContent = data.pairs.length
      ? `${place + 1} of ${data.pairs.length}, ${done} judged${pace(done)}` : "no pairs";
    if (!pair) return;
    at("picture").src = pair.picture;
    at("picture").alt = pair.picture ? "The figure" : "The picture can't be shown";
    at("label").textContent = pair.label || "no label";
    at("caption").textContent = pair.caption;
    at("place").textContent = [pair.book, pair.where, pair.origin].filter(Boolean).join(" \u00b7 ");
    for (const button of document.querySelectorAll("[data-verdict]")) {
      button.setAttribute("aria-pressed", String(verdicts.get(pair.pair) === button.dataset.verdict));
    }
    showPage(pair);
  }

  function showPage(pair) {
    const page = at("page");
    for (const box of page.querySelectorAll(".box")) box.remove();
    page.hidden = !(pageShown && pair.page);
    document.querySelector("main").classList.toggle("bare", page.hidden);
    if (page.hidden) return;
    at("sheet").src = data.pages[pair.page];
    for (const told of pair.boxes) {
      const box = document.createElement("div");
      box.className = `box ${told.kind}`;
      for (const side of ["left", "top", "width", "height"]) box.style[side] = `${100 * told[side]}%`;
      page.append(box);
    }
  }

  function pace(done) {
    if (began === null || done < 2) return "";
    const minutes = (Date.now() - began.time) / 60000;
    const since = done - began.done;
    return since > 1 && minutes > 0.05 ? `, ${Math.round(since / minutes)} a minute` : "";
  }

  function judge(verdict) {
    const pair = data.pairs[place];
    if (!pair) return;
    if (began === null) began = { time: Date.now(), done: verdicts.size };
    verdicts.set(pair.pair, verdict);
    unsaved = true;
    keep();
    const left = data.pairs.findIndex((each, index) => index > place && !verdicts.has(each.pair));
    if (left >= 0) place = left;
    else if (data.pairs.every((each) => verdicts.has(each.pair))) at("told").textContent = "All judged. Press s to save.";
    else place = data.pairs.findIndex((each) => !verdicts.has(each.pair));
    show();
  }

  function move(step) {
    place = Math.min(Math.max(place + step, 0), Math.max(data.pairs.length - 1, 0));
    show();
  }

  function cell(text) {
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  function save() {
    const scorer = at("scorer").value.trim();
    const lines = ["recipe,sample,evidence_id,pair_sha256,verdict,scorer"];
    for (const pair of data.pairs) {
      const verdict = verdicts.get(pair.pair) || "";
      lines.push([data.recipe, data.sample, pair.evidence_id, pair.pair, verdict, scorer].map(cell).join(","));
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
    link.download = `alignment-${data.recipe}-${data.sample}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    unsaved = false;
    at("told").textContent = `Saved ${link.download}. Next: grandrounds figures score ${data.recipe} ${link.download}`;
  }

  const keys = {
    y: () => judge("right"), n: () => judge("wrong"), u: () => judge("unsure"),
    ArrowRight: () => move(1), ArrowLeft: () => move(-1), s: save,
    p: () => { pageShown = !pageShown; show(); },
  };
  document.addEventListener("keydown", (event) => {
    if (event.target === at("scorer") || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = keys[event.key] || keys[event.key.toLowerCase()];
    if (act) { event.preventDefault(); act(); }
  });
  for (const button of document.querySelectorAll("[data-verdict]")) {
    button.addEventListener("click", () => judge(button.dataset.verdict));
  }
  at("scorer").addEventListener("input", keep);
  at("save").addEventListener("click", save);
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
  const first = data.pairs.findIndex((each) => !verdicts.has(each.pair));
  place = first >= 0 ? first : 0;
  show();
})();
