import type { Backend, Device, Write } from "../../backend/mod.ts";
import { decodeBase64, joinBytes } from "../../bytes/mod.ts";
import { ArgumentTypeError, RefusedError, requireIntegerWithin, requireObject } from "../../errors/mod.ts";
import { nowSeconds, systemClock } from "../../ports/mod.ts";
import {
  encodeAdvSignedDeviceIdentity,
  encodeHashState,
  encodeSignedPreKey,
  encodeSyncKey,
} from "../../records/mod.ts";
import { CollectedCollections } from "../collected_collections.ts";
import { exportedRecord, noteNotKept } from "../export_rows.ts";
import type { ForeignStatement, SqlWriter } from "../ports.ts";
import { type ForeignReport, Tally } from "../report.ts";
import { requireSqlWriter } from "../require_port.ts";
import { integerOf, quoted } from "../sql_rows.ts";
import { type RowValues, SqlTarget } from "../sql_target.ts";
import { RecordExporter, storedAccount } from "../stored_account.ts";
import { positionalHashState, positionalSyncKey } from "./positional_writer.ts";
import type { WhatsappRustOptions } from "./read_whatsapp_rust.ts";

const TARGET = "whatsapp-rust database";

/** The tables of a device, which are emptied: the program makes an unpaired device when it first starts. */
const TABLES = [
  "app_state_keys",
  "app_state_mutation_macs",
  "app_state_versions",
  "base_keys",
  "device_registry",
  "identities",
  "lid_pn_mapping",
  "prekeys",
  "sender_key_devices",
  "sender_keys",
  "sent_messages",
  "sessions",
  "signed_prekeys",
  "tc_tokens",
] as const;

/** Options of {@link exportWhatsappRust}. */
export interface WhatsappRustExportOptions extends WhatsappRustOptions {
  /**
   * How the release that uses the database encodes app state: `positional` until the middle of 2026,
   * `protobuf` since. Needed where the tables are of before; defaults to `protobuf`.
   */
  readonly encoding?: "positional" | "protobuf" | undefined;
}

/** The last migration of a release that encodes by position, as far as is known. */
const LAST_POSITIONAL = "20260426";

/**
 * Writes the account of a backend as a device of a SQLite database of whatsapp-rust, in one transaction. The
 * program must have made its tables and must be stopped. The account must be closed, and must not be opened
 * again while whatsapp-rust uses the device: retire it.
 *
 * Not checked against the real program.
 *
 * @param options The device that is written defaults to the one that is there, unpaired, or 1.
 * @throws {RefusedError} When there is no account, the database lacks tables, its device is paired, or its
 *   encoding has to be named.
 */
export async function exportWhatsappRust(
  backend: Backend,
  sql: SqlWriter,
  options: WhatsappRustExportOptions = {},
): Promise<ForeignReport> {
  requireSqlWriter(sql);
  requireObject("export account: options", options);
  const { device, rows } = await storedAccount(backend, TARGET);
  const target = new SqlTarget(TARGET, sql);
  await target.require("device");
  const encoding = options.encoding ?? (await encodingOf(sql, target));
  if (encoding !== "positional" && encoding !== "protobuf")
    throw new ArgumentTypeError("export account: no such encoding");
  const deviceId = await freeDevice(sql, options.deviceId);
  const present: string[] = [];
  for (const table of TABLES) if (await target.has(table)) present.push(table);
  const writer = new DeviceWriter(device, { deviceId, target, encoding });
  await sql.transaction(writer.statements(rows, present));
  return writer.report();
}

/** @throws {RefusedError} When releases of either encoding have these tables. */
async function encodingOf(sql: SqlWriter, target: SqlTarget): Promise<"protobuf"> {
  const table = "__diesel_schema_migrations";
  if (!(await target.has(table))) return "protobuf";
  const [row] = await sql.all(`SELECT MAX(SUBSTR(version, 1, 8)) AS newest FROM ${table}`, []);
  if (String(row?.newest) > LAST_POSITIONAL) return "protobuf";
  throw new RefusedError(
    `export ${TARGET}: its tables are of before the middle of 2026; name the encoding of the release that uses it: positional or protobuf`,
  );
}

