// An operator pastes a message into the search box, with what stood around it. The theme would take `word:`, `-x`, `"x y"`, `~` and `^` in
// it for operators, each word for the beginning of others, and a word in a title for worth more than a whole line. It is given, instead
// of what the box shows, the title of the entry that has the message, or else the message's words as words.
"use strict";

(function () {
  const LONG = 4; // words from which on a text was pasted, not typed

  let entries = [];

  function words(text) {
    const found = text.match(/[\p{L}\p{N}_]+(?:\.[\p{L}\p{N}_]+)*/gu) ?? [];
    return [...new Set(found.filter((word) => word.length > 1))];
  }

  function pattern(message) {
    const literal = (part) => part.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+");
    return new RegExp(message.split("…").map(literal).join(".*?"), "is");
  }

  function asQuery(text) {
    const known = entries.find((entry) => entry.pattern.test(text));
    if (known) {
      return words(known.title).map((word) => `title:${word}^1`).join(" ");
    }
    const plain = words(text);
    // With a number after it a word is itself only; without, what is being typed finds the words that begin so.
    return plain.length < LONG ? text.replace(/[*+~^:"\\]|(?<=^|\s)-+/g, " ") : plain.map((word) => `${word}^1`).join(" ");
  }

  function handOver(box) {
    const shown = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
    Object.defineProperty(box, "value", {
      configurable: true,
      get() {
        return asQuery(shown.get.call(this));
      },
      set(text) {
        shown.set.call(this, text);
      },
    });
    // The theme looks at a key that goes up; a paste by the mouse has none.
    box.addEventListener("input", () => box.dispatchEvent(new KeyboardEvent("keyup")));
  }

  const box = document.querySelector("[data-md-component=search-query]");
  if (box) {
    handOver(box);
    // A script and not a fetch: a page that is opened from a file may load it.
    const file = new URL("messages.js", document.currentScript.src);
    box.addEventListener("focus", () => load(file), { once: true });
  }

  function load(file) {
    const script = document.createElement("script");
    script.src = file;
    script.addEventListener("load", () => {
      entries = deploybook.messages.map(({ message, title }) => ({ title, pattern: pattern(message) }));
      box.dispatchEvent(new KeyboardEvent("keyup"));
    });
    document.head.append(script);
  }
})();
