// Every route refuses, in the application's own JSON: what the sections ask before a job exists.
export function GET() {
  return Response.json({ success: false, error: { message: "Validation failed" } }, { status: 400 });
}
