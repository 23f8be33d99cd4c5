// What a run asks, and what it lacks: asked for on the page. A secret's field is masked and leaves nothing behind.

import { button, element } from "./dom.js";
import { ask } from "./server.js";

let count = 0;

export function questionOf(run) {
  const form = { apply: applyForm, destroy: destroyForm, value: valueForm }[run.question.ask](run);
  form.dataset.question = run.question.question;
  return form;
}

function card(title, ...children) {
  const id = `ds-question-${(count += 1)}`;
  return element("form", { class: "ds-card", "aria-labelledby": id, autocomplete: "off" }, element("h3", { id, tabindex: -1 }, title), ...children);
}

function sending(form, run, answerOf) {
  const { question } = run.question;
  const problem = element("p", { class: "db-problem", role: "alert" });
  form.append(problem);
  const send = async (answer) => {
    form.querySelectorAll("button, input").forEach((each) => (each.disabled = true));
    try {
      await ask(`runs/${run.name}/answer`, { question, answer });
    } catch (error) {
      problem.textContent = `${error.message} ${error.hint || ""}`;
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const answer = answerOf();
    if (answer !== undefined) {
      send(answer);
    }
  });
  return { send, problem };
}

function applyForm(run) {
  const { plan } = run;
  const names = plan.lines.filter((line) => line.startsWith(" ")).length;
  const form = card(
    names ? `Apply this plan to ${run.environment}?` : `The plan changes nothing in ${run.environment}. Apply, to verify it?`,
    element("pre", { class: "ds-plan", tabindex: 0 }, plan.lines.join("\n")),
    element("p", {}, "It changes the real clouds, in your own accounts."),
    element("button", { type: "submit", class: "db-button ds-go" }, "Apply"),
  );
  const { send } = sending(form, run, () => true);
  form.append(button("Change nothing", () => send(false)));
  return form;
}

function destroyForm(run) {
  const id = `ds-typed-${(count += 1)}`;
  const typed = element("input", { id, type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
  const form = card(
    `Destroy what was made for ${run.environment}?`,
    element("pre", { class: "ds-plan", tabindex: 0 }, run.question.removals.join("\n")),
    element("p", {}, "It cannot be undone."),
    element("label", { for: id }, "Type the environment's name to go on"),
    typed,
    element("button", { type: "submit", class: "db-button ds-danger" }, "Destroy"),
  );
  const { send, problem } = sending(form, run, () => {
    if (typed.value !== run.environment) {
      problem.textContent = `Type ${run.environment}, as it stands in the question.`;
      return undefined;
    }
    return typed.value;
  });
  form.append(button("Destroy nothing", () => send(null)));
  return form;
}

function valueForm(run) {
  const { name, description, where, secret } = run.question;
  const id = `ds-value-${(count += 1)}`;
  const field = element("input", { id, type: secret ? "password" : "text", autocomplete: "new-password", spellcheck: "false", "aria-describedby": `${id}-where` });
  const form = card(
    `Only you can copy ${name}`,
    element("p", {}, description),
    element("p", { id: `${id}-where` }, `Copy it: ${where}. Leave it for later, and the sections that need it wait.`),
    run.rejected ? element("p", { class: "db-problem", role: "alert" }, run.rejected) : "",
    element("label", { for: id }, name),
    field,
    element("button", { type: "submit", class: "db-button ds-go" }, "Go on"),
  );
  const { send } = sending(form, run, () => {
    const { value } = field;
    field.value = "";
    return value === "" ? undefined : value;
  });
  form.append(button("Leave it for later", () => send(null)));
  return form;
}

// What a run lacks. `again` starts it once more when all of it is there.
export function missingOf(run, credentials, again) {
  const known = Object.fromEntries(credentials.map((credential) => [credential.name, credential]));
  const asked = run.missing.filter((problem) => known[problem.name] || problem.kind === 1);
  const others = run.missing.filter((problem) => !asked.includes(problem));
  if (!asked.length) {
    return null;
  }
  const fields = asked.map((problem) => inputField(problem.name, known[problem.name], problem));
  const form = card(`${asked.length === 1 ? "One input is" : `${asked.length} inputs are`} missing`, ...fields);
  form.append(...others.map((problem) => element("p", { class: "db-problem" }, problem.line)));
  form.append(element("button", { type: "submit", class: "db-button ds-go" }, "Check and go on"), element("p", { class: "ds-small" }, KEPT));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keep(form, run.environment, asked.some((problem) => known[problem.name]), again);
  });
  return form;
}

const KEPT = "Kept in the memory of deploybook serve until it ends; a run gets them in its environment. Nothing is written, and nothing stays in this page.";

export function inputField(name, credential, problem = {}) {
  const id = `ds-input-${(count += 1)}`;
  const field = element("input", {
    id,
    name,
    type: credential?.secret ? "password" : "text",
    autocomplete: credential?.secret ? "new-password" : "off",
    autocapitalize: "off",
    spellcheck: "false",
    "aria-describedby": `${id}-about ${id}-problem`,
  });
  const about = credential ? `From: ${credential.made_at}. ${tick(credential.permissions)}.` : `${problem.source || ""}.`;
  return element(
    "div",
    { class: "ds-field" },
    element("label", { for: id }, name),
    field,
    element("p", { class: "ds-small", id: `${id}-about` }, ...withCode(about)),
    element("p", { class: "db-problem", id: `${id}-problem`, role: "alert" }),
  );
}

// What the contract says of a credential's permissions; it has none to tick where it begins with "none".
function tick(permissions) {
  const rest = permissions.replace(/^none(?: to choose)?[;:] /, "");
  return rest === permissions ? `Tick: ${rest}` : rest[0].toUpperCase() + rest.slice(1);
}

// What stands between backticks is code.
function withCode(text) {
  return text.split("`").map((part, place) => (place % 2 ? element("code", {}, part) : part));
}

// Give what was typed to the server, then have the providers asked: `then` is called if none of them refuses.
export async function keep(form, environment, check, then) {
  const fields = [...form.querySelectorAll("input[name]")];
  const values = Object.fromEntries(fields.filter((field) => field.value).map((field) => [field.name, field.value.trim()]));
  const say = (name, text) => {
    const field = fields.find((each) => each.name === name);
    if (field) {
      document.getElementById(`${field.id}-problem`).textContent = text;
      field.setAttribute("aria-invalid", String(text !== ""));
    }
    return Boolean(field);
  };
  fields.forEach((field) => say(field.name, ""));
  const submit = form.querySelector("button[type=submit]");
  submit.disabled = true;
  submit.dataset.text ||= submit.textContent;
  submit.textContent = "Checking …";
  try {
    const { problems } = await ask("inputs", { environment, values });
    Object.entries(problems).forEach(([name, text]) => say(name, text));
    if (Object.keys(problems).length || (check && (await refused(form, environment, say)))) {
      return;
    }
    fields.forEach((field) => (field.value = ""));
    then();
  } catch (problem) {
    form.append(element("p", { class: "db-problem", role: "alert" }, `${problem.message} ${problem.hint || ""}`));
  } finally {
    submit.disabled = false;
    submit.textContent = submit.dataset.text;
  }
}

async function refused(form, environment, say) {
  const { providers = [], error } = await ask("check", { environment });
  if (error) {
    throw Object.assign(new Error(error), { hint: "" });
  }
  let any = false;
  for (const { credentials, refused: why, hint } of providers.filter((provider) => provider.refused)) {
    // One that was there before is told of by the run.
    const shown = credentials.filter((name) => say(name, `${why} ${hint}`));
    any ||= shown.length > 0;
  }
  return any;
}
