// The operator's work on Turso, by the vendor's own client: npm @tursodatabase/api, as it is.
// Usage: node turso_api.mjs '[["groups", "create", "default", "aws-us-east-1"], …]'. Prints the outcome of each call.
import { createClient } from "@tursodatabase/api";

const client = createClient({
  org: process.env.TURSO_ORGANIZATION,
  token: process.env.TURSO_API_TOKEN,
  baseUrl: `${process.env.TURSO_API_URL}/v1/`,
});

const outcomes = [];
for (const [area, method, ...args] of JSON.parse(process.argv[2])) {
  try {
    outcomes.push({ value: (await client[area][method](...args)) ?? null });
  } catch (error) {
    outcomes.push({ refused: { status: error.status ?? null, message: error.message } });
  }
}
console.log(JSON.stringify(outcomes));
