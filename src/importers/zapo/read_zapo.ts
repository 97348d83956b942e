import {
  formatJid,
  formatSenderKeyName,
  formatSignalAddress,
  JID_SERVERS,
  type JidServer,
  type SignalAddress,
  toSignalAddress,
  tryParseJid,
} from "../../addresses/mod.ts";
import { type Device, initialDevice, type Write } from "../../backend/mod.ts";
import { decodeHex, KEY_BYTES, KEY_TYPE } from "../../bytes/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import { decodeAdvSignedDeviceIdentity, encodePreKey, encodeSignedPreKey } from "../../records/mod.ts";
import { collectionRows, type ForeignMac } from "../collection_reading.ts";
import { senderKeyWrite, sessionWrite } from "../foreign_records.ts";
import type { ForeignState, NamedWrite } from "../foreign_state.ts";
import { ownMapping } from "../own_mapping.ts";
import type { SqlReader } from "../ports.ts";
import { type RowConversion, requiredRow, SqlReading, type TableReading } from "../sql_reading.ts";
import {
  bytesOf,
  integerOf,
  optionalBytesOf,
  optionalIntegerOf,
  optionalTextOf,
  type SqlRow,
  textOf,
} from "../sql_rows.ts";

const SOURCE = "zapo database";

/** Tables that are not imported: caches, messages, and marks that the client sets anew. */
const NOT_KEPT = [
  "sender_key_distribution",
  "device_list_cache",
  "group_participants_cache",
  "message_secrets_cache",
  "retry_outbound_messages",
  "retry_inbound_counters",
  "mailbox_messages",
  "mailbox_threads",
];

/** Options of {@link zapoState}. */
export interface ZapoOptions {
  /** The column `session_id` of the account. Needed where there are several. */
  readonly sessionId?: string | undefined;
  /** Names of tables that were configured, by zapo's own names. */
  readonly tables?: Readonly<Record<string, string>> | undefined;
}

/** A SQLite database of zapo. */
export function zapoState(sql: SqlReader, { sessionId, tables = {} }: ZapoOptions = {}): ForeignState {
  const named = (table: string): string => tables[table] ?? table;
  return {
    source: SOURCE,
    async open(tally, options) {
      const reading = new SqlReading(SOURCE, sql, tally, options);
      const table = named("auth_credentials");
      const row = await reading.account(table, "session_id", sessionId, "sessionId");
      tally.found(table);
      const id = textOf(row, "session_id");
      const rows = new SessionRows(reading, id, named);
      const meta = await rows.first("signal_meta", [
        "server_has_prekeys",
        "next_prekey_id",
        "signed_prekey_rotation_ts",
      ]);
      const firstUnuploaded = await rows.firstUnuploaded();
      const device = requiredRow(SOURCE, table, () => deviceOf(row, meta ?? {}, firstUnuploaded));
      tally.converted(table);
      await reading.notKept(NOT_KEPT.map(named));
      return { device, rows: () => rows.all(device) };
    },
  };
}

function deviceOf(row: SqlRow, meta: SqlRow, firstUnuploaded: number | undefined): Device {
  const identity = optionalBytesOf(row, "signed_identity");
  const nextPreKeyId = optionalIntegerOf(meta, "next_prekey_id", 0);
  const serverHasPreKeys =
    optionalIntegerOf(meta, "server_has_prekeys", 0) !== 0 ||
    optionalIntegerOf(row, "server_has_prekeys", 0) !== 0;
  return {
    ...initialDevice(),
    pn: identity === undefined ? undefined : optionalTextOf(row, "me_jid"),
    lid: identity === undefined ? undefined : optionalTextOf(row, "me_lid"),
    registrationId: integerOf(row, "registration_id"),
    noiseKey: pairOf(row, "noise_pub_key", "noise_priv_key"),
    identityKey: pairOf(row, "identity_pub_key", "identity_priv_key"),
    signedPreKey: pairOf(row, "signed_prekey_pub_key", "signed_prekey_priv_key"),
    signedPreKeyId: integerOf(row, "signed_prekey_id"),
    signedPreKeySignature: bytesOf(row, "signed_prekey_signature"),
    advSecretKey: bytesOf(row, "adv_secret_key"),
    account: identity === undefined ? undefined : decodeAdvSignedDeviceIdentity(identity),
    pushName: optionalTextOf(row, "me_display_name") ?? optionalTextOf(row, "push_name") ?? "",
    platform: optionalTextOf(row, "platform"),
    edgeRoutingInfo: optionalBytesOf(row, "routing_info"),
    nextPreKeyId,
    firstUnuploadedPreKeyId: firstUnuploaded ?? nextPreKeyId,
    serverHasPreKeys,
  };
}

