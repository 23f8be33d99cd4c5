import { createClient } from "@libsql/client";

const url = process.env.TURSO_DATABASE_URL;
if (!url) throw new Error("TURSO_DATABASE_URL is required");
await createClient({ url, authToken: process.env.TURSO_AUTH_TOKEN }).execute("SELECT 1");
