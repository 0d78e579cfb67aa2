// The front page: the live picture's wires, and the paths that light up their chapters on the map.
document.addEventListener("DOMContentLoaded", () => {
  const frames = [...document.querySelectorAll(".lc-live-frame")];
  const score = document.querySelector(".lc-live output");
  for (const choice of document.querySelectorAll(".lc-choices input")) {
    choice.addEventListener("change", () => {
      frames.forEach((frame, index) => { frame.hidden = index !== Number(choice.value); });
      score.value = frames[Number(choice.value)].dataset.score;
    });
  }

  const map = document.querySelector(".lc-map");
  const said = map.querySelector("p");
  const rest = said.textContent;
  const buttons = [...document.querySelectorAll(".lc-paths button")];
  const chapters = [...map.querySelectorAll("[data-chapter]")];
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  function light(names) {
    map.classList.toggle("lc-on", names.length > 0);
    for (const chapter of chapters) {
      const place = names.indexOf(chapter.dataset.chapter);
      chapter.classList.toggle("lc-hit", place >= 0);
      chapter.querySelector(".lc-nr").textContent = place >= 0 ? place + 1 : "";
    }
  }

  function words(button, names) {
    const titles = names.map((name) =>
      chapters.find((each) => each.dataset.chapter === name).querySelector(".lc-name").textContent);
    const [title, hours] = ["b", "small"].map((tag) => button.querySelector(tag).textContent);
    return `${title}, ${hours}: ${titles.join(", ")}.`;
  }

  for (const button of buttons) {
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      for (const other of buttons) other.setAttribute("aria-pressed", String(on && other === button));
      const names = on ? button.dataset.chapters.split(" ") : [];
      light(names);
      said.textContent = on ? words(button, names) : rest;
      if (on) map.scrollIntoView({ block: "start", behavior: calm.matches ? "auto" : "smooth" });
    });
  }
});
