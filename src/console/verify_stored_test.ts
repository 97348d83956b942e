import { expect, test } from "vitest";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import type { Write } from "../backend/mod.ts";
import { verifyStored } from "./verify_stored.ts";

// Nothing of a backend in memory waits for the host, as with a library that calls SQLite synchronously.
test("lets other requests run while it checks", async () => {
  const backend = memoryBackend({ database: new MemoryDatabase() });
  await backend.create();
  for (let page = 0; page < 10; page += 1)
    await backend.commit(
      Array.from({ length: 500 }, (_, n): Write => {
        const address = `${551_100_000_000 + page * 500 + n}@c.us.0`;
        return { kind: "session.put", address, record: new Uint8Array([1]), lease: undefined };
      }),
    );
  let [turns, isDone] = [0, false];
  const count = (): void => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const held = (): void => {
    const until = Date.now() + 12;
    while (Date.now() < until);
  };
  await verifyStored(backend, { progress: held, finding: async () => {} });
  isDone = true;
  expect(turns).toBeGreaterThan(5);
});
