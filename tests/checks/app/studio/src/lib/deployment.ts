export const isProduction = (env: NodeJS.ProcessEnv = process.env) => env.DEPLOY_ENV === "production";
