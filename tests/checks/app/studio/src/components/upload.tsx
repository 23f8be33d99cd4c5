"use client";

import { useState } from "react";

export function Upload({ label }: { label: string }) {
  const [state, setState] = useState<"idle" | "sending">("idle");
  return (
    <button onClick={() => setState("sending")} data-origin={process.env.NEXT_PUBLIC_APP_URL}>
      {state === "idle" ? label : "Sending …"}
    </button>
  );
}
