import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, test } from "vitest";
import { dose } from "../support/dose.ts";
import { startHranaServer } from "../support/hrana/hrana_server.mjs";
import { sentCases, withoutLargest } from "./connected_cases.ts";
import { libsqlServerTargets } from "./libsql.ts";
import { registerTargets } from "./register.ts";

const directory = await mkdtemp(join(tmpdir(), "holdfast-kit-server-"));
const server = await startHranaServer({ directory });

afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

const [http, webSocket] = libsqlServerTargets(server);

registerTargets([http], test, { cases: dose({ short: sentCases, long: undefined }) });
// Both read values by the same code of the client.
registerTargets([webSocket], test, { cases: dose({ short: withoutLargest(sentCases), long: undefined }) });
