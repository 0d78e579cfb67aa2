// The filter of the page of conventions. "#nms-threshold" is a row, "#a=torchvision&b=detectron2"
// two libraries side by side.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector(".lc-choose");
  const said = document.querySelector(".lc-shown");
  const rows = [...document.querySelectorAll(".lc-row")];
  const topics = [...document.querySelectorAll(".lc-topic")];
  const { topic, a, b } = form.elements;

  const answer = (row, library) => row.querySelector(`tr[data-library="${library}"]`);

  function show() {
    const both = [a.value, b.value].filter((name, place, all) => name && all.indexOf(name) === place);
    let count = 0;
    let differ = 0;
    for (const row of rows) {
      const found = both.map((library) => answer(row, library));
      const within = !topic.value || row.closest(".lc-topic").dataset.topic === topic.value;
      row.hidden = !within || found.includes(null);
      const differs = !row.hidden && found.length === 2 && found[0].dataset.value !== found[1].dataset.value;
      row.classList.toggle("lc-differs", differs);
      count += !row.hidden;
      differ += differs;
      for (const each of row.querySelectorAll("tbody tr")) {
        each.hidden = both.length === 2 && !found.includes(each);
      }
    }
    for (const each of topics) each.hidden = !each.querySelector(".lc-row:not([hidden])");
    const shown = count === 1 ? "1 choice" : `${count || "No"} choices`;
    const compared = both.length === 2 && count ? `; they differ in ${differ}, marked ≠` : "";
    said.textContent = `${shown} shown${compared}.`;
    said.hidden = !topic.value && !both.length;
  }

  function follow() {
    const hash = location.hash.slice(1);
    const row = document.getElementById(hash);
    if (hash.includes("=")) {
      const asked = new URLSearchParams(hash);
      for (const field of [topic, a, b]) field.value = asked.get(field.name) ?? "";
    } else if (row?.hidden) form.reset();
    show();
    if (row?.matches(".lc-row")) row.scrollIntoView();
  }

  form.addEventListener("change", () => {
    const asked = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    history.replaceState(null, "", `#${asked}`);
    show();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  addEventListener("hashchange", follow);
  follow();
});
