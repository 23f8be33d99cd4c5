import { NextResponse, type NextRequest } from "next/server";

export function middleware(request: NextRequest) {
  if (request.nextUrl.pathname.startsWith("/api/storage") && !request.cookies.get("session")) {
    return NextResponse.json({ success: false }, { status: 401 });
  }
  const response = NextResponse.next();
  response.headers.set("x-studio-version", process.env.STUDIO_VERSION!);
  if (process.env.NODE_ENV === "production") response.headers.set("x-robots-tag", "noindex");
  return response;
}
