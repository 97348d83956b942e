import { createHash } from "node:crypto";
import {
  type Backend,
  LISTED_TABLES,
  type ListedTable,
  listAllRows,
  type RowWrite,
} from "../../../backend/mod.ts";
import { rowKey } from "../../../verify/mod.ts";
import { EXIT } from "../command_error.ts";
import type { AddCommand, Context } from "../context.ts";
import { findAccount } from "../find_account.ts";
import { type AccountOption, withAccount } from "../options.ts";
import { ProgressBar } from "../progress_bar.ts";
import { count, type Report } from "../report.ts";
import type { TargetRequest } from "../targets/resolve_target.ts";

/** Keys that are listed of each table and sort of difference. */
const MAX_KEYS = 20;

interface DiffFlags extends AccountOption {
  readonly toAccount?: string | undefined;
}

/** What differs in one table. */
interface TableDiff {
  readonly table: ListedTable | "device";
  readonly added: Difference;
  readonly removed: Difference;
  readonly changed: Difference;
}

interface Difference {
  rows: number;
  /** The first ones. */
  readonly keys: string[];
}

/** `holdfast diff`: compares two accounts. */
export const addDiff: AddCommand = (program, run) => {
  withAccount(program.command("diff"))
    .argument("<from>", "file, database URL or service URL")
    .argument("<to>", "the other one")
    .option("--to-account <name>", "the account of the other one (default: that of --account)")
    .description("compare two accounts row by row, without showing values; changes nothing")
    .action(run(diff));
};

async function diff(context: Context, from: string, to: string, flags: DiffFlags): Promise<number> {
  const { report, terminal } = context;
  const bar = new ProgressBar(terminal, "rows read");
  let read = 0;
  const tick = (): void => {
    read += 1;
    bar.show(read);
  };
  await using before = await openSide(context, from, flags.account, undefined);
  await using after = await openSide(context, to, flags.toAccount ?? flags.account, "to");
  const tables: TableDiff[] = [];
  for (const table of ["device", ...LISTED_TABLES] as const) {
    const old = await digestsOf(before.reads, table, tick);
    const found = compare(table, old, await digestsOf(after.reads, table, tick));
    if (found.added.rows + found.removed.rows + found.changed.rows > 0) tables.push(found);
  }
  bar.end();
  sayTables(report, tables);
  report.result({
    from: { target: before.shown, account: before.account },
    to: { target: after.shown, account: after.account },
    equal: tables.length === 0,
    tables: tables.map(({ table, added, removed, changed }) => ({
      ...{ table, added: { ...added }, removed: { ...removed }, changed: { ...changed } },
    })),
  });
  return tables.length === 0 ? EXIT.done : EXIT.found;
}

interface Side extends AsyncDisposable {
  readonly shown: string;
  readonly account: string;
  readonly reads: Backend;
}

async function openSide(
  context: Context,
  text: string,
  name: string | undefined,
  role: TargetRequest["role"],
): Promise<Side> {
  const target = context.target(text, { role });
  const looking = await target.look();
  try {
    const { account } = await findAccount(target, looking, name);
    const reads = await looking.reads(account);
    return {
      shown: target.shown,
      account,
      reads,
      [Symbol.asyncDispose]: () => looking[Symbol.asyncDispose](),
    };
  } catch (error) {
    await looking[Symbol.asyncDispose]();
    throw error;
  }
}

/** A digest of each row of a table, by its key. Values of a collection count as rows. */
async function digestsOf(
  reads: Backend,
  table: ListedTable | "device",
  tick: () => void,
): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  if (table === "device") {
    const device = await reads.load();
    for (const [field, value] of Object.entries(device ?? {})) digests.set(field, digestOf(value));
    return digests;
  }
  for await (const row of listAllRows(reads, { tables: [table] })) {
    tick();
    for (const [key, value] of partsOf(row)) digests.set(key, digestOf(value));
  }
  return digests;
}

function partsOf(row: RowWrite): [key: string, value: unknown][] {
  if (row.kind !== "syncVersion.patch") return [[rowKey(row), row]];
  const { name, patch } = row;
  const values = [...patch.values].map(([index, value]): [string, unknown] => [`${name} ${index}`, value]);
  return patch.state === undefined ? values : [...values, [name, patch.state]];
}

function digestOf(value: unknown): string {
  const text = JSON.stringify(value, (_, part) => {
    if (part instanceof Uint8Array) return `bytes ${createHash("sha256").update(part).digest("base64")}`;
    if (part instanceof Map) return [...part];
    return typeof part === "bigint" ? String(part) : part;
  });
  return createHash("sha256")
    .update(text ?? "")
    .digest("base64");
}

function compare(
  table: TableDiff["table"],
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): TableDiff {
  const found = { table, added: none(), removed: none(), changed: none() };
  for (const [key, digest] of after) {
    const old = before.get(key);
    if (old === undefined) add(found.added, key);
    else if (old !== digest) add(found.changed, key);
  }
  for (const key of before.keys()) if (!after.has(key)) add(found.removed, key);
  return found;
}

function none(): Difference {
  return { rows: 0, keys: [] };
}

function add(difference: Difference, key: string): void {
  difference.rows += 1;
  if (difference.keys.length < MAX_KEYS) difference.keys.push(key);
}

function sayTables(report: Report, tables: readonly TableDiff[]): void {
  if (tables.length === 0) {
    report.say(report.green("Equal."));
    return;
  }
  for (const { table, added, removed, changed } of tables) {
    report.say(report.bold(table));
    sayKeys(report, report.green("+"), added);
    sayKeys(report, report.red("-"), removed);
    sayKeys(report, report.yellow("~"), changed);
  }
}

function sayKeys(report: Report, sign: string, { rows, keys }: Difference): void {
  for (const key of keys) report.say(`  ${sign} ${key}`);
  if (rows > keys.length) report.say(`  ${sign} and ${count(rows - keys.length)} more`);
}
