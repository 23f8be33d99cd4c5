// Shows what the browser keeps, now and whenever it changes, in this tab or another.
"use strict";

(function () {
  const { store, way, names, environments, progress, tracking } = deploybook;
  const told = document.querySelector("#db-whose b");

  function show() {
    for (const part of [way, environments, names, progress, tracking]) {
      part.show();
    }
    if (told) {
      told.textContent = store.current();
    }
    // What was filled in may be wider than its frame.
    dispatchEvent(new Event("resize"));
  }

  document.documentElement.classList.add("db-scripts");
  store.watch(show);
  show();
  way.reveal?.();
  progress.reveal?.();
})();
