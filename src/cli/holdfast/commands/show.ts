import {
  type AccountHold,
  holdOf,
  type RedactedDevice,
  redactDevice,
  type TableSummary,
} from "../../../backend/mod.ts";
import { CommandError } from "../command_error.ts";
import type { AddCommand, Context } from "../context.ts";
import { findAccount } from "../find_account.ts";
import { type AccountOption, withAccount } from "../options.ts";
import { bytes, count, type Json, type Report, things } from "../report.ts";

/** Why an account does not open. */
const STATES: Readonly<Record<AccountHold["state"], string>> = {
  importing: "its import is not finished: repeat it, or `holdfast undo` what it was to replace",
  arriving: "its move to this place is not finished: move --resume or --abort",
  moving: "its move from this place is not finished: move --resume or --abort",
  moved: "moved elsewhere: it does not open here",
};

/** `holdfast show`: one account, without secrets. */
export const addShow: AddCommand = (program, run) => {
  withAccount(program.command("show"))
    .argument("<target>", "file, database URL or service URL")
    .description("show an account without its secrets; changes nothing")
    .action(run(showAccount));
};

async function showAccount(context: Context, text: string, options: AccountOption): Promise<undefined> {
  const { report } = context;
  const target = context.target(text);
  await using looking = await target.look();
  const { account } = await findAccount(target, looking, options.account);
  const reads = await looking.reads(account);
  const stored = await reads.load();
  const owner = await reads.readOwner();
  const hold = holdOf(owner?.owner);
  const { tables, schemaVersion } = await reads.snapshotDb("show");
  if (stored === undefined && target.kind === "service" && owner === undefined)
    throw new CommandError("absent", `show: ${target.shown} has nothing of ${JSON.stringify(account)}`);
  const device = stored && redactDevice(stored);
  sayDevice(report, account, device);
  report.say(`  opened          ${owner === undefined ? "never" : things(owner.epoch, "time")}`);
  if (hold !== undefined) report.say(`  state           ${STATES[hold.state]}`);
  report.say("");
  sayTables(report, tables);
  report.result({
    target: target.shown,
    account,
    schemaVersion,
    ownerEpoch: owner?.epoch ?? 0,
    held: hold?.state ?? null,
    device: device as unknown as Json,
    tables: tables.map((table) => ({ ...table })),
  });
  return undefined;
}

function sayDevice(report: Report, account: string, device: RedactedDevice | undefined): void {
  report.say(report.bold(account));
  if (device === undefined) {
    report.say("  device          none: the account was registered and never opened");
    return;
  }
  report.say(`  phone number    ${device.pn ?? "not paired"}`);
  report.say(`  LID             ${device.lid ?? "unknown"}`);
  report.say(`  linked          ${device.hasAccount ? "yes" : "no"}`);
  report.say(`  platform        ${device.platform ?? "unknown"}`);
  report.say(
    `  next pre-key    ${count(device.nextPreKeyId)}, uploaded up to ${count(device.firstUnuploadedPreKeyId)}`,
  );
}

function sayTables(report: Report, tables: readonly TableSummary[]): void {
  const filled = tables.filter(({ rows }) => rows > 0);
  report.table(
    ["TABLE", "ROWS", "BYTES"],
    filled.map((table) => [table.table, count(table.rows), bytes(table.bytes)]),
  );
}
