import { requireEnv } from "@/lib/env";

const milliseconds = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);

export const settings = {
  pollMs: milliseconds("WORKER_POLL_INTERVAL_MS", 3000),
  reaperMs: milliseconds("WORKER_REAPER_INTERVAL_MS", 30_000),
  timeouts: {
    ingest: milliseconds("WORKER_INGEST_TIMEOUT_MS", 600_000),
    preview: milliseconds("WORKER_PREVIEW_TIMEOUT_MS", 300_000),
    save: milliseconds("WORKER_SAVE_TIMEOUT_MS", 600_000),
    other: Number(requireEnv("WORKER_DEFAULT_TIMEOUT_MS")),
  },
  ffmpeg: process.env.FFMPEG_PATH ?? "ffmpeg",
};
