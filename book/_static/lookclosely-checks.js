// Which questions have been answered is kept in the reader's own browser, and shown: "1 of 2" beside
// the heading of the questions, ✓ in the side bar beside a chapter whose questions are all answered.
document.addEventListener("DOMContentLoaded", () => {
  const store = {
    has: (key) => { try { return localStorage.getItem(key) !== null; } catch { return false; } },
    set: (key, on) => {
      try { on ? localStorage.setItem(key, "1") : localStorage.removeItem(key); } catch { /* nothing is kept */ }
    },
  };
  const key = (link) => `lc:done:${new URL(link.href).pathname}`;
  const here = `lc:done:${location.pathname}`;
  const checks = [...document.querySelectorAll("article .lc-check")];
  const heading = checks.at(-1)?.closest("section")?.querySelector("h2, h3");
  const count = document.createElement("span");
  count.className = "lc-answered";
  if (heading) heading.append(count);
  const update = () => {
    const answered = checks.filter((check) => store.has(`lc:${check.id}`)).length;
    const all = checks.length > 0 && answered === checks.length;
    if (checks.length) store.set(here, all);
    count.textContent = checks.length ? `${answered} of ${checks.length}${all ? " ✓" : ""}` : "";
    for (const link of document.querySelectorAll(".bd-sidebar-primary a.reference.internal")) {
      link.classList.toggle("lc-done", store.has(key(link)));
    }
  };
  document.addEventListener("lc:answered", update);
  update();
});
