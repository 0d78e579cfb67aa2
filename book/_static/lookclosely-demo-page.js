// Keys of a demo that stands alone: n and p go to its neighbours, f fills the screen.
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const go = { n: "next", p: "prev" }[event.key];
  const link = go && document.querySelector(`a[rel=${go}]`);
  if (link) link.click();
  if (event.key === "f") document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
});
// The first control has the focus, so that arrow keys work at once.
document.querySelector(".lc-demo input")?.focus();
