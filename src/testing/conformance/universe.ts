import {
  type Argument,
  type Backend,
  type DeviceListRecord,
  type IntegerSort,
  LEARNING_SOURCES,
  LISTED_TABLES,
  listAllRows,
  READ_METHODS,
  READS,
  type ReadMethod,
  type RowWrite,
  type TextSort,
} from "../../backend/mod.ts";
import { SeededRandom } from "../seeded_random.ts";
import { collect } from "./collect.ts";

/**
 * The keys that random writes use, per sort of text. Reading all of them shows every effect of the writes.
 */
export const TEXTS: Readonly<Record<TextSort, readonly string[]>> = {
  address: [
    "5511999990000@c.us.0",
    "5511999990000:7@c.us.0",
    "1000200030004@lid.0",
    "1000200030004:12@lid.0",
    "1000200030004:1@lid.0",
  ],
  asideId: ["1", "a"].map((digit) => digit.repeat(32)),
  chat: ["5511@s.whatsapp.net", "120363000000000001@g.us"],
  collection: ["critical_block", "regular", "regular_low"],
  cursor: ['["x"]'],
  deviceJid: ["1000:1@lid", "1000:10@lid", "1000@lid", "🙂@lid", "\uffff@lid"],
  group: ["120363000000000001@g.us", "120363000000000002@g.us"],
  incarnation: ["0", "a", "f"].map((digit) => digit.repeat(32)),
  index: ["3EB0A", "3EB0B", "__proto__"],
  jid: ["1000@lid", "1001@lid"],
  learningSource: LEARNING_SOURCES,
  lid: ["1000", "1001", "1002", "1003", "100"],
  log: ["message", "messages"],
  messageId: ["3EB0A", "3EB0B"],
  phoneNumber: ["5511", "5512", "551"],
  sender: ["1000@lid", "1001@lid"],
  senderKeyName: [
    "120363000000000001@g.us:1000200030004@lid.0",
    "120363000000000001@g.us:5511999990000:7@c.us.0",
    "120363000000000002@g.us:1000200030004@lid.0",
  ],
  user: ["5511999990000", "1000200030004", "1000", "120363000000000001", "1001", "5511", "551"],
  word: ["Zoë 🙂 'quoted' \\ name", "android", "2.3000.1", "empty", "__proto__"],
};

/** Bytes that identify rows, by the name of the value. */
export const BYTES: Readonly<Record<string, readonly Uint8Array[]>> = {
  baseKey: [11, 12].map((seed) => new SeededRandom(seed).bytes(33)),
  indexMac: [1, 2, 3, 4, 5].map((seed) => new SeededRandom(seed).bytes(32)),
  head: [[], [0], [0, 65, 0, 66, 0], [0, 255, 0], [65, 66]].map((bytes) => new Uint8Array(bytes)),
  keyId: [[0], [0, 0], [1, 255], [255], [255, 0]].map((bytes) => new Uint8Array(bytes)),
  needle: [[0], [0, 65, 0], [66, 0], [255], [65, 66]].map((bytes) => new Uint8Array(bytes)),
};

export const KEY_IDS: readonly number[] = [1, 2, 3, 255, 256, 16_777_215];

/** Numbers of segments. */
export const SEQUENCES: readonly number[] = [0, 1, 2, 3, 2 ** 33];

/** The integer arguments of reads, per sort. */
const INTEGERS: Readonly<Partial<Record<IntegerSort, readonly number[]>>> = {
  keyId: KEY_IDS,
  limit: [100],
  sequence: SEQUENCES,
};

/** Reads that are left out, because their answers are not part of the account's own state. */
const LEFT_OUT: readonly ReadMethod[] = ["create", "listAccounts", "listSetAside", "snapshotDb"];

/** All readable state of the universe, as plain data. */
export type Contents = Readonly<Record<string, unknown>>;

/** Reads the whole universe with every read method. */
export async function readAll(backend: Backend): Promise<Contents> {
  const methods = READ_METHODS.filter((method) => !LEFT_OUT.includes(method));
  const answers = methods.map(async (method) => [method, await readEach(backend, method)] as const);
  return Object.fromEntries(await Promise.all(answers));
}

/** The answers of a read to all its arguments in the universe. */
export async function readEach(backend: Backend, method: ReadMethod): Promise<unknown> {
  if (method === "getAllLidMappings") return await collect(backend.getAllLidMappings());
  if (method === "listRows") return await rowsOf(backend);
  const call = (backend[method] as (...args: readonly unknown[]) => Promise<unknown>).bind(backend);
  const answers = await Promise.all(callsOf(method).map((args) => call(...args)));
  if (method === "getDevices") return answers.map(normalized);
  return method === "getDevicesFor" ? answers.map((lists) => (lists as unknown[]).map(normalized)) : answers;
}

/** The rows of each table, without damaged ones. */
export async function rowsOf(backend: Backend): Promise<Readonly<Record<string, readonly RowWrite[]>>> {
  const tables = LISTED_TABLES.map(async (table) => {
    const rows = await collect(listAllRows(backend, { tables: [table], onUnreadable: () => {} }));
    return [table, rows.map(normalizedRow)] as const;
  });
  return Object.fromEntries(await Promise.all(tables));
}

function normalizedRow(row: RowWrite): RowWrite {
  return row.kind === "deviceList.put" ? { ...row, records: row.records.map(withoutDefaults) } : row;
}

/**
 * The argument lists of a read: one per combination of single arguments. A list argument gets all its values
 * at once.
 */
function callsOf(method: ReadMethod): readonly (readonly unknown[])[] {
  const args = READS[method].args as readonly Argument[];
  return args.reduce<unknown[][]>(
    (calls, { rule }) => calls.flatMap((call) => valuesOf(rule).map((value) => [...call, value])),
    [[]],
  );
}

function valuesOf(rule: Argument["rule"]): readonly unknown[] {
  switch (rule.type) {
    case "text":
      return TEXTS[rule.sort as TextSort];
    case "integer":
      return known(INTEGERS[rule.sort as IntegerSort], rule.sort);
    case "bytes":
      return known(BYTES[rule.name], rule.name);
    case "list":
      return [valuesOf(rule.item)];
    default:
      throw new TypeError(`read all: no arguments of type ${rule.type}`);
  }
}

function known<T>(values: readonly T[] | undefined, name: string): readonly T[] {
  if (values === undefined) throw new TypeError(`read all: the universe has no ${name}`);
  return values;
}

function normalized(list: unknown): unknown {
  return list === undefined ? undefined : withoutDefaults(list as DeviceListRecord);
}

/** `isHosted: false` and no `isHosted` mean the same. */
export function withoutDefaults(record: DeviceListRecord): DeviceListRecord {
  const devices = record.devices.map(({ deviceId, keyIndex, isHosted }) => ({
    deviceId,
    keyIndex,
    isHosted: isHosted === true,
  }));
  return { ...record, devices };
}
