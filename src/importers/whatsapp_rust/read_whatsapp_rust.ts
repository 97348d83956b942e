import { tryParseSenderKeyName, tryParseSignalAddress } from "../../addresses/mod.ts";
import type { Device, LearningSource, Write } from "../../backend/mod.ts";
import { collectionRows, type ForeignMac } from "../collection_reading.ts";
import { senderKeyWrite, sessionWrite } from "../foreign_records.ts";
import type { ForeignState, NamedWrite } from "../foreign_state.ts";
import { isOwnDevice } from "../own_address.ts";
import { ownMapping } from "../own_mapping.ts";
import type { SqlReader } from "../ports.ts";
import { type RowConversion, requiredRow, SqlReading, type TableReading } from "../sql_reading.ts";
import { bytesOf, integerOf, optionalBytesOf, optionalIntegerOf, type SqlRow, textOf } from "../sql_rows.ts";
import { deviceOfRow } from "./device_row.ts";
import { hashStateOf, syncKeyOf } from "./positional.ts";
import { deviceListOf, identityOf, preKeyRecordOf } from "./row_values.ts";

const SOURCE = "whatsapp-rust database";

/** Options of {@link whatsappRustState}. */
export interface WhatsappRustOptions {
  /** Number of the device, as in the column `id` of `device`. Needed where there are several. */
  readonly deviceId?: number | undefined;
}

/** A SQLite database of whatsapp-rust. */
export function whatsappRustState(sql: SqlReader, { deviceId }: WhatsappRustOptions = {}): ForeignState {
  return {
    source: SOURCE,
    async open(tally, options) {
      const reading = new SqlReading(SOURCE, sql, tally, options);
      const row = await reading.account("device", "id", deviceId, "deviceId");
      tally.found("device");
      const id = integerOf(row, "id");
      const firstUnuploaded = await firstUnuploadedOf(reading, id);
      const device = requiredRow(SOURCE, "device", () => deviceOfRow(row, firstUnuploaded));
      tally.converted("device");
      if (device.serverCertChain === undefined && optionalBytesOf(row, "server_cert_chain") !== undefined)
        tally.skip("device", "not-kept", "server_cert_chain");
      return { device, rows: () => new DeviceRows(reading, id, device).all() };
    },
  };
}

/** The first pre-key that the server does not have. */
async function firstUnuploadedOf(reading: SqlReading, deviceId: number): Promise<number | undefined> {
  const rows = reading.rows({
    table: "prekeys",
    columns: ["id", "uploaded"],
    key: ["id"],
    where: [["device_id", deviceId]],
  });
  for await (const row of rows) if (integerOf(row, "uploaded") === 0) return integerOf(row, "id");
  return undefined;
}

/** The rows of one device. */
class DeviceRows {
  readonly #reading: SqlReading;
  readonly #device: Device;
  readonly #where: readonly [readonly ["device_id", number]];
  /** Groups whose sender key of ours was converted. */
  readonly #ownGroups = new Set<string>();

  constructor(reading: SqlReading, deviceId: number, device: Device) {
    this.#reading = reading;
    this.#device = device;
    this.#where = [["device_id", deviceId]];
  }

