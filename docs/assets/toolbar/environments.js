// The bar over the checklist: which environment the ticks and the names belong to.
"use strict";

deploybook.environments = (function () {
  const { store, names } = deploybook;
  const select = document.getElementById("db-environment");
  if (!select) {
    return { show() {} };
  }
  const form = document.getElementById("db-copying");
  const open = document.getElementById("db-copy");
  const name = document.getElementById("db-new");
  const problem = document.getElementById("db-new-problem");
  const told = document.getElementById("db-message");

  function show() {
    const options = store.every().map((each) => new Option(each, each, false, each === store.current()));
    select.replaceChildren(...options);
    if (!store.keeps) {
      told.textContent = "This browser keeps nothing for this page: what you enter is lost when it is closed.";
    }
  }

  function unfold(shown) {
    form.hidden = !shown;
    open.setAttribute("aria-expanded", String(shown));
    problem.textContent = "";
    if (shown) {
      name.value = "";
      name.focus();
    }
  }

  function copy(event) {
    event.preventDefault();
    const wanted = name.value.trim();
    if (wanted === "" || !names.accepts("ENVIRONMENT", wanted)) {
      problem.textContent = "Not taken. Use a to z, 0–9 and -, a letter first.";
    } else if (store.every().includes(wanted)) {
      problem.textContent = `There is ${wanted} already: choose it above.`;
    } else {
      const before = store.current();
      const moved = names.forAnother(wanted);
      store.add(wanted, moved);
      unfold(false);
      select.focus();
      told.textContent = copied(before, wanted, moved);
    }
  }

  function copied(before, wanted, moved) {
    const same = Object.keys(moved).filter((each) => !moved[each].includes(wanted));
    const check = same.length ? ` These are the same in both; check that they should be: ${same.join(", ")}.` : "";
    return `You are at ${wanted}: the names of ${before} with ${wanted} in them, and nothing ticked.${check}`;
  }

  function forget() {
    const current = store.current();
    if (confirm(`Forget the ticks, names and states of ${current} in this browser? Nothing else is changed. There is no undo.`)) {
      store.forget();
      told.textContent = `${current} is forgotten in this browser.`;
    }
  }

  select.addEventListener("change", () => store.use(select.value));
  open.addEventListener("click", () => unfold(form.hidden));
  form.addEventListener("submit", copy);
  form.addEventListener("keydown", (event) => event.key === "Escape" && (unfold(false), open.focus()));
  document.getElementById("db-forget").addEventListener("click", forget);
  document.getElementById("db-print").addEventListener("click", () => print());
  return { show };
})();
