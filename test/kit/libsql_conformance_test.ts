import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, test } from "vitest";
import { registerConformance } from "../../src/testing/mod.ts";
import { startHranaServer } from "../support/hrana_server.mjs";
import { libsqlFileTarget, libsqlMemoryTarget, libsqlServerTargets } from "./libsql.ts";

const directory = await mkdtemp(join(tmpdir(), "holdfast-kit-server-"));
const server = await startHranaServer({ directory });

afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

for (const target of [libsqlFileTarget, libsqlMemoryTarget, ...libsqlServerTargets(server)]) {
  registerConformance(target, test);
}
