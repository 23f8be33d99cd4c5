// The server's answers. An error is an Error with the sentence, the hint and the entry that the command line has for it.

const OWN = "/-";

async function answered(response) {
  const data = await response.json().catch(() => ({}));
  if (!response.ok) {
    const problem = new Error(data.message || "This page was not let in. Open the address that the terminal shows.");
    throw Object.assign(problem, { hint: data.hint || "", entry: data.entry || "" });
  }
  return data;
}

export const read = async (path) => answered(await fetch(`${OWN}/${path}`));

export const ask = async (path, body = {}) =>
  answered(await fetch(`${OWN}/${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }));

// Each line of the feed, first what was before this page was opened, up to `ready`; `lost` says whether the server answers at present.
export function follow(line, ready, lost) {
  const source = new EventSource(`${OWN}/feed`);
  let caughtUp = false;
  source.addEventListener("message", (event) => line(JSON.parse(event.data), caughtUp));
  source.addEventListener("caught-up", () => {
    caughtUp = true;
    ready();
  });
  source.addEventListener("open", () => lost(false));
  source.addEventListener("error", () => lost(true));
}
