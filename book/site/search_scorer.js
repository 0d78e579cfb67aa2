// Which page a search lists first. WORDS knows, for what people type, the page that explains it.
const WORDS = {};
const LATER = { "book/bibliography": 12, "book/slide-map": 12, "book/errata": 8, "book/timings": 12,
  "book/contributing": 10, "book/data": 6, "book/about": 4 };

function plainWords(text) {
  const flat = text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  return flat.replace(/×/g, "x").replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

var Scorer = {
  // result: page, title, anchor, description, score, file
  score: ([page, , anchor, , score]) => {
    const query = plainWords(new URLSearchParams(location.search).get("q") || "");
    const best = (WORDS[query] || []).indexOf(page);
    const found = best < 0 ? 0 : (anchor ? 100 : 200) - 10 * best;
    const chapter = page.startsWith("chapters/") ? 5 : 0;
    return score + found + chapter - (LATER[page] || 0);
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
