import type { NextConfig } from "next";

const config: NextConfig = {
  output: process.env.VERCEL ? undefined : "standalone",
  poweredByHeader: false,
  env: { STUDIO_VERSION: "1.4.0" },
};

export default config;
