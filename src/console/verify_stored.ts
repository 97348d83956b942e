import type { Backend } from "../backend/mod.ts";
import { verifyAccount } from "../verify/mod.ts";
import type { VerifyListener } from "./console_source.ts";
import type { VerifyEvents } from "./model.ts";

/** Checks every row of an account. Reads only. */
export async function verifyStored(reads: Backend, listener: VerifyListener): Promise<VerifyEvents["done"]> {
  const { findings, omitted, rows } = await verifyAccount(reads, {
    onProgress: (count, table) => listener.progress({ table, rows: count }),
  });
  const told = findings.filter(({ severity }) => severity !== "note");
  for (const { table, key, what, remedy } of told)
    listener.finding({
      where: key === undefined ? table : `${table} ${JSON.stringify(key)}`,
      text: what,
      advice: remedy,
    });
  return { rows, findings: told.length + omitted };
}
