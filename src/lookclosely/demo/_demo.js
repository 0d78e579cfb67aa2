// Wires the controls of one demo. Static pages and live widgets share these functions and the
// markup. `change` gets the position of each control after every move, by pointer or keyboard.
function wire(root, change) {
  const controls = [...root.querySelectorAll("[data-values]")].map((element) => {
    const inputs = [...element.querySelectorAll("input")];
    const [first] = inputs, isRange = first.type === "range";
    const tell = () => {
      if (!isRange) return;  // a radio button says its own name
      const text = JSON.parse(element.dataset.values)[first.value];
      first.setAttribute("aria-valuetext", text);
      element.querySelector(".lc-demo-value").textContent = text;
    };
    const get = () => isRange ? Number(first.value) : inputs.findIndex((each) => each.checked);
    const put = (position) => {
      if (isRange) first.value = position; else inputs[position].checked = true;
      tell();
    };
    return { inputs, get, put, tell };
  });
  for (const control of controls) {
    for (const input of control.inputs) {
      input.addEventListener("input", () => {
        control.tell();
        change(controls.map((each) => each.get()));
      });
    }
  }
  return (positions) => controls.forEach((control, i) => control.put(positions[i]));
}

// The question before the controls. `guessed` gets the guess ("" for none) and where it sets the
// controls. Returns a function that shows what was guessed before.
function ask(root, guessed) {
  const buttons = [...root.querySelectorAll("button[data-guess]")];
  const controls = root.querySelector(".lc-demo-controls");
  if (!buttons.length) {
    controls.disabled = false;
    return () => {};
  }
  const open = (guess) => {
    for (const button of buttons) {
      button.setAttribute("aria-disabled", "true");
      button.tabIndex = -1;  // the next stop is the controls; the focus itself stays
      button.setAttribute("aria-pressed", String(button.dataset.guess === guess));
      button.classList.toggle("lc-demo-mine", guess !== "" && button.dataset.guess === guess);
      button.classList.toggle("lc-demo-right", button.dataset.guess === root.dataset.answer);
    }
    const all = [...root.querySelectorAll("[data-verdict]")];
    const verdict = all.find((each) => each.dataset.verdict === guess);
    root.querySelector(".lc-demo-wait").classList.remove("lc-demo-on");
    verdict.classList.add("lc-demo-on");
    root.querySelector(".lc-demo-said").innerHTML =
      `<span>${verdict.innerHTML} The controls below are open.</span>`;
    controls.disabled = false;
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-disabled")) return;
      const guess = button.dataset.guess;
      open(guess);
      guessed(guess, JSON.parse(button.dataset.positions));
      // A guess keeps the focus; "just see" is gone, and its focus goes to what it opened.
      if (guess === "") (controls.querySelector("input:checked, input[type=range]")).focus();
    });
  }
  return open;
}

// A page without a kernel: every frame is in the document, and one of them is shown.
function mountStatic(root) {
  const counts = [...root.querySelectorAll("[data-values]")]
    .map((element) => JSON.parse(element.dataset.values).length);
  const frames = [...root.querySelectorAll(".lc-demo-frame")];
  const show = (positions) => {
    const shown = positions.reduce((index, p, control) => index * counts[control] + p, 0);
    frames.forEach((frame, index) => { frame.hidden = index !== shown; });
    root.querySelector(".lc-demo-text").textContent = frames[shown].dataset.text || "";
  };
  const put = wire(root, show);
  ask(root, (guess, positions) => { put(positions); show(positions); });
  root.dataset.ready = "";
}

// A notebook with a kernel: Python draws each frame when it is asked for.
let mounted = 0;
function mountLive(model, el) {
  // One widget may be shown twice: each view has ids, and names of radio buttons, of its own.
  el.innerHTML = model.get("html").replace(/\b(demo-[0-9a-f]{10})\b/g, `$1-${++mounted}`);
  const root = el.querySelector(".lc-demo");
  const image = root.querySelector(".lc-demo-frame");
  const room = root.querySelector(".lc-demo-room");
  const waiting = () => String(model.get("positions")) !== String(model.get("frame").positions);
  const move = (positions) => {
    model.set("positions", positions);
    model.save_changes();
    root.setAttribute("aria-busy", waiting());
  };
  const put = wire(root, move);
  const open = ask(root, (guess, positions) => {
    model.set("guess", guess);
    put(positions);
    move(positions);
  });
  const draw = () => {
    const frame = model.get("frame");
    root.setAttribute("aria-busy", waiting());
    root.querySelector(".lc-demo-error").textContent = frame.error || "";
    root.classList.toggle("lc-demo-failed", Boolean(frame.error));
    root.querySelector(".lc-demo-text").textContent = frame.text || "";
    if ((frame.text || "").length > room.textContent.length) room.textContent = frame.text;
    if (!frame.error) Object.assign(image, frame.image);
  };
  put(model.get("positions"));
  if (model.get("guess") !== null) open(model.get("guess"));
  draw();
  root.dataset.ready = "";
  model.on("change:frame", draw);
  return () => model.off("change:frame", draw);
}
