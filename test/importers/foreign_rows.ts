/**
 * Rows of other programs, made from an account whose records are those of real Signal code. Written for tests
 * alone, without code of the importers and exporters.
 */
import type { Device, Write } from "../../src/backend/mod.ts";
import type { ForeignStatement, ForeignValue } from "../../src/exports/importers.ts";
import {
  decodePreKey,
  decodeSessionRecord,
  encodeAdvSignedDeviceIdentity,
  encodeHashState,
  encodeSessionRecord,
  encodeSyncKey,
} from "../../src/records/mod.ts";

export interface Source {
  readonly device: Device;
  readonly rows: readonly Write[];
}

type Values = Readonly<Record<string, ForeignValue | undefined>>;

function insert(table: string, values: Values): ForeignStatement {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  const columns = entries.map(([name]) => name).join(", ");
  const marks = entries.map(() => "?").join(", ");
  return {
    sql: `INSERT INTO ${table} (${columns}) VALUES (${marks})`,
    params: entries.map(([, value]) => (typeof value === "boolean" ? Number(value) : (value ?? null))),
  };
}

/** Parts of a Signal address `user[:device]@server.0`. */
function parts(address: string): { user: string; server: string; device: number } {
  const [, user = "", device = "0", server = ""] = /^([^:@]+)(?::(\d+))?@(.+)\.0$/.exec(address) ?? [];
  return { user, server: server === "c.us" ? "s.whatsapp.net" : server, device: Number(device) };
}

/** Group and sender of a sender key's name. */
function named(name: string): { group: string; sender: ReturnType<typeof parts> } {
  const colon = name.indexOf(":");
  return { group: name.slice(0, colon), sender: parts(name.slice(colon + 1)) };
}

function goAddress({ user, server, device }: ReturnType<typeof parts>): string {
  return `${user}${server === "lid" ? "_1" : ""}:${device}`;
}

export function whatsmeowRows({ device, rows }: Source): ForeignStatement[] {
  const jid = device.pn ?? "";
  const own = insert("whatsmeow_device", {
    jid,
    lid: device.lid,
    registration_id: device.registrationId,
    noise_key: device.noiseKey.privateKey,
    identity_key: device.identityKey.privateKey,
    signed_pre_key: device.signedPreKey.privateKey,
    signed_pre_key_id: device.signedPreKeyId,
    signed_pre_key_sig: device.signedPreKeySignature,
    adv_key: device.advSecretKey,
    adv_details: device.account?.details,
    adv_account_sig: device.account?.accountSignature,
    adv_account_sig_key: device.account?.accountSignatureKey,
    adv_device_sig: device.account?.deviceSignature,
    platform: device.platform,
    push_name: device.pushName,
  });
  const others = rows.flatMap((row): ForeignStatement[] => {
    switch (row.kind) {
      case "identity.put":
        return [
          insert("whatsmeow_identity_keys", {
            our_jid: jid,
            their_id: goAddress(parts(row.address)),
            identity: row.key,
          }),
        ];
      case "session.put":
        return [
          insert("whatsmeow_sessions", {
            our_jid: jid,
            their_id: goAddress(parts(row.address)),
            session: row.record,
          }),
        ];
      case "senderKey.put": {
        const { group, sender } = named(row.name);
        return [
          insert("whatsmeow_sender_keys", {
            our_jid: jid,
            chat_id: group,
            sender_id: goAddress(sender),
            sender_key: row.record,
          }),
        ];
      }
      case "preKey.put": {
        const { privateKey } = decodePreKey(row.record);
        return [
          insert("whatsmeow_pre_keys", { jid, key_id: row.id, key: privateKey, uploaded: row.uploaded }),
        ];
      }
      case "syncKey.put":
        return [
          insert("whatsmeow_app_state_sync_keys", {
            jid,
            key_id: row.keyId,
            key_data: row.key.keyData,
            timestamp: row.key.timestamp,
            fingerprint: row.key.fingerprint,
          }),
        ];
      case "lidMapping.put":
        return row.entries.map(({ lid, phoneNumber }) =>
          insert("whatsmeow_lid_map", { lid, pn: phoneNumber }),
        );
      case "tcToken.put":
        return [
          insert("whatsmeow_privacy_tokens", {
            our_jid: jid,
            their_jid: row.jid,
            token: row.entry.token,
            timestamp: row.entry.tokenTimestamp,
          }),
        ];
      case "syncVersion.patch":
        return row.patch.state === undefined
          ? []
          : [
              insert("whatsmeow_app_state_version", {
                jid,
                name: row.name,
                version: row.patch.state.version,
                hash: row.patch.state.hash,
              }),
              // An older value of each index comes before the present one.
              ...[...row.patch.values].flatMap(([index, value_mac]) =>
                [1n, 2n].map((version) =>
                  insert("whatsmeow_app_state_mutation_macs", {
                    jid,
                    name: row.name,
                    version,
                    index_mac: Buffer.from(index, "base64"),
                    value_mac: version === 2n ? value_mac : new Uint8Array(32),
                  }),
                ),
              ),
            ];
      default:
        return [];
    }
  });
  return [
    own,
    insert("whatsmeow_contacts", { our_jid: jid, their_jid: "1@lid", full_name: "Ben" }),
    ...others,
  ];
}

