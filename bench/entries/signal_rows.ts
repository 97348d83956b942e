import type { Durability } from "../../src/signal/mod.ts";
import type { BenchEntry, Limit } from "../harness/entry.ts";
import { keysBurnedByClosing, mostKeysBurnedByCrash } from "../support/burned_keys.ts";
import type { Message } from "../support/conversation.ts";
import {
  accountClient,
  filesClient,
  freshDatabase,
  inFolder,
  mixed,
  pingpong,
  sends,
  writeThroughClient,
  writtenBy,
} from "../support/conversation.ts";

const MESSAGES = 1_000;

/** One conversation, whose writes are counted for each way of keeping state. */
interface Counted {
  readonly name: string;
  readonly durability?: Durability;
  readonly limit?: Limit;
  readonly messages: () => readonly Message[];
  readonly what: string;
}

const COUNTED: readonly Counted[] = [
  {
    name: "signal.rows_per_1000_sends.burst",
    limit: { max: 25 },
    messages: () => sends(MESSAGES, 0),
    what: "1,000 messages to one peer without a pause",
  },
  {
    name: "signal.rows_per_1000_sends.at_20_per_s",
    limit: { max: 25 },
    messages: () => sends(MESSAGES, 50),
    what: "1,000 messages to one peer, 20 a second",
  },
  {
    name: "signal.rows_per_1000_sends.at_1_per_s",
    limit: { max: 30 },
    messages: () => sends(MESSAGES, 1_000),
    what: "1,000 messages to one peer, one a second",
  },
  {
    name: "signal.rows_per_1000_messages.pingpong_strict",
    durability: "strict",
    limit: { max: 510 },
    messages: () => pingpong(MESSAGES, 1_000),
    what: "one peer, in turn, one message a second",
  },
  {
    name: "signal.rows_per_1000_messages.pingpong_relaxed",
    durability: "relaxed",
    limit: { max: 60 },
    messages: () => pingpong(MESSAGES, 1_000),
    what: "one peer, in turn, one message a second",
  },
  {
    name: "signal.rows_per_1000_messages.50_chats_mixed",
    messages: () => mixed(MESSAGES, { chats: 50, afterMs: 50 }),
    what: "50 peers, half sent and half received, 20 messages a second",
  },
];

/** Rows written through the repository, from a new session to a clean close. */
function rowsOf({ durability, messages }: Counted): Promise<number> {
  return inFolder(async (folder) => {
    const client = await accountClient(freshDatabase(folder), durability === undefined ? {} : { durability });
    return await writtenBy(client, messages());
  });
}

function comparisons(counted: Counted): BenchEntry[] {
  return [
    {
      name: counted.name,
      kind: "count",
      unit: "rows",
      ...(counted.limit && { limit: counted.limit }),
      against: `${counted.what}; session set-up and clean close included`,
      run: () => rowsOf(counted),
    },
    {
      name: `${counted.name}.write_through_rows`,
      kind: "count",
      unit: "rows",
      against: "the same conversation by Baileys' own repository over the account's keys",
      run: () =>
        inFolder(async (folder) =>
          writtenBy(await writeThroughClient(freshDatabase(folder)), counted.messages()),
        ),
    },
    {
      name: `${counted.name}.baileys_files`,
      kind: "count",
      unit: "files",
      against: "the same conversation by Baileys' own repository over useMultiFileAuthState",
      run: () => inFolder(async (folder) => writtenBy(await filesClient(folder), counted.messages())),
    },
  ];
}

export const entries: readonly BenchEntry[] = [
  ...COUNTED.flatMap(comparisons),
  {
    name: "signal.keys_burned.40_clean_restarts",
    kind: "count",
    unit: "keys",
    limit: { max: 0 },
    against:
      "counters that never came, in 40 openings of 1 to 100 messages each, strict and relaxed together",
    run: keysBurnedByClosing,
  },
  {
    name: "signal.keys_burned.per_crash_max",
    kind: "count",
    unit: "keys",
    limit: { max: 64 },
    against:
      "what a reopened account skips after a crash between any two commits of conversations, strict and relaxed; keys that had left included",
    run: mostKeysBurnedByCrash,
  },
];