  async *all(): AsyncIterable<NamedWrite> {
    yield* ownMapping(this.#device);
    yield* this.#users();
    yield* this.#signal();
    yield* this.#senderKeys();
    yield* this.#table("app_state_keys", ["key_id"], ["key_data"], (row) => [
      { kind: "syncKey.put", keyId: bytesOf(row, "key_id"), key: syncKeyOf(bytesOf(row, "key_data")) },
    ]);
    yield* this.#collections();
    yield* this.#messages();
  }

  async *#users(): AsyncIterable<NamedWrite> {
    const mapping = ["phone_number", "created_at", "learning_source", "updated_at"];
    yield* this.#table("lid_pn_mapping", ["lid"], mapping, (row) => {
      const entry = {
        lid: textOf(row, "lid"),
        phoneNumber: textOf(row, "phone_number"),
        createdAt: integerOf(row, "created_at"),
        updatedAt: integerOf(row, "updated_at"),
        learningSource: textOf(row, "learning_source") as LearningSource,
      };
      return [{ kind: "lidMapping.put", entries: [entry] }];
    });
    const registry = ["devices_json", "timestamp", "phash", "raw_id"];
    yield* this.#table("device_registry", ["user_id"], registry, (row) => [
      { kind: "deviceList.put", records: [deviceListOf(row)] },
    ]);
    yield* this.#table("tc_tokens", ["jid"], ["token", "token_timestamp", "sender_timestamp"], (row) => {
      const senderTimestamp = optionalIntegerOf(row, "sender_timestamp", undefined);
      const entry = {
        token: bytesOf(row, "token"),
        tokenTimestamp: integerOf(row, "token_timestamp"),
        ...(senderTimestamp === undefined ? {} : { senderTimestamp }),
      };
      return [{ kind: "tcToken.put", jid: textOf(row, "jid"), entry }];
    });
  }

  async *#signal(): AsyncIterable<NamedWrite> {
    yield* this.#table("identities", ["address"], ["key"], (row) =>
      atAddress(row, (address) => ({ kind: "identity.put", address, key: identityOf(bytesOf(row, "key")) })),
    );
    yield* this.#table("sessions", ["address"], ["record"], (row) =>
      atAddress(row, (address) => sessionWrite(address, bytesOf(row, "record"))),
    );
    yield* this.#table("prekeys", ["id"], ["key", "uploaded"], (row) => {
      const id = integerOf(row, "id");
      const record = preKeyRecordOf(id, bytesOf(row, "key"));
      return [{ kind: "preKey.put", id, record, uploaded: integerOf(row, "uploaded") !== 0 }];
    });
    yield* this.#table("signed_prekeys", ["id"], ["record"], (row) => [
      { kind: "signedPreKey.put", id: integerOf(row, "id"), record: bytesOf(row, "record") },
    ]);
  }

  async *#senderKeys(): AsyncIterable<NamedWrite> {
    yield* this.#table("sender_keys", ["address"], ["record"], (row) => {
      const name = textOf(row, "address");
      const parsed = tryParseSenderKeyName(name);
      if (parsed === undefined) return "unaddressable";
      const write = senderKeyWrite(name, bytesOf(row, "record"));
      if (isOwnDevice(this.#device, parsed.sender.user, parsed.sender.device))
        this.#ownGroups.add(name.slice(0, name.indexOf(":")));
      return [write];
    });
    yield* this.#table("sender_key_devices", ["group_jid", "device_jid"], ["has_key"], (row) => {
      const group = textOf(row, "group_jid");
      if (!this.#ownGroups.has(group)) return "no-sender-key";
      const mark = [textOf(row, "device_jid"), integerOf(row, "has_key") !== 0] as const;
      return [{ kind: "senderKeyDevices.set", group, entries: [mark] }];
    });
  }

  async *#collections(): AsyncIterable<NamedWrite> {
    const table = "app_state_versions";
    const query = { table, columns: ["name", "state_data"], key: ["name"], where: this.#where };
    for await (const row of this.#reading.rows(query)) {
      this.#reading.tally.found(table);
      const name = textOf(row, "name");
      const state = this.#reading.undamaged(table, name, () => hashStateOf(bytesOf(row, "state_data")));
      if (state === undefined) continue;
      const { indexValueMap: _rows, ...version } = state;
      for await (const write of collectionRows(name, version, this.#macs(name)))
        yield { kind: table, name, write };
    }
  }

  async *#macs(name: string): AsyncIterable<ForeignMac> {
    const rows = this.#reading.rows({
      table: "app_state_mutation_macs",
      columns: ["index_mac", "version", "value_mac"],
      key: ["index_mac"],
      where: [...this.#where, ["name", name]],
    });
    for await (const row of rows) {
      yield {
        indexMac: bytesOf(row, "index_mac"),
        valueMac: bytesOf(row, "value_mac"),
        version: BigInt(integerOf(row, "version")),
      };
    }
  }

  async *#messages(): AsyncIterable<NamedWrite> {
    yield* this.#table("base_keys", ["address", "message_id"], ["base_key", "created_at"], (row) => [
      {
        kind: "baseKey.put",
        address: textOf(row, "address"),
        messageId: textOf(row, "message_id"),
        key: bytesOf(row, "base_key"),
        createdAt: integerOf(row, "created_at"),
      },
    ]);
    yield* this.#table("sent_messages", ["chat_jid", "message_id"], ["payload", "created_at"], (row) => [
      {
        kind: "sentMessage.put",
        chat: textOf(row, "chat_jid"),
        id: textOf(row, "message_id"),
        payload: bytesOf(row, "payload"),
        createdAt: integerOf(row, "created_at"),
      },
    ]);
  }

  #table(
    table: string,
    key: readonly string[],
    others: readonly string[],
    convert: TableReading["convert"],
  ): AsyncIterable<NamedWrite> {
    return this.#reading.table({ table, columns: [...key, ...others], key, where: this.#where, convert });
  }
}

function atAddress(row: SqlRow, write: (address: string) => Write): RowConversion {
  const address = textOf(row, "address");
  return tryParseSignalAddress(address) === undefined ? "unaddressable" : [write(address)];
}
