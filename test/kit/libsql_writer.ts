/**
 * A process of its own that writes to a database until it is killed or done:
 * `node writer.mjs <url> <account> <commits>`. It prints the number of each commit after it resolved.
 *
 * Commit n stores n in one session that all commits share and in a few sessions of its own.
 */

import { writeSync } from "node:fs";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";

const [url = "", account = "", commits = "0"] = process.argv.slice(2);
const backend = await libsqlBackend({ url, account });
for (let n = 1; n <= Number(commits); n += 1) {
  const record = new TextEncoder().encode(String(n));
  await backend.commit([
    { kind: "session.put", address: "latest@lid.0", record },
    ...[1, 2, 3].map((part) => ({ kind: "session.put", address: `${n}:${part}@lid.0`, record }) as const),
  ]);
  writeSync(1, `${n}\n`);
}
await backend.close();