/** The positional encoding of older databases. */
export function positional(
  ...fields: (number | bigint | Uint8Array | { readonly raw: Uint8Array })[]
): Buffer {
  const integer = (value: bigint): Buffer => {
    if (value <= 250n) return Buffer.from([Number(value)]);
    if (value < 1n << 16n) return Buffer.from([251, Number(value & 255n), Number(value >> 8n)]);
    const bytes = Buffer.alloc(value < 1n << 32n ? 5 : 9);
    bytes[0] = bytes.length === 5 ? 252 : 253;
    for (let at = 1; at < bytes.length; at++) bytes[at] = Number((value >> BigInt(8 * (at - 1))) & 255n);
    return bytes;
  };
  return Buffer.concat(
    fields.map((field) => {
      if (typeof field === "bigint") return integer(field);
      // Numbers are signed.
      if (typeof field === "number") return integer(BigInt(field) * 2n);
      if (field instanceof Uint8Array) return Buffer.concat([integer(BigInt(field.length)), field]);
      return Buffer.from(field.raw);
    }),
  );
}

export interface RustOptions {
  readonly isPositional: boolean;
  /** What a record says of the counters that its writer may have used. */
  readonly reservation?: bigint;
}

export function whatsappRustRows(
  { device, rows }: Source,
  { isPositional, reservation }: RustOptions,
): ForeignStatement[] {
  const device_id = 3;
  const pair = (keys: Device["noiseKey"]) => Buffer.concat([keys.privateKey, keys.publicKey]);
  const cert = [{ raw: new Uint8Array(32).fill(9) }, 1_700_000_000, 1_800_000_000] as const;
  const own = insert("device", {
    id: device_id,
    lid: device.lid ?? "",
    pn: device.pn ?? "",
    registration_id: device.registrationId,
    noise_key: pair(device.noiseKey),
    identity_key: pair(device.identityKey),
    signed_pre_key: pair(device.signedPreKey),
    signed_pre_key_id: device.signedPreKeyId,
    signed_pre_key_signature: device.signedPreKeySignature,
    adv_secret_key: device.advSecretKey,
    account: device.account === undefined ? undefined : encodeAdvSignedDeviceIdentity(device.account),
    push_name: device.pushName,
    next_pre_key_id: device.nextPreKeyId,
    server_has_prekeys: true,
    server_cert_chain: isPositional ? positional(...cert, ...cert) : Buffer.from([1, 2, 3]),
  });
  const others = rows.flatMap((row): ForeignStatement[] => {
    switch (row.kind) {
      case "identity.put":
        return [insert("identities", { address: row.address, key: row.key, device_id })];
      case "session.put": {
        const record =
          reservation === undefined
            ? row.record
            : encodeSessionRecord({
                ...decodeSessionRecord(row.record),
                counterReservation: reservation,
                incarnation: new Uint8Array(16).fill(0xff),
              });
        return [insert("sessions", { address: row.address, record, device_id })];
      }
      case "senderKey.put":
        return [insert("sender_keys", { address: row.name, record: row.record, device_id })];
      case "senderKeyDevices.set":
        return row.entries.map(([device_jid, has_key]) =>
          insert("sender_key_devices", {
            group_jid: row.group,
            device_jid,
            has_key,
            updated_at: 1,
            device_id,
          }),
        );
      case "preKey.put": {
        const { privateKey, publicKey } = decodePreKey(row.record);
        const key = isPositional ? Buffer.concat([privateKey, publicKey]) : row.record;
        return [insert("prekeys", { id: row.id, key, uploaded: row.uploaded, device_id })];
      }
      case "syncKey.put": {
        const { keyData, fingerprint, timestamp } = row.key;
        const key_data = isPositional ? positional(keyData, fingerprint, timestamp) : encodeSyncKey(row.key);
        return [insert("app_state_keys", { key_id: row.keyId, key_data, device_id })];
      }
      case "lidMapping.put":
        return row.entries.map((entry) =>
          insert("lid_pn_mapping", {
            lid: entry.lid,
            phone_number: entry.phoneNumber,
            created_at: entry.createdAt,
            updated_at: entry.updatedAt,
            learning_source: "usync",
            device_id,
          }),
        );
      case "deviceList.put":
        return row.records.map(({ user, devices }) =>
          insert("device_registry", {
            user_id: user,
            devices_json: JSON.stringify(
              devices.map(({ deviceId }) => ({ device_id: deviceId, key_index: null })),
            ),
            timestamp: 0,
            raw_id: -2,
            updated_at: 1,
            device_id,
          }),
        );
      case "tcToken.put":
        return [
          insert("tc_tokens", {
            jid: row.jid,
            token: row.entry.token,
            token_timestamp: row.entry.tokenTimestamp,
            updated_at: 1,
            device_id,
          }),
        ];
      case "syncVersion.patch": {
        const { state, values } = row.patch;
        if (state === undefined) return [];
        const { version, hash } = state;
        const state_data = isPositional
          ? positional(version, { raw: hash }, 1n, Buffer.from("index"), new Uint8Array(2))
          : encodeHashState({ ...state, indexValueMap: new Map() });
        return [
          insert("app_state_versions", { name: row.name, state_data, device_id }),
          ...[...values].map(([index, value_mac]) =>
            insert("app_state_mutation_macs", {
              name: row.name,
              version,
              index_mac: Buffer.from(index, "base64"),
              value_mac,
              device_id,
            }),
          ),
        ];
      }
      default:
        return [];
    }
  });
  return [own, ...others];
}

