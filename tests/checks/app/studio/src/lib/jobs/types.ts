export type Job = { jobId: string; type: string; metadata: Record<string, unknown> };
