// The tracking table: which variable is set where, by hand or as `deploybook env status --json` found it. It has names and words, no values.
"use strict";

deploybook.tracking = (function () {
  const { store } = deploybook;
  const region = document.getElementById("db-tracking");
  if (!region) {
    return { show() {} };
  }
  // The words of a comparison (deploybook.clouds.comparison.DriftStatus), and the reader's own.
  const BY_HAND = "by hand";
  const THERE = new Set(["equal", BY_HAND]);
  const WRONG = new Set(["differs", "missing", "set for another target", "only there"]);
  const UNTOLD = new Set(["cannot be told", "not asked"]);
  const boxes = [...document.querySelectorAll("input[data-variable]")];
  const left = document.getElementById("db-left");
  const told = document.getElementById("db-tracking-message");
  const file = document.getElementById("db-file");
  const paste = document.getElementById("db-paste");
  const pasting = document.getElementById("db-pasting");
  const pasted = document.getElementById("db-pasted");

  const status = (box) => store.status(box.dataset.variable, box.dataset.place);

  function show() {
    left.checked = store.option("left");
    for (const box of boxes) {
      const word = status(box);
      box.checked = THERE.has(word);
      const sign = box.parentElement.querySelector(".db-status");
      sign.textContent = WRONG.has(word) ? ` ✗ ${word}` : UNTOLD.has(word) ? ` ? ${word}` : "";
      box.parentElement.classList.toggle("db-wrong", WRONG.has(word));
    }
    for (const row of rows()) {
      row.hidden = left.checked && [...row.querySelectorAll("input[data-variable]")].every((box) => box.checked);
    }
  }

  function rows() {
    return new Set(boxes.map((box) => box.closest("tr")));
  }

  function take(text, source) {
    try {
      const { statuses, summary } = read(JSON.parse(text));
      store.setStatuses(statuses);
      told.textContent = `Taken from ${source}: ${summary}`;
      told.classList.remove("db-problem");
    } catch (problem) {
      told.textContent = `Nothing was taken from ${source}: ${problem instanceof SyntaxError ? "it is not JSON." : problem.message}`;
      told.classList.add("db-problem");
    }
  }

  // Throws an Error that says what the text is not; nothing of it is kept then.
  function read(data) {
    if (!data || !Array.isArray(data.variables) || data.variables.some((each) => Array.isArray(each.consumers))) {
      throw new Error("it is not what deploybook env status --json prints.");
    }
    if (data.environment && data.environment !== store.current()) {
      throw new Error(`it is about ${data.environment}, and you are at ${store.current()}. Choose ${data.environment} above first.`);
    }
    const statuses = {};
    const unknown = [];
    for (const { name, vault, consumers, optional, credential } of data.variables) {
      const here = boxes.filter((box) => box.dataset.variable === name);
      if (!here.length) {
        unknown.push(name);
      }
      for (const box of here) {
        const { place } = box.dataset;
        // What may be left out, and what only the operator keeps, is not missed in the vault.
        const missed = !(vault === false && (optional || credential));
        const word = place !== "vault" ? (consumers || {})[place] : missed ? vaultWord(vault) : "";
        if (word !== undefined && word !== "") {
          accept(word, name, place);
          // A place that could not be asked says nothing against what the reader ticked.
          if (!UNTOLD.has(word) || !box.checked) {
            statuses[`${name} ${place}`] = word;
          }
        }
      }
    }
    return { statuses, summary: summary(statuses, unknown) };
  }

  function vaultWord(vault) {
    return vault === true ? "equal" : vault === false ? "missing" : vault;
  }

  function accept(word, name, place) {
    if (!THERE.has(word) && !WRONG.has(word) && !UNTOLD.has(word)) {
      throw new Error(`${name} at ${place} has a state that this page does not know.`);
    }
  }

  function summary(statuses, unknown) {
    const words = Object.values(statuses);
    const counted = (set) => words.filter((word) => set.has(word)).length;
    const elsewhere = unknown.length ? ` Not in this guide, left out: ${unknown.length}.` : "";
    return `${counted(THERE)} set, ${counted(WRONG)} wrong or missing, ${counted(UNTOLD)} not known.${elsewhere}`;
  }

  // The form of `deploybook env status --json`, so that it can be taken over again.
  function asJson() {
    const variables = [...rows()].map((row) => {
      const own = [...row.querySelectorAll("input[data-variable]")];
      const consumers = own.filter((box) => box.dataset.place !== "vault").map((box) => [box.dataset.place, status(box)]);
      const vault = own.find((box) => box.dataset.place === "vault");
      return { name: own[0].dataset.variable, vault: vault ? status(vault) : "", consumers: Object.fromEntries(consumers) };
    });
    return JSON.stringify({ environment: store.current(), variables }, null, 1);
  }

  function asCsv() {
    const cells = boxes.map((box) => [box.dataset.variable, box.dataset.place, secrecy(box), status(box) || "not set"]);
    return [["variable", "place", "secret", "state"], ...cells].map((row) => row.join(",")).join("\r\n") + "\r\n";
  }

  function secrecy(box) {
    return box.closest("tr").querySelector("td:nth-child(5)").textContent.trim();
  }

  function save(text, type, ending) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = `variables-${store.current()}.${ending}`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  async function takeFile(chosen) {
    if (chosen) {
      take(await chosen.text(), chosen.name);
    }
  }

  for (const box of boxes) {
    box.disabled = false;
    box.addEventListener("change", () => store.setStatus(box.dataset.variable, box.dataset.place, box.checked ? BY_HAND : ""));
  }
  left.addEventListener("change", () => store.setOption("left", left.checked));
  file.addEventListener("change", () => takeFile(file.files[0]).then(() => (file.value = "")));
  paste.addEventListener("click", () => {
    pasting.hidden = !pasting.hidden;
    paste.setAttribute("aria-expanded", String(!pasting.hidden));
    if (!pasting.hidden) {
      pasted.focus();
    }
  });
  pasting.addEventListener("submit", (event) => {
    event.preventDefault();
    take(pasted.value, "what was pasted");
    pasted.value = "";
  });
  document.getElementById("db-csv").addEventListener("click", () => save(asCsv(), "text/csv", "csv"));
  document.getElementById("db-json").addEventListener("click", () => save(asJson(), "application/json", "json"));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    takeFile(event.dataTransfer.files[0]).then(() => told.scrollIntoView({ block: "center" }));
  });
  return { show, take };
})();
