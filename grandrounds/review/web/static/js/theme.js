// Light or dark: as the system says, or as the reader chose. Runs before anything is drawn.
(() => {
  const name = "grandrounds-theme";
  const read = () => { try { return localStorage.getItem(name); } catch { return null; } };
  const apply = (theme) => {
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  const dark = () => document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  apply(read());
  window.switchTheme = () => {
    const theme = dark() ? "light" : "dark";
    try { localStorage.setItem(name, theme); } catch { /* private windows keep nothing */ }
    apply(theme);
    document.dispatchEvent(new CustomEvent("grandrounds:theme", { detail: { theme } }));
  };
  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.hidden = false;
      button.addEventListener("click", window.switchTheme);
    }
    for (const time of document.querySelectorAll("time[datetime]")) {
      const when = new Date(time.dateTime);
      if (!Number.isNaN(when.getTime()))
        time.textContent = when.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
    }
  });
})();
