// What a typed number may mean: 7.5, 7,5, −2, 15/2, 1 000; "1,000" may be 1 or 1000.
function readings(text) {
  const clean = text.trim().replace(/[\s\u00a0\u2009\u202f']/g, "").replace(/[−–]/g, "-").replace(/[%a-zA-Z²]*$/, "");
  const [top, bottom, ...more] = clean.split("/");
  const number = (part) => /^[+-]?(\d+[.,]?\d*|[.,]\d+)$/.test(part) ? [Number(part.replace(",", "."))] : [];
  if (bottom !== undefined) {
    const [a] = number(top), [b] = number(bottom);
    return more.length || a === undefined || !b ? [] : [a / b];
  }
  const grouped = /^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(clean) ? [Number(clean.replaceAll(",", ""))] : [];
  return [...grouped, ...number(clean)];
}

// Wires one question: Check, Show it after two wrong answers, and the mark that it is answered.
function mountCheck(root) {
  const field = root.querySelector("input[type=text]");
  const show = root.querySelector(".lc-check-show"), said = root.querySelector(".lc-check-said");
  const replies = new Map([...root.querySelectorAll("[data-reply]")]
    .map((each) => [JSON.parse(each.dataset.reply)[0], each]));
  const right = root.dataset.answer, tolerance = Number(root.dataset.tolerance);
  const near = (value, key) => Math.abs(value - Number(key)) <= tolerance + 1e-9 * Math.max(1, Math.abs(value));
  let wrong = 0;

  const given = () => {
    if (!field) return root.querySelector("input:checked")?.value ?? "none";
    const values = readings(field.value);
    if (!values.length) return "none";
    const keys = [...replies.keys()].filter((key) => key !== "" && key !== "none");
    return keys.find((key) => values.some((value) => near(value, key))) ?? "";
  };
  const say = (key) => {
    const reply = replies.get(key) ?? replies.get("");
    for (const each of root.querySelector(".lc-check-reply").children) {
      each.classList.toggle("lc-check-on", each === reply);
    }
    said.textContent = "";  // so that the same words are said again
    setTimeout(() => { said.innerHTML = `<span>${reply.innerHTML}</span>`; }, 60);
    const ok = key === right;
    root.classList.toggle("lc-check-ok", ok);
    if (field) field.setAttribute("aria-invalid", String(!ok));
    for (const label of root.querySelectorAll(".lc-check-choices label")) {
      const chosen = label.firstElementChild.checked;
      label.classList.toggle("lc-check-good", chosen && ok);
      label.classList.toggle("lc-check-bad", chosen && !ok && key !== "none");
    }
    if (!ok && key !== "none") wrong += 1;
    show.hidden = ok || wrong < 2;
    if (ok) keep();
  };
  const keep = () => {
    try { localStorage.setItem(`lc:${root.id}`, "1"); } catch { /* a browser that keeps nothing */ }
    root.classList.add("lc-check-kept");
    root.dispatchEvent(new CustomEvent("lc:answered", { bubbles: true }));
  };
  const answer = () => {
    say(given());
    if (field && !root.classList.contains("lc-check-ok")) field.select();
  };
  root.querySelector(".lc-check-go").addEventListener("click", answer);
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    answer();
  });
  show.addEventListener("click", () => {
    const choice = [...root.querySelectorAll("input[type=radio]")].find((each) => each.value === right);
    if (field) field.value = right; else choice.checked = true;
    say(right);
    (field || choice).focus();
  });
  try { root.classList.toggle("lc-check-kept", localStorage.getItem(`lc:${root.id}`) !== null); } catch { /* the same */ }
  root.dataset.ready = "";
}
