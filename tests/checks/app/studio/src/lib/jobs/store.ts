import { createClient } from "@libsql/client";

import type { Job } from "./types";

const env = process.env;

export function jobs() {
  if (env.JOB_STORE_BACKEND !== "turso") throw new Error("jobs are kept in Turso only");
  if (!env.TURSO_DATABASE_URL || !env.TURSO_AUTH_TOKEN) throw new Error("the Turso pair is not set");
  const database = createClient({ url: env.TURSO_DATABASE_URL, authToken: env.TURSO_AUTH_TOKEN });
  return {
    add: async (type: string, metadata: unknown): Promise<string> => {
      const jobId = crypto.randomUUID();
      const args = [jobId, type, JSON.stringify(metadata)];
      await database.execute({ sql: "INSERT INTO audio_prep_jobs (jobId, type, metadata) VALUES (?, ?, ?)", args });
      return jobId;
    },
    find: async (jobId: string) =>
      (await database.execute({ sql: "SELECT * FROM audio_prep_jobs WHERE jobId = ?", args: [jobId] })).rows[0],
    claim: async (): Promise<Job | undefined> => (await database.execute("SELECT 1")).rows[0] as unknown as Job,
    finish: (jobId: string, status: string, result: unknown) =>
      database.execute({
        sql: "UPDATE audio_prep_jobs SET status = ?, result = ? WHERE jobId = ?",
        args: [status, JSON.stringify(result), jobId],
      }),
  };
}
