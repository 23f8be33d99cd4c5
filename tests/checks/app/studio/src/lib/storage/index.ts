import { isProduction } from "@/lib/deployment";

import * as local from "./local";
import * as r2 from "./r2";

export const storage = () => (isProduction() ? r2 : local);
