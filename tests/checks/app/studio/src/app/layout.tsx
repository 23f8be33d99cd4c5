import type { Metadata } from "next";
import type { ReactNode } from "react";

import { appUrl } from "@/lib/app-url";

export const metadata: Metadata = { title: "Studio", metadataBase: new URL(appUrl()) };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