/** @throws {RefusedError} When the device is paired, or none is named of several. */
async function freeDevice(sql: SqlWriter, wanted: number | undefined): Promise<number> {
  if (wanted !== undefined) requireIntegerWithin("export: deviceId", wanted, 1, 2 ** 31 - 1);
  const devices = await sql.all("SELECT id, pn FROM device ORDER BY id", []);
  const row = devices.find((device) => wanted === undefined || integerOf(device, "id") === wanted);
  if (row === undefined) return wanted ?? 1;
  if (wanted === undefined && devices.length > 1)
    throw new RefusedError(`export ${TARGET}: there are several devices; name one by deviceId`);
  if (row.pn !== "" && row.pn !== null)
    throw new RefusedError(`export ${TARGET}: the device is paired; name another one by deviceId`);
  return integerOf(row, "id");
}

class DeviceWriter {
  readonly #device: Device;
  readonly #deviceId: number;
  readonly #target: SqlTarget;
  readonly #isPositional: boolean;
  readonly #records: RecordExporter;
  readonly #tally = new Tally();
  readonly #collections = new CollectedCollections();
  /** Groups with a sender key of ours. */
  readonly #ownGroups = new Set<string>();
  readonly #now = nowSeconds(systemClock);
  #rows = 0;

  constructor(
    device: Device,
    {
      deviceId,
      target,
      encoding,
    }: {
      readonly deviceId: number;
      readonly target: SqlTarget;
      readonly encoding: "positional" | "protobuf";
    },
  ) {
    this.#device = device;
    this.#deviceId = deviceId;
    this.#target = target;
    this.#isPositional = encoding === "positional";
    this.#records = new RecordExporter(device);
  }

