// What the application does with its database, by the client that it uses: npm @libsql/client, as it is.
// Usage: node libsql_client.mjs <step>, with TURSO_DATABASE_URL and TURSO_AUTH_TOKEN. Prints one JSON value.
import { createClient } from "@libsql/client";

const connect = () =>
  createClient({ url: process.env.TURSO_DATABASE_URL, authToken: process.env.TURSO_AUTH_TOKEN });

const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS audio_prep_jobs (
     jobId TEXT PRIMARY KEY, type TEXT, status TEXT DEFAULT 'pending', progress REAL, stage TEXT,
     metadata TEXT, result TEXT, error TEXT, retryCount INTEGER DEFAULT 0, createdAt INTEGER, updatedAt INTEGER)`,
  "CREATE INDEX IF NOT EXISTS jobs_status ON audio_prep_jobs (status)",
  "CREATE INDEX IF NOT EXISTS jobs_created ON audio_prep_jobs (createdAt)",
  "CREATE INDEX IF NOT EXISTS jobs_updated ON audio_prep_jobs (updatedAt)",
];

const insert = (id, createdAt) => ({
  sql: "INSERT INTO audio_prep_jobs (jobId, type, metadata, createdAt, updatedAt) VALUES (?, ?, ?, ?, ?)",
  args: [id, "ingest", JSON.stringify({ note: "ünï ✓" }), createdAt, createdAt],
});

// The worker's claim: one interactive write transaction around read, update, read.
async function claim(client) {
  const transaction = await client.transaction("write");
  try {
    const oldest = await transaction.execute(
      "SELECT jobId FROM audio_prep_jobs WHERE status = 'pending' ORDER BY createdAt LIMIT 1",
    );
    if (oldest.rows.length === 0) return null;
    const { jobId } = oldest.rows[0];
    await transaction.execute({
      sql: "UPDATE audio_prep_jobs SET status = 'processing' WHERE jobId = ? AND status = 'pending'",
      args: [jobId],
    });
    const claimed = await transaction.execute({
      sql: "SELECT status FROM audio_prep_jobs WHERE jobId = ?",
      args: [jobId],
    });
    await transaction.commit();
    return claimed.rows[0].status === "processing" ? jobId : null;
  } finally {
    transaction.close();
  }
}

const steps = {
  // Every statement of a batch, or none.
  async create() {
    const client = connect();
    await client.batch(SCHEMA, "write");
    await client.batch(Array.from({ length: 12 }, (_, i) => insert(`job-${i}`, 1000 - i)), "write");
    let refused;
    try {
      await client.batch([insert("job-new", 1), insert("job-0", 1)], "write");
    } catch (error) {
      refused = error.code;
    }
    const { rows } = await client.execute("SELECT count(*) AS n FROM audio_prep_jobs");
    const { rows: notes } = await client.execute("SELECT metadata FROM audio_prep_jobs LIMIT 1");
    return { protocol: client.protocol, jobs: rows[0].n, note: JSON.parse(notes[0].metadata).note, refused };
  },

  async claimOnce() {
    return claim(connect());
  },

  // Several claimants at once, each with a connection of its own, until nothing is left.
  async claimAll() {
    const claimant = async () => {
      const client = connect();
      const claimed = [];
      for (;;) {
        const jobId = await claim(client);
        if (jobId === null) return claimed;
        claimed.push(jobId);
      }
    };
    return Promise.all([claimant(), claimant(), claimant()]);
  },

  async rollback() {
    const client = connect();
    const transaction = await client.transaction("write");
    await transaction.execute("DELETE FROM audio_prep_jobs");
    await transaction.rollback();
    return (await client.execute("SELECT count(*) AS n FROM audio_prep_jobs")).rows[0].n;
  },

  async read() {
    return (await connect().execute("SELECT count(*) AS n FROM audio_prep_jobs")).rows[0].n;
  },

  // Every job, as an operator would look for one.
  async jobs() {
    return (await connect().execute("SELECT jobId, type, status FROM audio_prep_jobs ORDER BY createdAt")).rows;
  },

  async write() {
    return (await connect().execute("UPDATE audio_prep_jobs SET stage = 'x'")).rowsAffected;
  },
};

try {
  console.log(JSON.stringify({ value: await steps[process.argv[2]]() }));
} catch (error) {
  console.log(JSON.stringify({ refused: { code: error.code, message: error.message } }));
}
