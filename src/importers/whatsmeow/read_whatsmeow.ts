import { formatJid, formatSenderKeyName, tryParseJid } from "../../addresses/mod.ts";
import { type Device, initialDevice, type Write } from "../../backend/mod.ts";
import { KEY_BYTES } from "../../bytes/mod.ts";
import { keyPairOf, nextId } from "../../device/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import { encodePreKey } from "../../records/mod.ts";
import { collectionRows, type ForeignMac } from "../collection_reading.ts";
import { senderKeyWrite, sessionWrite } from "../foreign_records.ts";
import type { ForeignState, NamedWrite } from "../foreign_state.ts";
import { ownMapping } from "../own_mapping.ts";
import type { SqlReader } from "../ports.ts";
import { requiredRow, SqlReading } from "../sql_reading.ts";
import {
  bytesOf,
  integerOf,
  optionalBytesOf,
  optionalIntegerOf,
  optionalTextOf,
  type SqlRow,
  textOf,
} from "../sql_rows.ts";
import { canonicalAddress, signalAddressOf } from "./whatsmeow_address.ts";

const SOURCE = "whatsmeow database";

/** Tables of whatsmeow that are not imported. */
const NOT_KEPT = [
  "whatsmeow_contacts",
  "whatsmeow_chat_settings",
  "whatsmeow_message_secrets",
  "whatsmeow_event_buffer",
  "whatsmeow_retry_buffer",
];

/** Options of {@link whatsmeowState}. */
export interface WhatsmeowOptions {
  /** JID of the device, as in the column `jid` of `whatsmeow_device`. Needed where there are several. */
  readonly jid?: string | undefined;
}

/** A SQLite database of whatsmeow. */
export function whatsmeowState(sql: SqlReader, { jid }: WhatsmeowOptions = {}): ForeignState {
  return {
    source: SOURCE,
    async open(tally, options) {
      const reading = new SqlReading(SOURCE, sql, tally, options);
      const row = await reading.account("whatsmeow_device", "jid", jid, "jid");
      tally.found("whatsmeow_device");
      const ids = await preKeyIds(reading, textOf(row, "jid"));
      const salt = await firstOf(
        reading.rows({
          table: "whatsmeow_nct_salt",
          columns: ["our_jid", "salt"],
          key: ["our_jid"],
          where: [["our_jid", textOf(row, "jid")]],
        }),
      );
      const device = requiredRow(SOURCE, "whatsmeow_device", () => deviceOf(row, ids, salt));
      tally.converted("whatsmeow_device");
      await reading.notKept(NOT_KEPT);
      return { device, rows: () => rowsOf(reading, textOf(row, "jid"), device) };
    },
  };
}

/** The counters of pre-keys, which whatsmeow derives from the stored keys. */
interface PreKeyIds {
  readonly next: number;
  readonly firstUnuploaded: number;
  readonly hasUploaded: boolean;
}

async function preKeyIds(reading: SqlReading, jid: string): Promise<PreKeyIds> {
  let greatest = 0;
  let firstUnuploaded: number | undefined;
  let hasUploaded = false;
  const rows = reading.rows({
    table: "whatsmeow_pre_keys",
    columns: ["key_id", "uploaded"],
    key: ["key_id"],
    where: [["jid", jid]],
  });
  for await (const row of rows) {
    greatest = integerOf(row, "key_id");
    if (integerOf(row, "uploaded") === 0) firstUnuploaded ??= greatest;
    else hasUploaded = true;
  }
  const next = nextId(greatest);
  return { next, firstUnuploaded: firstUnuploaded ?? next, hasUploaded };
}

function deviceOf(row: SqlRow, ids: PreKeyIds, salt: SqlRow | undefined): Device {
  return {
    ...initialDevice(),
    pn: textOf(row, "jid"),
    lid: optionalTextOf(row, "lid"),
    registrationId: integerOf(row, "registration_id"),
    noiseKey: keyPairOf(bytesOf(row, "noise_key")),
    identityKey: keyPairOf(bytesOf(row, "identity_key")),
    signedPreKey: keyPairOf(bytesOf(row, "signed_pre_key")),
    signedPreKeyId: integerOf(row, "signed_pre_key_id"),
    signedPreKeySignature: bytesOf(row, "signed_pre_key_sig"),
    advSecretKey: keyOf(row, "adv_key"),
    account: {
      details: bytesOf(row, "adv_details"),
      accountSignature: bytesOf(row, "adv_account_sig"),
      accountSignatureKey: bytesOf(row, "adv_account_sig_key"),
      deviceSignature: bytesOf(row, "adv_device_sig"),
    },
    platform: optionalTextOf(row, "platform"),
    pushName: optionalTextOf(row, "push_name") ?? "",
    lidMigrated: optionalIntegerOf(row, "lid_migration_ts", 0) > 0,
    nextPreKeyId: ids.next,
    firstUnuploadedPreKeyId: ids.firstUnuploaded,
    serverHasPreKeys: ids.hasUploaded,
    nctSalt: salt === undefined ? undefined : optionalBytesOf(salt, "salt"),
  };
}

function keyOf(row: SqlRow, column: string): Uint8Array {
  const key = bytesOf(row, column);
  if (key.length === KEY_BYTES) return key;
  throw new CorruptError(`read row: ${column} is ${key.length} bytes, expected ${KEY_BYTES}`);
}

