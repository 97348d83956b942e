import type { Backend } from "../backend/mod.ts";
import { Turns } from "../ports/mod.ts";
import { verifyInTurns } from "../verify/mod.ts";
import type { VerifyListener } from "./console_source.ts";
import type { VerifyEvents } from "./model.ts";

/** Shared, so that checks that run at the same time hold the event loop for one turn, not one each. */
const turns = new Turns();

/** Checks every row of an account. Reads only, and lets other requests run every 10 ms. */
export async function verifyStored(reads: Backend, listener: VerifyListener): Promise<VerifyEvents["done"]> {
  const onProgress = (count: number, table: string): void => listener.progress({ table, rows: count });
  const { findings, omitted, rows } = await verifyInTurns(reads, { onProgress }, () => turns.start());
  const told = findings.filter(({ severity }) => severity !== "note");
  for (const { table, key, what, remedy } of told)
    await listener.finding({
      where: key === undefined ? table : `${table} ${JSON.stringify(key)}`,
      text: what,
      advice: remedy,
    });
  return { rows, findings: told.length + omitted };
}
