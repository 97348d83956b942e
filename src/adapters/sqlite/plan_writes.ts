import type { Write, WriteKind } from "../../backend/mod.ts";
import { APP_SYNC_PLANNERS } from "./app_sync_writes.ts";
import { DEVICE_COLUMNS, encodeDevice } from "./device_fields.ts";
import { MESSAGE_PLANNERS } from "./message_writes.ts";
import { PROTOCOL_PLANNERS } from "./protocol_writes.ts";
import { RowStatement, replaced } from "./row_statement.ts";
import { SCOPED_TABLES } from "./schema.ts";
import { SEGMENT_PLANNERS } from "./segment_statements.ts";
import { bringBack, expireSetAside, setAside } from "./set_aside.ts";
import { SIGNAL_PLANNERS } from "./signal_writes.ts";
import type { SqlStatement } from "./sql_driver.ts";
import { type Planner, type PlannersOf, WritePlan, type WriteScope } from "./write_plan.ts";

const SAVE_DEVICE = new RowStatement({
  insert: `INSERT INTO device (device_id, ${DEVICE_COLUMNS.join(", ")})`,
  columns: DEVICE_COLUMNS.length,
  conflict: `ON CONFLICT (device_id) DO UPDATE SET ${replaced(DEVICE_COLUMNS.join(", "))}`,
});

/**
 * One entry for each kind of write but those that touch every table: a new kind does not compile until it is
 * stored.
 */
const PLANNERS: PlannersOf<Exclude<WriteKind, `account.${string}`>> = {
  ...SIGNAL_PLANNERS,
  ...APP_SYNC_PLANNERS,
  ...PROTOCOL_PLANNERS,
  ...MESSAGE_PLANNERS,
  ...SEGMENT_PLANNERS,
  "device.save": { statement: SAVE_DEVICE, rows: ({ device }) => [encodeDevice(device)] },
};

/**
 * Plans a commit.
 *
 * @param name Under which the account is registered: it is registered again, under the same account id, when
 * writes follow that one of its own deletion.
 * @throws {RangeError | TypeError} When a part of a write cannot be encoded.
 */
export function planWrites(writes: readonly Write[], scope: WriteScope, name: string): WritePlan {
  const plan = new WritePlan(scope);
  for (const [index, write] of writes.entries()) {
    if (write.kind === "account.clear") {
      plan.addBarrier(clearAccount(scope.accountId));
      continue;
    }
    if (write.kind === "account.delete") {
      const isOwn = write.accountId === scope.accountId;
      const goesOn = isOwn && writes.slice(index + 1).some(({ kind }) => kind !== "account.delete");
      plan.addBarrier(deleteAccount(write.accountId), goesOn ? [registerAgain(scope.accountId, name)] : []);
      continue;
    }
    if (write.kind === "account.setAside") plan.addBarrier(setAside(write, scope.accountId, name));
    else if (write.kind === "account.bringBack") plan.addBarrier(bringBack(write, scope.accountId, name));
    else if (write.kind === "account.expireSetAside") plan.addBarrier(expireSetAside(write));
    else plan.add(write, PLANNERS[write.kind] as Planner<Write>);
  }
  return plan;
}

function clearAccount(accountId: number): SqlStatement[] {
  return deleteRows(
    SCOPED_TABLES.map(({ name }) => name).filter((name) => name !== "device"),
    accountId,
  );
}

function deleteAccount(accountId: number): SqlStatement[] {
  return deleteRows([...SCOPED_TABLES.map(({ name }) => name), "account"], accountId);
}

function deleteRows(tables: readonly string[], accountId: number): SqlStatement[] {
  return tables.map((table) => ({ sql: `DELETE FROM ${table} WHERE device_id = ?`, params: [accountId] }));
}

function registerAgain(accountId: number, name: string): SqlStatement {
  return { sql: "INSERT INTO account (device_id, name) VALUES (?, ?)", params: [accountId, name] };
}