async function* rowsOf(reading: SqlReading, jid: string, device: Device): AsyncIterable<NamedWrite> {
  yield* ownMapping(device);
  const ours = [["our_jid", jid]] as const;
  const own = [["jid", jid]] as const;
  yield* reading.table({
    table: "whatsmeow_lid_map",
    columns: ["lid", "pn"],
    key: ["lid"],
    where: [],
    convert: (row) => mappingOf(textOf(row, "lid"), textOf(row, "pn")),
  });
  yield* reading.table({
    table: "whatsmeow_pre_keys",
    columns: ["key_id", "key", "uploaded"],
    key: ["key_id"],
    where: own,
    convert: (row) => {
      const id = integerOf(row, "key_id");
      const record = encodePreKey({ id, ...keyPairOf(bytesOf(row, "key")) });
      return [{ kind: "preKey.put", id, record, uploaded: integerOf(row, "uploaded") !== 0 }];
    },
  });
  yield* reading.table({
    table: "whatsmeow_identity_keys",
    columns: ["their_id", "identity"],
    key: ["their_id"],
    where: ours,
    convert: (row) =>
      atAddress(row, "their_id", (address) => ({
        kind: "identity.put",
        address,
        key: keyOf(row, "identity"),
      })),
  });
  yield* reading.table({
    table: "whatsmeow_sessions",
    columns: ["their_id", "session"],
    key: ["their_id"],
    where: ours,
    convert: (row) =>
      optionalBytesOf(row, "session") === undefined
        ? "empty"
        : atAddress(row, "their_id", (address) => sessionWrite(address, bytesOf(row, "session"))),
  });
  yield* reading.table({
    table: "whatsmeow_sender_keys",
    columns: ["chat_id", "sender_id", "sender_key"],
    key: ["chat_id", "sender_id"],
    where: ours,
    convert: (row) => {
      const group = tryParseJid(textOf(row, "chat_id"));
      const sender = signalAddressOf(textOf(row, "sender_id"));
      if (group === undefined || sender === undefined || group.device !== 0) return "unaddressable";
      return [senderKeyWrite(formatSenderKeyName({ group, sender }), bytesOf(row, "sender_key"))];
    },
  });
  yield* reading.table({
    table: "whatsmeow_app_state_sync_keys",
    columns: ["key_id", "key_data", "timestamp", "fingerprint"],
    key: ["key_id"],
    where: own,
    convert: (row) => [
      {
        kind: "syncKey.put",
        keyId: bytesOf(row, "key_id"),
        key: {
          keyData: bytesOf(row, "key_data"),
          fingerprint: optionalBytesOf(row, "fingerprint") ?? new Uint8Array(0),
          timestamp: integerOf(row, "timestamp"),
        },
      },
    ],
  });
  yield* collections(reading, jid);
  yield* reading.table({
    table: "whatsmeow_privacy_tokens",
    columns: ["their_jid", "token", "timestamp", "sender_timestamp"],
    key: ["their_jid"],
    where: ours,
    convert: (row) => {
      const contact = tryParseJid(textOf(row, "their_jid"));
      if (contact === undefined) return "unaddressable";
      const senderTimestamp = optionalIntegerOf(row, "sender_timestamp", undefined);
      return [
        {
          kind: "tcToken.put",
          jid: formatJid(contact),
          entry: {
            token: bytesOf(row, "token"),
            tokenTimestamp: integerOf(row, "timestamp"),
            ...(senderTimestamp === undefined ? {} : { senderTimestamp }),
          },
        },
      ];
    },
  });
}

async function* collections(reading: SqlReading, jid: string): AsyncIterable<NamedWrite> {
  const table = "whatsmeow_app_state_version";
  const query = {
    table,
    columns: ["name", "version", "hash"],
    key: ["name"],
    where: [["jid", jid]] as const,
  };
  for await (const row of reading.rows(query)) {
    reading.tally.found(table);
    const name = textOf(row, "name");
    const state = reading.undamaged(table, name, () => ({
      version: BigInt(integerOf(row, "version")),
      hash: bytesOf(row, "hash"),
      macMismatchFatal: false,
    }));
    if (state === undefined) continue;
    for await (const write of collectionRows(name, state, macsOf(reading, jid, name)))
      yield { kind: table, name, write };
  }
}

async function* macsOf(reading: SqlReading, jid: string, name: string): AsyncIterable<ForeignMac> {
  const rows = reading.rows({
    table: "whatsmeow_app_state_mutation_macs",
    columns: ["index_mac", "version", "value_mac"],
    key: ["index_mac", "version"],
    where: [
      ["jid", jid],
      ["name", name],
    ],
  });
  for await (const row of rows) {
    yield {
      indexMac: bytesOf(row, "index_mac"),
      valueMac: bytesOf(row, "value_mac"),
      version: BigInt(integerOf(row, "version")),
    };
  }
}

/** A mapping without a date. */
function mappingOf(lid: string, phoneNumber: string): readonly Write[] {
  const entry = { lid, phoneNumber, createdAt: 0, updatedAt: 0, learningSource: "other" } as const;
  return [{ kind: "lidMapping.put", entries: [entry] }];
}

function atAddress(
  row: SqlRow,
  column: string,
  write: (address: string) => Write,
): readonly Write[] | "unaddressable" {
  const address = canonicalAddress(textOf(row, column));
  return address === undefined ? "unaddressable" : [write(address)];
}

async function firstOf(rows: AsyncIterable<SqlRow>): Promise<SqlRow | undefined> {
  for await (const row of rows) return row;
  return undefined;
}
