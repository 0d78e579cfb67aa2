() => {
  // What is wrong in the drawings that are visible: texts outside, on texts, or across edges.
  const faults = [], sizes = [];
  const visible = [...document.querySelectorAll("svg.lc-net")].filter(s => s.getClientRects().length);
  const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
  const shrunk = (r, by) => ({ left: r.left + by, right: r.right - by, top: r.top + 3, bottom: r.bottom - 4 });
  const inside = (a, b) => a.left >= b.left && a.right <= b.right && a.top >= b.top && a.bottom <= b.bottom;
  for (const svg of visible) {
    const name = svg.querySelector("title").textContent, frame = svg.getBoundingClientRect();
    const scale = frame.width / svg.viewBox.baseVal.width;
    const texts = [...svg.querySelectorAll("text")].map(t => ({
      words: t.textContent, own: t.matches(".lc-badge, .lc-port"), box: t.getBoundingClientRect(), tight: shrunk(t.getBoundingClientRect(), 1),
    }));
    for (const t of svg.querySelectorAll("text")) sizes.push(parseFloat(getComputedStyle(t).fontSize) * scale);
    for (const shape of svg.querySelectorAll("rect, circle, path, image, ellipse")) {
      const box = shape.getBoundingClientRect();
      if (box.left < frame.left - .5 || box.right > frame.right + .5 || box.top < frame.top - .5 || box.bottom > frame.bottom + .5)
        faults.push(`${name}: a ${shape.tagName} leaves the drawing at ${Math.round(box.left - frame.left)}, ${Math.round(box.top - frame.top)}`);
    }
    texts.forEach((one, k) => {
      if (!inside(one.tight, frame)) faults.push(`${name}: "${one.words}" leaves the drawing`);
      for (const other of texts.slice(k + 1))
        if (!apart(one.tight, other.tight)) faults.push(`${name}: "${one.words}" lies on "${other.words}"`);
    });
    // Closed shapes: a text lies within one or beside it, never across its edge.
    for (const shape of svg.querySelectorAll("rect:not(.lc-behind), circle")) {
      if (shape.closest("g") || getComputedStyle(shape).stroke === "none" && shape.tagName === "rect") continue;
      const box = shape.getBoundingClientRect(), r = box.width / 2;
      const clear = t => shape.tagName === "circle" && Math.hypot(
        Math.max(t.left - box.left - r, 0, box.left + r - t.right),
        Math.max(t.top - box.top - r, 0, box.top + r - t.bottom)) >= r;
      for (const one of texts)
        if (!clear(one.tight) && !one.own && !apart(one.tight, box) && !inside(one.tight, box)) faults.push(`${name}: "${one.words}" crosses the edge of a ${shape.tagName}`);
    }
    // Lines: those that run through a text, unless the text has a halo and is the line's own label.
    for (const line of svg.querySelectorAll('path[fill="none"]')) {
      if (line.closest("g") || line.getAttribute("stroke-dasharray") === "1.5 4") continue;
      const length = line.getTotalLength(), matrix = svg.getScreenCTM();
      const hit = new Set();
      for (let at = 0; at <= length; at += 2) {
        const p = line.getPointAtLength(at).matrixTransform(matrix);
        for (const one of texts)
          if (p.x > one.tight.left && p.x < one.tight.right && p.y > one.tight.top && p.y < one.tight.bottom) hit.add(one.words);
      }
      for (const words of hit) faults.push(`${name}: an arrow runs through "${words}"`);
    }
  }
  return { drawings: visible.length, smallest: Math.min(...sizes), faults };
}
