import { createClient } from "@libsql/client";

Deno.test("placeholder <a> > b", async () => {
  const client = createClient({ url: ":memory:" });
  if ((await client.execute("select 1 as a")).rows[0]?.a !== 1) throw new Error("no");
});