/** The rows of one session. */
class SessionRows {
  readonly #reading: SqlReading;
  readonly #sessionId: string;
  readonly #named: (table: string) => string;

  constructor(reading: SqlReading, sessionId: string, named: (table: string) => string) {
    this.#reading = reading;
    this.#sessionId = sessionId;
    this.#named = named;
  }

  /** The session's row of a table with one for each session. */
  async first(table: string, columns: readonly string[]): Promise<SqlRow | undefined> {
    for await (const row of this.#rows(table, ["session_id"], columns)) return row;
    return undefined;
  }

  async firstUnuploaded(): Promise<number | undefined> {
    for await (const row of this.#rows("signal_prekey", ["key_id"], ["uploaded"]))
      if (integerOf(row, "uploaded") === 0) return integerOf(row, "key_id");
    return undefined;
  }

  async *all(device: Device): AsyncIterable<NamedWrite> {
    yield* ownMapping(device);
    yield* this.#table("mailbox_contacts", ["jid"], ["lid", "phone_number"], mappingOf);
    yield* this.#preKeys();
    yield* this.#ratchets();
    yield* this.#table("appstate_sync_keys", ["key_id"], ["key_data", "timestamp", "fingerprint"], (row) => [
      {
        kind: "syncKey.put",
        keyId: bytesOf(row, "key_id"),
        key: {
          keyData: bytesOf(row, "key_data"),
          fingerprint: optionalBytesOf(row, "fingerprint") ?? new Uint8Array(0),
          timestamp: integerOf(row, "timestamp"),
        },
      },
    ]);
    yield* this.#collections();
    const token = ["tc_token", "tc_token_timestamp", "tc_token_sender_timestamp"];
    yield* this.#table("privacy_tokens", ["jid"], token, tokenOf);
  }

  async *#preKeys(): AsyncIterable<NamedWrite> {
    yield* this.#table("signal_prekey", ["key_id"], ["pub_key", "priv_key", "uploaded"], (row) => {
      const id = integerOf(row, "key_id");
      const record = encodePreKey({ id, ...pairOf(row, "pub_key", "priv_key") });
      return [{ kind: "preKey.put", id, record, uploaded: integerOf(row, "uploaded") !== 0 }];
    });
    const signed = ["key_id", "pub_key", "priv_key", "signature"];
    yield* this.#table("signal_signed_prekey", ["session_id"], signed, (row) => {
      const id = integerOf(row, "key_id");
      const pair = pairOf(row, "pub_key", "priv_key");
      const record = encodeSignedPreKey({ id, ...pair, signature: bytesOf(row, "signature"), timestamp: 0 });
      return [{ kind: "signedPreKey.put", id, record }];
    });
  }

  async *#ratchets(): AsyncIterable<NamedWrite> {
    const address = ["user", "server", "device"];
    yield* this.#table("signal_identity", address, ["identity_key"], (row) =>
      atAddress(row, "", (of) => ({
        kind: "identity.put",
        address: formatSignalAddress(of),
        key: rawKeyOf(row, "identity_key"),
      })),
    );
    yield* this.#table("signal_session", address, ["record"], (row) =>
      atAddress(row, "", (of) => sessionWrite(formatSignalAddress(of), bytesOf(row, "record"))),
    );
    const sender = ["group_id", "sender_user", "sender_server", "sender_device"];
    yield* this.#table("sender_keys", sender, ["record"], (row) => {
      const group = tryParseJid(textOf(row, "group_id"));
      if (group === undefined || group.device !== 0) return "unaddressable";
      return atAddress(row, "sender_", (of) =>
        senderKeyWrite(formatSenderKeyName({ group, sender: of }), bytesOf(row, "record")),
      );
    });
  }

  async *#collections(): AsyncIterable<NamedWrite> {
    const table = "appstate_collection_versions";
    for await (const row of this.#rows(table, ["collection"], ["version", "hash"])) {
      this.#reading.tally.found(table);
      const name = textOf(row, "collection");
      const state = this.#reading.undamaged(table, name, () => ({
        version: BigInt(integerOf(row, "version")),
        hash: bytesOf(row, "hash"),
        macMismatchFatal: false,
      }));
      if (state === undefined) continue;
      for await (const write of collectionRows(name, state, this.#macs(name, state.version)))
        yield { kind: table, name, write };
    }
  }

  async *#macs(collection: string, version: bigint): AsyncIterable<ForeignMac> {
    const rows = this.#reading.rows({
      table: this.#named("appstate_collection_index_values"),
      columns: ["index_mac_hex", "value_mac"],
      key: ["index_mac_hex"],
      where: [
        ["session_id", this.#sessionId],
        ["collection", collection],
      ],
    });
    for await (const row of rows) {
      const indexMac = decodeHex(textOf(row, "index_mac_hex"));
      if (indexMac === undefined) throw new CorruptError("read row: index_mac_hex is not hexadecimal");
      yield { indexMac, valueMac: bytesOf(row, "value_mac"), version };
    }
  }

  #rows(table: string, key: readonly string[], others: readonly string[]): AsyncIterable<SqlRow> {
    return this.#reading.rows({
      table: this.#named(table),
      columns: [...key, ...others],
      key,
      where: [["session_id", this.#sessionId]],
    });
  }

  #table(
    table: string,
    key: readonly string[],
    others: readonly string[],
    convert: TableReading["convert"],
  ): AsyncIterable<NamedWrite> {
    return this.#reading.table({
      table: this.#named(table),
      columns: [...key, ...others],
      key,
      where: [["session_id", this.#sessionId]],
      convert,
    });
  }
}

