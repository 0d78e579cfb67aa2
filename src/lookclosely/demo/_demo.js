// Wires the controls of one demo. After every move, by pointer or keyboard, `change` gets the
// position of each slider. Static pages and live widgets share this function and the markup.
function wire(root, change) {
  const inputs = [...root.querySelectorAll(".lc-demo-control input")];
  const tell = (input) => {
    const text = JSON.parse(input.dataset.values)[input.value];
    input.setAttribute("aria-valuetext", text);
    input.parentElement.querySelector(".lc-demo-value").textContent = text;
  };
  for (const input of inputs) {
    input.addEventListener("input", () => {
      tell(input);
      change(inputs.map((each) => Number(each.value)));
    });
  }
  root.querySelector(".lc-demo-controls").hidden = false;
  root.dataset.ready = "";
  return (positions) => inputs.forEach((input, i) => { input.value = positions[i]; tell(input); });
}

// A page without a kernel: every frame is in the document, and one of them is shown.
function mountStatic(root) {
  const counts = [...root.querySelectorAll(".lc-demo-control input")].map((i) => Number(i.max) + 1);
  const frames = [...root.querySelectorAll(".lc-demo-frame")];
  wire(root, (positions) => {
    const shown = positions.reduce((index, p, control) => index * counts[control] + p, 0);
    frames.forEach((frame, index) => { frame.hidden = index !== shown; });
    root.querySelector(".lc-demo-text").textContent = frames[shown].dataset.text || "";
  });
}

// A notebook with a kernel: Python draws each frame when it is asked for.
function mountLive(model, el) {
  el.innerHTML = model.get("html");
  const root = el.querySelector(".lc-demo");
  const image = root.querySelector(".lc-demo-frame");
  const waiting = () => String(model.get("positions")) !== String(model.get("frame").positions);
  const set = wire(root, (positions) => {
    model.set("positions", positions);
    model.save_changes();
    root.setAttribute("aria-busy", waiting());
  });
  const draw = () => {
    const frame = model.get("frame");
    root.setAttribute("aria-busy", waiting());
    root.querySelector(".lc-demo-error").textContent = frame.error || "";
    root.classList.toggle("lc-demo-failed", Boolean(frame.error));
    root.querySelector(".lc-demo-text").textContent = frame.text || "";
    if (!frame.error) Object.assign(image, frame.image);
  };
  set(model.get("positions"));
  draw();
  model.on("change:frame", draw);
  return () => model.off("change:frame", draw);
}