  async *statements(
    rows: AsyncIterable<Write> | Iterable<Write>,
    present: readonly string[],
  ): AsyncIterable<ForeignStatement> {
    for (const table of present)
      yield { sql: `DELETE FROM ${quoted(table)} WHERE device_id = ?`, params: [this.#deviceId] };
    yield await this.#row("device", deviceValues(this.#device, this.#deviceId));
    const { signedPreKeyId: id, signedPreKey, signedPreKeySignature: signature } = this.#device;
    const record = encodeSignedPreKey({ id, ...signedPreKey, signature, timestamp: 0 });
    yield await this.#owned("signed_prekeys", { id, record });
    for await (const write of rows)
      for (const { table, values } of this.#values(write)) yield await this.#owned(table, values);
    for (const { name, state, macs } of this.#collections.all()) {
      const state_data = this.#isPositional
        ? positionalHashState(state)
        : encodeHashState({ ...state, indexValueMap: new Map() });
      yield await this.#owned("app_state_versions", { name, state_data });
      for (const [index, value_mac] of macs) {
        const index_mac = decodeBase64(index);
        if (index_mac === undefined) this.#tally.skip("app_state_mutation_macs", "damaged", name);
        else
          yield await this.#owned("app_state_mutation_macs", {
            name,
            version: state.version,
            index_mac,
            value_mac,
          });
      }
    }
  }

  report(): ForeignReport {
    const { kinds, skipped } = this.#tally;
    return { state: TARGET, isDryRun: false, pn: this.#device.pn, kinds, skipped, writes: this.#rows };
  }

  *#values(write: Write): Iterable<{ readonly table: string; readonly values: RowValues }> {
    switch (write.kind) {
      case "identity.put":
        yield { table: "identities", values: { address: write.address, key: write.key } };
        return;
      case "session.put": {
        const record = exportedRecord(write, this.#records, this.#tally, "sessions");
        if (record !== undefined)
          yield { table: "sessions", values: { address: write.address, record: record.bytes } };
        return;
      }
      case "senderKey.put": {
        const record = exportedRecord(write, this.#records, this.#tally, "sender_keys");
        if (record === undefined || record.bytes.length === 0) return;
        if (record.sends) this.#ownGroups.add(write.name.slice(0, write.name.indexOf(":")));
        yield { table: "sender_keys", values: { address: write.name, record: record.bytes } };
        return;
      }
      case "senderKeyDevices.set":
        if (!this.#ownGroups.has(write.group))
          return this.#tally.skip("sender_key_devices", "no-sender-key", write.group);
        for (const [device_jid, has_key] of write.entries) {
          const values = { group_jid: write.group, device_jid, has_key, updated_at: this.#now };
          yield { table: "sender_key_devices", values };
        }
        return;
      case "preKey.put":
        yield { table: "prekeys", values: { id: write.id, key: write.record, uploaded: write.uploaded } };
        return;
      case "signedPreKey.put":
        yield { table: "signed_prekeys", values: { id: write.id, record: write.record } };
        return;
      case "syncKey.put": {
        const key_data = this.#isPositional ? positionalSyncKey(write.key) : encodeSyncKey(write.key);
        yield { table: "app_state_keys", values: { key_id: write.keyId, key_data } };
        return;
      }
      case "syncVersion.patch":
      case "syncVersion.put":
      case "mutationMacs.put":
        return this.#collections.add(write);
      case "lidMapping.put":
      case "deviceList.put":
      case "tcToken.put":
        return yield* this.#userValues(write);
      default:
        return noteNotKept(write, this.#tally);
    }
  }

  *#userValues(
    write: Extract<Write, { readonly kind: "lidMapping.put" | "deviceList.put" | "tcToken.put" }>,
  ): Generator<{ readonly table: string; readonly values: RowValues }, void> {
    const updated_at = this.#now;
    if (write.kind === "lidMapping.put") {
      for (const { lid, phoneNumber, createdAt, updatedAt, learningSource } of write.entries) {
        const values = { lid, phone_number: phoneNumber, created_at: createdAt, updated_at: updatedAt };
        yield { table: "lid_pn_mapping", values: { ...values, learning_source: learningSource } };
      }
    } else if (write.kind === "deviceList.put") {
      for (const { user, devices, timestamp, phash, rawId } of write.records) {
        const devices_json = JSON.stringify(
          devices.map(({ deviceId, keyIndex }) => ({ device_id: deviceId, key_index: keyIndex ?? null })),
        );
        const values = { user_id: user, devices_json, timestamp, phash: phash ?? null, updated_at };
        // A number of 32 bits without sign, in a column with sign.
        yield {
          table: "device_registry",
          values: { ...values, raw_id: rawId === undefined ? null : rawId | 0 },
        };
      }
    } else {
      const { token, tokenTimestamp, senderTimestamp } = write.entry;
      const values = { jid: write.jid, token, token_timestamp: tokenTimestamp, updated_at };
      yield { table: "tc_tokens", values: { ...values, sender_timestamp: senderTimestamp ?? null } };
    }
  }

  async #owned(table: string, values: RowValues): Promise<ForeignStatement> {
    return await this.#row(table, { ...values, device_id: this.#deviceId });
  }

  async #row(table: string, values: RowValues): Promise<ForeignStatement> {
    this.#tally.found(table);
    this.#tally.converted(table);
    this.#rows += 1;
    return await this.#target.row(table, values);
  }
}

function deviceValues(device: Device, id: number): RowValues {
  const pair = ({ privateKey, publicKey }: Device["noiseKey"]) => joinBytes([privateKey, publicKey]);
  const [primary, secondary, tertiary] = device.appVersion;
  return {
    id,
    lid: device.lid ?? "",
    pn: device.pn ?? "",
    registration_id: device.registrationId,
    noise_key: pair(device.noiseKey),
    identity_key: pair(device.identityKey),
    signed_pre_key: pair(device.signedPreKey),
    signed_pre_key_id: device.signedPreKeyId,
    signed_pre_key_signature: device.signedPreKeySignature,
    adv_secret_key: device.advSecretKey,
    account: device.account === undefined ? null : encodeAdvSignedDeviceIdentity(device.account),
    push_name: device.pushName,
    app_version_primary: primary,
    app_version_secondary: secondary,
    app_version_tertiary: tertiary,
    app_version_last_fetched_ms: device.appVersionLastFetchedMs,
    edge_routing_info: device.edgeRoutingInfo ?? null,
    props_hash: device.propsHash ?? null,
    next_pre_key_id: device.nextPreKeyId,
    nct_salt: device.nctSalt ?? null,
    server_has_prekeys: device.serverHasPreKeys,
    // The program fetches them again.
    server_cert_chain: null,
  };
}
