import { NextResponse, type NextRequest } from "next/server";

export function middleware(request: NextRequest) {
  const response = NextResponse.next();
  response.headers.set("x-studio-version", process.env.STUDIO_VERSION!);
  if (process.env.NODE_ENV === "production") response.headers.set("x-robots-tag", "noindex");
  return response;
}
