// Small repairs of the page that styles cannot make. A classic script: the book also opens from file://.
document.addEventListener("DOMContentLoaded", () => {
  // What scrolls sideways must be reachable by keyboard.
  const wide = "div.highlight pre, div.math, .pst-scrollable-table-container, div.cell_output, div.lc-table";
  for (const box of document.querySelectorAll(wide)) {
    if (box.scrollWidth > box.clientWidth && !box.hasAttribute("tabindex")) box.tabIndex = 0;
  }
  // What a deck's short name stands for: by mouse, finger and keyboard.
  window.tippy?.delegate("body", { target: ".lc-deck", trigger: "mouseenter focusin" });
});
// Escape closes a tooltip, wherever the focus is.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") window.tippy?.hideAll();
});
