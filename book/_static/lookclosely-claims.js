// The filter of the page of claims. "#held", "#part", "#not" and "#c09" are links to it.
document.addEventListener("DOMContentLoaded", () => {
  const filter = document.querySelector(".lc-filter");
  const said = document.querySelector(".lc-shown");
  const items = [...document.querySelectorAll("[data-verdict]")];
  const choices = [...filter.querySelectorAll("input")];

  function show(value) {
    let count = 0;
    for (const item of items) {
      item.hidden = value !== "all" && item.dataset.verdict !== value;
      count += !item.hidden && item.classList.contains("lc-claim-card");
    }
    said.textContent = count ? `${count} shown.` : "None.";
  }

  function follow() {
    const name = location.hash.slice(1);
    const choice = choices.find((each) => each.value === name);
    const card = document.getElementById(name);
    if (!choice && !card?.matches(".lc-claim-card")) return;
    const chosen = choice ?? choices[0];
    chosen.checked = true;
    show(chosen.value);
    if (card) card.scrollIntoView();
  }

  for (const choice of choices) {
    choice.addEventListener("change", () => {
      show(choice.value);
      history.replaceState(null, "", choice.value === "all" ? "#" : `#${choice.value}`);
    });
  }
  filter.hidden = false;
  addEventListener("hashchange", follow);
  follow();
});
