import { expect, test } from "vitest";

test("the pair is demanded", () => {
  process.env.TURSO_DATABASE_URL = process.env.TEST_DATABASE_URL ?? "file:test.db";
  expect(process.env.TEST_DATABASE_TOKEN).toBeUndefined();
});
