import {
  formatJid,
  formatNodeAddress,
  parseSenderKeyName,
  parseSignalAddress,
  type SignalAddress,
} from "../../addresses/mod.ts";
import type { Backend, Device, Write } from "../../backend/mod.ts";
import { decodeBase64, KEY_BYTES } from "../../bytes/mod.ts";
import { RefusedError } from "../../errors/mod.ts";
import { decodePreKey } from "../../records/mod.ts";
import { CollectedCollections } from "../collected_collections.ts";
import { exportedRecord, noteNotKept } from "../export_rows.ts";
import type { ForeignStatement, SqlWriter } from "../ports.ts";
import { type ForeignReport, Tally } from "../report.ts";
import { requireSqlWriter } from "../require_port.ts";
import { type RowValues, SqlTarget } from "../sql_target.ts";
import { RecordExporter, storedAccount } from "../stored_account.ts";

const TARGET = "whatsmeow database";

/**
 * Writes the account of a backend as a device of a SQLite database of whatsmeow, in one transaction. The
 * program must have made its tables and must be stopped. The account must be closed, and must not be opened
 * again while whatsmeow uses the device: retire it.
 *
 * Not checked against the real program.
 *
 * @throws {RefusedError} When there is no paired account, the database lacks tables, or has the device
 * already.
 */
export async function exportWhatsmeow(backend: Backend, sql: SqlWriter): Promise<ForeignReport> {
  requireSqlWriter(sql);
  const { device, rows } = await storedAccount(backend, TARGET);
  const { pn, account } = device;
  if (pn === undefined || account === undefined)
    throw new RefusedError(`export ${TARGET}: the account is not paired`);
  const target = new SqlTarget(TARGET, sql);
  await target.require("whatsmeow_device");
  const known = await sql.all("SELECT jid FROM whatsmeow_device WHERE jid = ?", [pn]);
  if (known.length > 0) throw new RefusedError(`export ${TARGET}: the database has this device already`);
  const writer = new DeviceWriter(device, pn, target);
  await sql.transaction(writer.statements(rows));
  return writer.report();
}

class DeviceWriter {
  readonly #device: Device;
  readonly #jid: string;
  readonly #target: SqlTarget;
  readonly #records: RecordExporter;
  readonly #tally = new Tally();
  readonly #collections = new CollectedCollections();
  readonly #lids = new Map<string, { readonly lid: string; readonly createdAt: number }>();
  #rows = 0;

  constructor(device: Device, jid: string, target: SqlTarget) {
    this.#device = device;
    this.#jid = jid;
    this.#target = target;
    this.#records = new RecordExporter(device);
  }

