// What this browser keeps of a reader's work: for each environment its ticks, its names and how its variables stand.
// Nothing leaves the page, and nothing secret comes into it: names are held to the contract's patterns, statuses to a list of words.
"use strict";

window.deploybook = window.deploybook || {};

deploybook.store = (function () {
  const INDEX = "deploybook:environments";
  const FIRST = "production";
  const watchers = [];
  // Where the browser keeps nothing (a private window may not), the page still works until it is closed.
  const memory = new Map();
  const storage = usable();

  function usable() {
    try {
      localStorage.setItem("deploybook:probe", "1");
      localStorage.removeItem("deploybook:probe");
      return localStorage;
    } catch {
      return null;
    }
  }

  function read(key, empty) {
    const text = storage ? storage.getItem(key) : memory.get(key);
    if (text === null || text === undefined) {
      return empty;
    }
    try {
      return { ...empty, ...JSON.parse(text) };
    } catch {
      // What cannot be read is not written over.
      write(`${key}:unreadable`, text);
      return empty;
    }
  }

  function write(key, value) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    if (storage) {
      storage.setItem(key, text);
    } else {
      memory.set(key, text);
    }
  }

  function remove(key) {
    if (storage) {
      storage.removeItem(key);
    }
    memory.delete(key);
  }

  const index = () => read(INDEX, { current: FIRST, every: [FIRST], options: {} });
  const keyOf = (environment) => `deploybook:environment:${environment}`;
  const state = () => read(keyOf(index().current), { ticks: {}, names: {}, standings: {} });

  function told() {
    watchers.forEach((watcher) => watcher());
  }

  function changeIndex(change) {
    write(INDEX, { ...index(), ...change });
    told();
  }

  function changeState(part, key, value) {
    const before = state();
    const { [key]: _, ...others } = before[part];
    const changed = value === undefined || value === "" || value === false ? others : { ...others, [key]: value };
    write(keyOf(index().current), { ...before, [part]: changed });
    told();
  }

  // Another tab's change is this one's too.
  addEventListener("storage", (event) => {
    if (event.key === null || event.key.startsWith("deploybook:")) {
      told();
    }
  });

  return {
    keeps: storage !== null,
    first: FIRST,
    watch: (watcher) => watchers.push(watcher),
    current: () => index().current,
    every: () => index().every,
    use: (environment) => changeIndex({ current: environment }),
    option: (name) => index().options[name] === true,
    setOption: (name, on) => changeIndex({ options: { ...index().options, [name]: on } }),

    ticked: (id) => state().ticks[id] === true,
    tick: (id, on) => changeState("ticks", id, on),
    name: (placeholder) => state().names[placeholder] || "",
    setName: (placeholder, value) => changeState("names", placeholder, value),
    // Browsers have them stored as `standings`.
    status: (variable, place) => state().standings[`${variable} ${place}`] || "",
    setStatus: (variable, place, status) => changeState("standings", `${variable} ${place}`, status),
    setStatuses(statuses) {
      const before = state();
      write(keyOf(index().current), { ...before, standings: { ...before.standings, ...statuses } });
      told();
    },

    // A new environment begins with names alone: nothing of it is done yet.
    add(environment, names) {
      write(keyOf(environment), { ticks: {}, names, standings: {} });
      changeIndex({ current: environment, every: [...index().every, environment] });
    },
    forget() {
      const { current, every } = index();
      remove(keyOf(current));
      const left = every.filter((each) => each !== current);
      changeIndex({ current: left[0] || FIRST, every: left.length ? left : [FIRST] });
    },
  };
})();