/** An address in three columns. */
function atAddress(row: SqlRow, prefix: string, write: (address: SignalAddress) => Write): RowConversion {
  const server = textOf(row, `${prefix}server`);
  if (!(JID_SERVERS as readonly string[]).includes(server)) return "unaddressable";
  const user = textOf(row, `${prefix}user`);
  const device = integerOf(row, `${prefix}device`);
  return [write(toSignalAddress({ user, server: server as JidServer, device, agent: 0 }))];
}

/** The mapping of a contact that has both names. */
function mappingOf(row: SqlRow): RowConversion {
  const lid = userOf(optionalTextOf(row, "lid"));
  const phoneNumber = userOf(optionalTextOf(row, "phone_number"));
  if (lid === undefined || phoneNumber === undefined || lid === phoneNumber) return "not-kept";
  const entry = { lid, phoneNumber, createdAt: 0, updatedAt: 0, learningSource: "other" } as const;
  return [{ kind: "lidMapping.put", entries: [entry] }];
}

/** The user of a JID, or digits alone. */
function userOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  return /^[0-9]+$/.test(text) ? text : tryParseJid(text)?.user;
}

function tokenOf(row: SqlRow): RowConversion {
  const contact = tryParseJid(textOf(row, "jid"));
  const token = optionalBytesOf(row, "tc_token");
  if (contact === undefined) return "unaddressable";
  if (token === undefined) return "empty";
  const senderTimestamp = optionalIntegerOf(row, "tc_token_sender_timestamp", undefined);
  const entry = {
    token,
    tokenTimestamp: optionalIntegerOf(row, "tc_token_timestamp", 0),
    ...(senderTimestamp === undefined ? {} : { senderTimestamp }),
  };
  return [{ kind: "tcToken.put", jid: formatJid(contact), entry }];
}

function pairOf(row: SqlRow, publicColumn: string, privateColumn: string): Device["noiseKey"] {
  return { publicKey: rawKeyOf(row, publicColumn), privateKey: rawKeyOf(row, privateColumn) };
}

/** A key of 32 bytes, stored with or without its prefix. */
function rawKeyOf(row: SqlRow, column: string): Uint8Array {
  const key = bytesOf(row, column);
  if (key.length === KEY_BYTES) return key;
  if (key.length === KEY_BYTES + 1 && key[0] === KEY_TYPE) return key.slice(1);
  throw new CorruptError(`read row: ${column} is ${key.length} bytes, expected ${KEY_BYTES}`);
}
