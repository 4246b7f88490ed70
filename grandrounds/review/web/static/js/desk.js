// The start page: leave nothing of the last item behind when one signs out.
for (const form of document.querySelectorAll('form[action$="/logout"]'))
  form.addEventListener("submit", () => { try { sessionStorage.clear(); } catch { /* none kept */ } });
