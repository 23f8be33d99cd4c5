import { readFile } from "node:fs/promises";
import { join } from "node:path";

export const signPut = async (key: string, _type: string, _size: number) => `/api/local/${key}`;
export const localFile = async (key: string) => new Response(await readFile(join(process.cwd(), "uploads", key)));
