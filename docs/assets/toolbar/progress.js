// Ticks: kept for each environment, counted for each section and for all, and what is done folded away if the reader wants that.
"use strict";

deploybook.progress = (function () {
  const { store, way } = deploybook;
  const overall = document.getElementById("db-overall");
  if (!overall) {
    return { show() {} };
  }
  const collapse = document.getElementById("db-collapse");
  const opened = new Set();
  const sections = [...document.querySelectorAll(".md-content h2[id]")].map(section).filter((each) => each.boxes.length);

  // A section is its heading and all that stands before the next one: it is given an element of its own, to fold.
  function section(heading) {
    const body = document.createElement("div");
    body.id = `db-section-${heading.id}`;
    while (heading.nextElementSibling && heading.nextElementSibling.tagName !== "H2") {
      body.append(heading.nextElementSibling);
    }
    const boxes = [...body.querySelectorAll(".task-list-item input[type=checkbox], .db-box")];
    const line = document.createElement("p");
    if (boxes.length) {
      line.className = "db-progress";
      line.append(document.createElement("span"), button(body, heading.firstChild.textContent));
      heading.after(line, body);
    } else {
      heading.after(body);
    }
    return { heading, body, boxes, line };
  }

  function button(body, title) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "db-button db-small";
    made.setAttribute("aria-controls", body.id);
    made.dataset.title = title;
    made.hidden = true;
    made.addEventListener("click", () => turn(body));
    return made;
  }

  function turn(body) {
    if (!opened.delete(body.id)) {
      opened.add(body.id);
    }
    show();
  }

  // A step's own element to fold is all of it below its first line.
  for (const item of sections.flatMap(({ body }) => [...body.querySelectorAll(".task-list-item")])) {
    const first = item.querySelector(":scope > p:first-child");
    if (!first || first === item.lastElementChild) {
      continue;
    }
    const body = document.createElement("div");
    body.id = `db-body-${item.querySelector("input").id}`;
    body.className = "db-step";
    while (first.nextSibling) {
      body.append(first.nextSibling);
    }
    item.append(body);
    first.append(" ", button(body, first.querySelector("strong").textContent.replace(/\.$/, "")));
  }

  function fold(body, made, done) {
    const foldable = done && collapse.checked;
    const folded = foldable && !opened.has(body.id);
    body.classList.toggle("db-folded", folded);
    made.hidden = !foldable;
    made.textContent = folded ? "Show" : "Hide";
    made.setAttribute("aria-label", `${made.textContent} ${made.dataset.title}`);
    made.setAttribute("aria-expanded", String(!folded));
  }

  function show() {
    collapse.checked = store.option("collapse");
    let all = 0;
    let ticked = 0;
    for (const { heading, body, boxes: both, line } of sections) {
      both.forEach((box) => (box.checked = store.ticked(box.id)));
      // What belongs to the other way is not to be done.
      const boxes = both.filter((box) => !way.hides(box));
      line.hidden = boxes.length === 0;
      const done = boxes.filter((box) => box.checked).length;
      line.firstChild.textContent = `${done} of ${boxes.length} done`;
      line.classList.toggle("db-done", done === boxes.length && boxes.length > 0);
      fold(body, line.lastChild, boxes.length > 0 && done === boxes.length);
      mark(heading.id, done, boxes.length);
      all += boxes.length;
      ticked += done;
    }
    for (const body of document.querySelectorAll(".db-step")) {
      fold(body, document.querySelector(`[aria-controls="${body.id}"]`), document.getElementById(body.id.slice("db-body-".length)).checked);
    }
    overall.max = all;
    overall.value = ticked;
    document.getElementById("db-overall-text").textContent = `${ticked} of ${all} done in ${store.current()}`;
  }

  // The table of contents says it too, so that the way on is seen from everywhere.
  function mark(id, done, all) {
    for (const link of document.querySelectorAll(`.md-nav--secondary a[href="#${id}"]`)) {
      let count = link.querySelector(".db-count");
      if (!count) {
        count = document.createElement("span");
        count.className = "db-count";
        link.append(" ", count);
      }
      count.textContent = all === 0 ? "" : done === all ? "✓" : `${done}/${all}`;
    }
  }

  // A link into what is folded opens it.
  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const folded = target ? [...document.querySelectorAll(".db-folded")].filter((each) => each.contains(target) || each.previousElementSibling?.previousElementSibling === target) : [];
    if (folded.length) {
      folded.forEach((each) => opened.add(each.id));
      show();
      target.scrollIntoView();
    }
  }

  for (const box of sections.flatMap(({ boxes }) => boxes)) {
    box.disabled = false;
    box.addEventListener("change", () => {
      opened.delete(`db-body-${box.id}`);
      store.tick(box.id, box.checked);
    });
  }
  collapse.addEventListener("change", () => {
    opened.clear();
    store.setOption("collapse", collapse.checked);
  });
  addEventListener("hashchange", reveal);
  return { show, reveal };
})();
