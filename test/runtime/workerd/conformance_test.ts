import { createClient } from "@libsql/client";
import { expect, inject, test } from "vitest";

test("placeholder: libsql over http", async () => {
  const client = createClient({ url: `${inject("hranaUrl")}p/` });
  expect((await client.execute("select 1 as a")).rows[0]?.a).toBe(1);
  client.close();
});
