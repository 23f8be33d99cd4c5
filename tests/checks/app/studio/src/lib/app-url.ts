import { requireEnv } from "./env";

export const appUrl = () => requireEnv("NEXT_PUBLIC_APP_URL");
