// Two ways through one checklist: by runbook or by hand. The choice is kept; a link into the other way switches to it.
"use strict";

deploybook.way = (function () {
  const { store } = deploybook;
  const choices = [...document.querySelectorAll("input[name=db-way]")];
  if (!choices.length) {
    return { show() {}, hides: () => false };
  }

  // What `deploybook init` says as well is folded for those who go by runbook, until they open it.
  let folded = "";

  const chosen = () => (store.option("by-hand") ? "hand" : "runbook");
  const hidden = () => `.db-way-${chosen() === "hand" ? "runbook" : "hand"}`;

  function show() {
    document.documentElement.dataset.dbWay = chosen();
    choices.forEach((choice) => (choice.checked = choice.value === chosen()));
    if (folded !== chosen()) {
      folded = chosen();
      document.querySelectorAll("details.db-open-by-hand").forEach((each) => (each.open = folded === "hand"));
    }
    // The table of contents has no line for what is out of sight.
    for (const link of document.querySelectorAll(".md-nav--secondary a[href^='#']")) {
      const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
      link.parentElement.hidden = Boolean(target && target.closest(hidden()));
    }
  }

  function choose(way) {
    store.setOption("by-hand", way === "hand");
  }

  // What is asked for by its address is shown, whichever way it belongs to.
  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) {
      return;
    }
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      fold.open = true;
    }
    if (target.closest(hidden())) {
      choose(chosen() === "hand" ? "runbook" : "hand");
      target.scrollIntoView();
    }
  }

  choices.forEach((choice) => choice.addEventListener("change", () => choose(choice.value)));
  addEventListener("hashchange", reveal);
  // Paper has no folds to open.
  addEventListener("beforeprint", () => document.querySelectorAll("details.db-fold").forEach((each) => (each.open = true)));
  return { show, reveal, hides: (element) => element.closest(hidden()) !== null };
})();
