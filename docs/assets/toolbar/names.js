// The reader's own names, entered once, in every command of the page: quoted as the place in the command asks for.
"use strict";

deploybook.names = (function () {
  const { store } = deploybook;
  const ENVIRONMENT = "ENVIRONMENT";
  // What a POSIX shell takes as it stands.
  const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;
  const data = document.getElementById("db-names");
  const known = data ? JSON.parse(data.textContent) : {};

  function value(placeholder) {
    return placeholder === ENVIRONMENT ? store.current() : store.name(placeholder);
  }

  function accepts(placeholder, text) {
    const { pattern } = known[placeholder];
    return text === "" || !pattern || new RegExp(`^(?:${pattern})$`).test(text);
  }

  const quoting = {
    open: (text) => (PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`),
    // An interactive shell expands ! between double quotation marks, and a backslash does not keep it from that.
    double: (text) => text.replaceAll(/[\\"$`]/g, "\\$&").replaceAll("!", "\"'!'\""),
    single: (text) => text.replaceAll("'", "'\\''"),
    text: (text) => text,
    nowhere: (text) => text,
  };

  function fill() {
    for (const element of document.querySelectorAll("var.db-name")) {
      const { name, place } = element.dataset;
      const text = value(name);
      element.textContent = text ? quoting[place](text) : `<${name}>`;
      element.classList.toggle("db-filled", text !== "");
    }
    for (const element of document.querySelectorAll(".db-options")) {
      element.textContent = element.dataset.names.split(",").filter(Boolean).map(option).join("");
    }
  }

  // The runbooks' defaults need not be told to them.
  function option(name) {
    const text = value(name);
    if (!text || text === known[name].default) {
      return "";
    }
    return name === ENVIRONMENT ? ` --environment ${text}` : ` -p ${known[name].parameter} ${quoting.open(text)}`;
  }

  function inputs() {
    return document.querySelectorAll(".db-names input");
  }

  function show() {
    for (const input of inputs()) {
      // What is wrong, or just being typed, is not in the store.
      if (input !== document.activeElement || input.readOnly) {
        input.value = value(input.dataset.name);
        problem(input, "");
      }
    }
  }

  function problem(input, text) {
    input.setAttribute("aria-invalid", String(text !== ""));
    document.getElementById(`${input.id}-problem`).textContent = text;
  }

  function entered(input) {
    const { name } = input.dataset;
    const text = input.value.trim();
    const good = accepts(name, text);
    problem(input, good ? "" : `Not taken. ${known[name].description.replaceAll("`", "")}`);
    if (good) {
      store.setName(name, text);
    }
  }

  function fillDefaults() {
    for (const [placeholder, each] of Object.entries(known)) {
      if (placeholder !== ENVIRONMENT && each.default && !each.learned && !store.name(placeholder)) {
        store.setName(placeholder, each.default.replaceAll(store.first, store.current()));
      }
    }
  }

  // The names of this environment as they would be in another: what carries its name carries the other's.
  function forAnother(environment) {
    const own = new RegExp(`(?<![a-z0-9])${RegExp.escape ? RegExp.escape(store.current()) : store.current()}(?![a-z0-9])`, "g");
    const names = {};
    for (const [placeholder, each] of Object.entries(known)) {
      const text = store.name(placeholder);
      const moved = (text || each.default).replaceAll(own, environment);
      // A default that does not change need not be written down; what a section learns is learned anew.
      if (placeholder !== ENVIRONMENT && !each.learned && moved && (text || moved !== each.default) && accepts(placeholder, moved)) {
        names[placeholder] = moved;
      }
    }
    return names;
  }

  for (const input of inputs()) {
    input.addEventListener("input", () => entered(input));
    input.addEventListener("blur", () => !input.readOnly && entered(input));
  }
  document.getElementById("db-defaults")?.addEventListener("click", fillDefaults);

  return { known, accepts, forAnother, show: () => (fill(), show()) };
})();