export function zapoRows({ device, rows }: Source): ForeignStatement[] {
  const session_id = "bot";
  const own = [
    insert("auth_credentials", {
      session_id,
      noise_pub_key: device.noiseKey.publicKey,
      noise_priv_key: device.noiseKey.privateKey,
      registration_id: device.registrationId,
      identity_pub_key: Buffer.concat([Buffer.from([5]), device.identityKey.publicKey]),
      identity_priv_key: device.identityKey.privateKey,
      signed_prekey_id: device.signedPreKeyId,
      signed_prekey_pub_key: device.signedPreKey.publicKey,
      signed_prekey_priv_key: device.signedPreKey.privateKey,
      signed_prekey_signature: device.signedPreKeySignature,
      adv_secret_key: device.advSecretKey,
      signed_identity:
        device.account === undefined ? undefined : encodeAdvSignedDeviceIdentity(device.account),
      me_jid: device.pn,
      me_lid: device.lid,
      me_display_name: device.pushName,
    }),
    insert("signal_meta", { session_id, server_has_prekeys: 1, next_prekey_id: device.nextPreKeyId }),
    insert("device_list_cache", { session_id, user_jid: "1@lid" }),
  ];
  const others = rows.flatMap((row): ForeignStatement[] => {
    switch (row.kind) {
      case "identity.put":
        return [
          insert("signal_identity", {
            session_id,
            ...parts(row.address),
            identity_key: Buffer.concat([Buffer.from([5]), row.key]),
          }),
        ];
      case "session.put":
        return [insert("signal_session", { session_id, ...parts(row.address), record: row.record })];
      case "senderKey.put": {
        const { group, sender } = named(row.name);
        const { user, server, device: sender_device } = sender;
        return [
          insert("bot_sender_keys", {
            session_id,
            group_id: group,
            sender_user: user,
            sender_server: server,
            sender_device,
            record: row.record,
          }),
        ];
      }
      case "preKey.put": {
        const { privateKey, publicKey } = decodePreKey(row.record);
        return [
          insert("signal_prekey", {
            session_id,
            key_id: row.id,
            pub_key: publicKey,
            priv_key: privateKey,
            uploaded: row.uploaded,
          }),
        ];
      }
      case "syncKey.put":
        return [
          insert("appstate_sync_keys", {
            session_id,
            key_id: row.keyId,
            key_data: row.key.keyData,
            timestamp: row.key.timestamp,
            fingerprint: row.key.fingerprint,
          }),
        ];
      case "lidMapping.put":
        return row.entries.map(({ lid, phoneNumber }) =>
          insert("mailbox_contacts", {
            session_id,
            jid: `${lid}@lid`,
            lid: `${lid}@lid`,
            phone_number: phoneNumber,
          }),
        );
      case "tcToken.put":
        return [
          insert("privacy_tokens", {
            session_id,
            jid: row.jid,
            tc_token: row.entry.token,
            tc_token_timestamp: row.entry.tokenTimestamp,
          }),
        ];
      case "syncVersion.patch": {
        const { state, values } = row.patch;
        if (state === undefined) return [];
        return [
          insert("appstate_collection_versions", {
            session_id,
            collection: row.name,
            version: state.version,
            hash: state.hash,
          }),
          ...[...values].map(([index, value_mac]) =>
            insert("appstate_collection_index_values", {
              session_id,
              collection: row.name,
              index_mac_hex: Buffer.from(index, "base64").toString("hex"),
              value_mac,
            }),
          ),
        ];
      }
      default:
        return [];
    }
  });
  return [...own, ...others];
}
