// Keys of a demo that stands alone: n and p go to its neighbours, f fills the screen. They work
// while the demo, or nothing, has the focus; Caps Lock does not matter, and no key of the browser
// is taken.
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const demo = document.querySelector("main");
  if (document.activeElement !== document.body && !demo.contains(document.activeElement)) return;
  const key = event.key.toLowerCase();
  const go = { n: "next", p: "prev" }[key];
  const link = go && document.querySelector(`a[rel=${go}]`);
  if (link) link.click();
  if (key === "f") document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
});
// The first control has the focus, so that keys work at once.
document.querySelector(".lc-demo :is(.lc-demo-guesses button, input)")?.focus();
