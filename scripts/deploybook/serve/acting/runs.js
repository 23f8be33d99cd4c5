// What is known of each run, from the feed's lines: the newest of each section is the one that is shown.

const watchers = [];
const runs = new Map();

export const watch = (watcher) => watchers.push(watcher);
export const all = () => [...runs.values()];
export const goingOn = (environment) => all().find((run) => !run.ended && run.environment === environment);
export const latestOf = (slug, environment) =>
  all().findLast((run) => run.environment === environment && (slug ? run.sections.includes(slug) : run.whole));

let everySection = [];

export function know(sections) {
  everySection = sections;
}

export function take(line) {
  const run = line.kind === "run" ? begin(line) : runs.get(line.run);
  if (run) {
    (steps[line.kind] || (() => {}))(run, line);
    watchers.forEach((watcher) => watcher(run, line));
  }
}

function begin(line) {
  const chosen = line.sections.length ? line.sections : everySection;
  const run = {
    name: line.run,
    own: line.own,
    asked: line.mode,
    mode: line.mode,
    environment: line.environment,
    sections: chosen,
    whole: chosen.length > 1,
    results: {},
    question: null,
    plan: null,
    missing: null,
    refused: null,
    outcome: [],
    ended: null,
  };
  runs.set(line.run, run);
  return run;
}

const steps = {
  run_started(run, line) {
    run.mode = line.mode;
    run.sections = line.sections;
    run.results = Object.fromEntries(line.sections.map((slug) => [slug, { status: "waiting", cells: {}, now: "", waits: "" }]));
  },
  section_started(run, line) {
    Object.assign(run.results[line.section], { status: "running", since: Date.now(), cells: {} });
  },
  cell_started(run, line) {
    const result = run.results[line.section];
    result.now = line.cell;
    result.waits = "";
    result.cells[line.cell] = { state: "running", events: [] };
  },
  event(run, line) {
    const result = run.results[line.section];
    if (line.event.step === "wait") {
      result.waits = line.event.subject;
    } else {
      result.waits = "";
      (result.cells[line.cell] ||= { state: "running", events: [] }).events.push(line.event);
    }
  },
  cell_done(run, line) {
    const failed = line.events.some((event) => event.outcome === "failed");
    run.results[line.section].cells[line.cell] = { state: failed ? "failed" : "passed", events: line.events, seconds: line.seconds };
  },
  section_done(run, line) {
    const result = run.results[line.section];
    Object.assign(result, { status: line.status, error: line.error, seconds: line.seconds, waits: "" });
    const at = result.cells[line.error && line.error.cell];
    if (at) {
      at.state = "failed";
    }
  },
  plan(run, line) {
    run.plan = line;
  },
  question(run, line) {
    run.question = line;
  },
  rejected(run, line) {
    run.rejected = line.message;
  },
  answered(run) {
    run.question = null;
    run.rejected = "";
  },
  missing(run, line) {
    run.missing = line.problems;
  },
  refused(run, line) {
    run.refused = line;
  },
  outcome(run, line) {
    run.outcome = line.lines;
  },
  ended(run, line) {
    run.ended = line;
    run.question = null;
  },
};