  async *statements(rows: AsyncIterable<Write> | Iterable<Write>): AsyncIterable<ForeignStatement> {
    yield await this.#row("whatsmeow_device", deviceValues(this.#device, this.#jid));
    const { nctSalt } = this.#device;
    if (nctSalt !== undefined && (await this.#target.has("whatsmeow_nct_salt")))
      yield await this.#row("whatsmeow_nct_salt", { our_jid: this.#jid, salt: nctSalt });
    for await (const write of rows) {
      for (const { table, values } of this.#values(write)) yield await this.#row(table, values);
    }
    yield* this.#collectionRows();
    for (const [pn, { lid }] of this.#lids) yield await this.#row("whatsmeow_lid_map", { lid, pn }, "IGNORE");
  }

  report(): ForeignReport {
    const { kinds, skipped } = this.#tally;
    return { state: TARGET, isDryRun: false, pn: this.#jid, kinds, skipped, writes: this.#rows };
  }

  *#values(write: Write): Iterable<{ readonly table: string; readonly values: RowValues }> {
    const our_jid = this.#jid;
    switch (write.kind) {
      case "identity.put": {
        const their_id = this.#addressOf("whatsmeow_identity_keys", write.address);
        if (their_id !== undefined)
          yield { table: "whatsmeow_identity_keys", values: { our_jid, their_id, identity: write.key } };
        return;
      }
      case "session.put": {
        const their_id = this.#addressOf("whatsmeow_sessions", write.address);
        if (their_id === undefined) return;
        const record = exportedRecord(write, this.#records, this.#tally, "whatsmeow_sessions");
        if (record !== undefined)
          yield { table: "whatsmeow_sessions", values: { our_jid, their_id, session: record.bytes } };
        return;
      }
      case "senderKey.put": {
        const { group, sender } = parseSenderKeyName(write.name);
        const sender_id = whatsmeowAddress(sender);
        if (sender_id === undefined)
          return this.#tally.skip("whatsmeow_sender_keys", "unaddressable", write.name);
        const record = exportedRecord(write, this.#records, this.#tally, "whatsmeow_sender_keys");
        if (record === undefined || record.bytes.length === 0) return;
        const values = { our_jid, chat_id: formatJid(group), sender_id, sender_key: record.bytes };
        yield { table: "whatsmeow_sender_keys", values };
        return;
      }
      case "preKey.put": {
        const { privateKey } = decodePreKey(write.record);
        const values = { jid: our_jid, key_id: write.id, key: privateKey, uploaded: write.uploaded };
        yield { table: "whatsmeow_pre_keys", values };
        return;
      }
      case "syncKey.put": {
        const { keyData, timestamp, fingerprint } = write.key;
        const values = { jid: our_jid, key_id: write.keyId, key_data: keyData, timestamp, fingerprint };
        yield { table: "whatsmeow_app_state_sync_keys", values };
        return;
      }
      case "tcToken.put": {
        const { token, tokenTimestamp, senderTimestamp } = write.entry;
        const values = { our_jid, their_jid: write.jid, token, timestamp: tokenTimestamp };
        yield {
          table: "whatsmeow_privacy_tokens",
          values: { ...values, sender_timestamp: senderTimestamp ?? null },
        };
        return;
      }
      case "lidMapping.put":
        for (const { lid, phoneNumber, createdAt } of write.entries) {
          const known = this.#lids.get(phoneNumber);
          if (known === undefined || createdAt >= known.createdAt)
            this.#lids.set(phoneNumber, { lid, createdAt });
        }
        return;
      case "syncVersion.patch":
      case "syncVersion.put":
      case "mutationMacs.put":
        return this.#collections.add(write);
      default:
        return noteNotKept(write, this.#tally);
    }
  }

  async *#collectionRows(): AsyncIterable<ForeignStatement> {
    const jid = this.#jid;
    for (const { name, state, macs } of this.#collections.all()) {
      const { version, hash } = state;
      yield await this.#row("whatsmeow_app_state_version", { jid, name, version, hash });
      for (const [index, value_mac] of macs) {
        const index_mac = decodeBase64(index);
        if (index_mac?.length !== KEY_BYTES || value_mac.length !== KEY_BYTES) {
          this.#tally.skip("whatsmeow_app_state_mutation_macs", "damaged", name);
          continue;
        }
        const values = { jid, name, version, index_mac, value_mac };
        yield await this.#row("whatsmeow_app_state_mutation_macs", values);
      }
    }
  }

  async #row(table: string, values: RowValues, conflict?: "IGNORE"): Promise<ForeignStatement> {
    this.#tally.found(table);
    this.#tally.converted(table);
    this.#rows += 1;
    return await this.#target.row(table, values, conflict);
  }

  #addressOf(table: string, address: string): string | undefined {
    const text = whatsmeowAddress(parseSignalAddress(address));
    if (text === undefined) this.#tally.skip(table, "unaddressable", address);
    return text;
  }
}

/** `user[_domain]:device`; `undefined` when whatsmeow has no name for it. */
function whatsmeowAddress(address: SignalAddress): string | undefined {
  try {
    const name = formatNodeAddress(address);
    return `${name.slice(0, name.lastIndexOf("."))}:${address.device}`;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function deviceValues(device: Device, jid: string): RowValues {
  const { account } = device;
  return {
    jid,
    lid: device.lid ?? null,
    registration_id: device.registrationId,
    noise_key: device.noiseKey.privateKey,
    identity_key: device.identityKey.privateKey,
    signed_pre_key: device.signedPreKey.privateKey,
    signed_pre_key_id: device.signedPreKeyId,
    signed_pre_key_sig: device.signedPreKeySignature,
    adv_key: device.advSecretKey,
    adv_details: account?.details ?? null,
    adv_account_sig: account?.accountSignature ?? null,
    adv_account_sig_key: account?.accountSignatureKey ?? null,
    adv_device_sig: account?.deviceSignature ?? null,
    platform: device.platform ?? "",
    business_name: "",
    push_name: device.pushName,
  };
}
