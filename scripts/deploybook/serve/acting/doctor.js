// The doctor as a page: what is wrong, why, and the fix beside it.

import { button, element } from "./dom.js";
import { entryButton, fixLine } from "./entry.js";
import { ask } from "./server.js";

export function makeDoctor(place, context) {
  const told = element("div", { class: "ds-diagnosis", role: "status" });
  const examine = button("Examine", look, { class: "db-button ds-go" });
  place.append(element("p", {}, examine, " ", element("span", { class: "ds-small" }, "It runs the checks of every section that was begun, and changes nothing.")), told);

  async function look() {
    const environment = context.environment();
    examine.disabled = true;
    told.replaceChildren(element("p", {}, `Examining ${environment} …`));
    try {
      told.replaceChildren(...report(await ask("doctor", { environment }), environment));
    } catch (problem) {
      told.replaceChildren(element("p", { class: "db-problem" }, `${problem.message} ${problem.hint || ""}`));
    } finally {
      examine.disabled = false;
    }
  }

  function report(found, environment) {
    if (found.error) {
      return [element("pre", { class: "ds-plan", tabindex: 0 }, found.error)];
    }
    const left = Object.entries(found.left_out).map(([slug, why]) => element("li", {}, `${slug}: ${why} `));
    const rest = left.length ? [element("h2", {}, "Not examined"), element("ul", {}, ...left)] : [];
    if (!found.causes.length) {
      return [element("p", { class: "ds-fine" }, `✓ Nothing is wrong: ${found.held} claims hold in ${environment}.`), ...rest];
    }
    const follow = found.consequences.map((each) => element("li", {}, each));
    return [
      ...found.causes.map((cause) => causeOf(cause, environment)),
      ...(follow.length ? [element("h2", {}, "What follows from it, most likely"), element("ul", {}, ...follow)] : []),
      ...rest,
    ];
  }

  function causeOf(cause, environment) {
    const shown = cause.evidence.map((each) => element("li", { class: "ds-line ds-is-failed" }, "✗ ", each));
    return element(
      "section",
      { class: "ds-cause" },
      element("h2", {}, `${cause.title} — ${cause.sections.map(context.title).join(", ")}`),
      element("ul", { class: "ds-lines" }, ...shown),
      ...(cause.fix.length ? cause.fix.map((command) => fixLine(command, environment)) : [element("p", {}, cause.hint)]),
      entryButton(cause.entry, environment, cause.sections),
    );
  }
}
