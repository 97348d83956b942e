import {
  formatNodeAddress,
  formatNodeSenderKeyName,
  parseSenderKeyName,
  parseSignalAddress,
} from "../../addresses/mod.ts";
import type { Device, Write } from "../../backend/mod.ts";
import {
  bytesToSyncKeyId,
  credsFromDevice,
  devicesToDeviceList,
  devicesToSenderKeyMemory,
  entryToTcToken,
  hashStateToBaileys,
  jidsToTcTokenIndex,
  rawToIdentityKey,
  recordToPreKey,
  syncKeyToBaileys,
  TC_TOKEN_INDEX_ID,
} from "../../baileys/convert/mod.ts";
import { nodeSenderKeyCodec } from "../../baileys/node_sender_key_record.ts";
import { nodeSessionCodec } from "../../baileys/node_session_record.ts";
import { encodeBase64, encodeUtf8 } from "../../bytes/mod.ts";
import { generateKeyPair } from "../../device/mod.ts";
import type { Random } from "../../ports/mod.ts";
import { CollectedCollections } from "../collected_collections.ts";
import type { FolderWriter } from "../ports.ts";
import { type ForeignReport, Tally } from "../report.ts";
import { RecordExporter, type StoredAccount } from "../stored_account.ts";
import { CREDS_FILE, fileNameOf, type StateType } from "./state_key.ts";

const TARGET = "Baileys folder";

/** Writes an account as the folder of `useMultiFileAuthState`. */
export async function writeBaileysFolder(
  { device, rows }: StoredAccount,
  folder: FolderWriter,
  random: Random,
): Promise<ForeignReport> {
  await folder.begin();
  const exporter = new FolderExporter(device, folder);
  for await (const write of rows) await exporter.add(write);
  return await exporter.finish(random);
}

class FolderExporter {
  readonly #device: Device;
  readonly #folder: FolderWriter;
  readonly #records: RecordExporter;
  readonly #sessions: ReturnType<typeof nodeSessionCodec>;
  readonly #tally = new Tally();
  readonly #collections = new CollectedCollections();
  /** The newest LID of each phone number. */
  readonly #lids = new Map<string, { readonly lid: string; readonly createdAt: number }>();
  readonly #tokenJids: string[] = [];
  /** Groups with a sender key of ours. */
  readonly #ownGroups = new Set<string>();
  #memory: { readonly group: string; readonly devices: Map<string, boolean> } | undefined;
  #files = 0;

  constructor(device: Device, folder: FolderWriter) {
    this.#device = device;
    this.#folder = folder;
    this.#records = new RecordExporter(device);
    this.#sessions = nodeSessionCodec(() => ({
      localIdentityPublic: device.identityKey.publicKey,
      localRegistrationId: device.registrationId,
    }));
  }

  async add(write: Write): Promise<void> {
    switch (write.kind) {
      case "session.put":
        return await this.#addSession(write);
      case "senderKey.put":
        return await this.#addSenderKey(write);
      case "identity.put": {
        const id = nodeName(() => formatNodeAddress(parseSignalAddress(write.address)));
        return await this.#put("identity-key", id, write.address, () => rawToIdentityKey(write.key));
      }
      case "preKey.put":
        return await this.#put("pre-key", String(write.id), String(write.id), () =>
          recordToPreKey(write.record),
        );
      case "syncKey.put": {
        const id = bytesToSyncKeyId(write.keyId);
        return await this.#put("app-state-sync-key", id, id, () => syncKeyToBaileys(write.key));
      }
      case "syncVersion.patch":
      case "syncVersion.put":
      case "mutationMacs.put":
        return this.#collections.add(write);
      case "senderKeyDevices.set":
        return await this.#addMarks(write.group, write.entries);
      case "lidMapping.put":
        for (const { lid, phoneNumber, createdAt } of write.entries) {
          const known = this.#lids.get(phoneNumber);
          if (known === undefined || createdAt >= known.createdAt)
            this.#lids.set(phoneNumber, { lid, createdAt });
          await this.#put("lid-mapping", `${lid}_reverse`, lid, () => phoneNumber);
        }
        return;
      case "deviceList.put":
        for (const { user, devices } of write.records)
          await this.#put("device-list", user, user, () => devicesToDeviceList(devices));
        return;
      case "tcToken.put":
        this.#tokenJids.push(write.jid);
        return await this.#put("tctoken", write.jid, write.jid, () => entryToTcToken(write.entry));
      default:
        return this.#notKept(write.kind);
    }
  }

  /** Writes what needed all rows, and the credentials last: an unfinished folder cannot be used. */
  async finish(random: Random): Promise<ForeignReport> {
    await this.#writeMarks();
    for (const { name, state, macs } of this.#collections.all()) {
      const value = (): unknown => hashStateToBaileys({ ...state, indexValueMap: macs });
      await this.#put("app-state-sync-version", name, name, value);
    }
    for (const [phoneNumber, { lid }] of this.#lids) await this.#create("lid-mapping", phoneNumber, lid);
    if (this.#tokenJids.length > 0)
      await this.#create("tctoken", TC_TOKEN_INDEX_ID, jidsToTcTokenIndex(this.#tokenJids));
    const creds = credsFromDevice(this.#device, { pairingEphemeralKeyPair: () => generateKeyPair(random) });
    await this.#write(CREDS_FILE, creds);
    return {
      state: TARGET,
      isDryRun: false,
      pn: this.#device.pn,
      kinds: this.#tally.kinds,
      skipped: this.#tally.skipped,
      writes: this.#files,
    };
  }

  async #addSession(write: Extract<Write, { readonly kind: "session.put" }>): Promise<void> {
    const id = nodeName(() => formatNodeAddress(parseSignalAddress(write.address)));
    const opened = this.#records.open(write, this.#sessions);
    if (opened.kind === "damaged") return this.#skipDamaged("session", write.address);
    if (opened.kind === "silent") this.#tally.skip("session", "outdated", write.address);
    await this.#put("session", id, write.address, () => opened.value.json);
  }

  async #addSenderKey(write: Extract<Write, { readonly kind: "senderKey.put" }>): Promise<void> {
    const name = parseSenderKeyName(write.name);
    const opened = this.#records.open(write, nodeSenderKeyCodec);
    if (opened.kind === "damaged") return this.#skipDamaged("sender-key", write.name);
    if (opened.kind === "silent") this.#tally.skip("sender-key", "outdated", write.name);
    if (opened.value.isEmpty) return;
    if (opened.value.sending !== undefined) this.#ownGroups.add(write.name.slice(0, write.name.indexOf(":")));
    await this.#put(
      "sender-key",
      nodeName(() => formatNodeSenderKeyName(name)),
      write.name,
      () => opened.value.bytes,
    );
  }

  async #addMarks(group: string, entries: readonly (readonly [string, boolean])[]): Promise<void> {
    if (this.#memory?.group !== group) {
      await this.#writeMarks();
      this.#memory = { group, devices: new Map() };
    }
    for (const [device, hasKey] of entries) this.#memory?.devices.set(device, hasKey);
  }

  async #writeMarks(): Promise<void> {
    const memory = this.#memory;
    this.#memory = undefined;
    if (memory === undefined) return;
    const { group, devices } = memory;
    if (!this.#ownGroups.has(group)) {
      this.#tally.found("sender-key-memory");
      return this.#tally.skip("sender-key-memory", "no-sender-key", group);
    }
    await this.#put("sender-key-memory", group, group, () => devicesToSenderKeyMemory([...devices]));
  }

  /** @param id `undefined` when Baileys has no name for it. */
  async #put(type: StateType, id: string | undefined, name: string, makeValue: () => unknown): Promise<void> {
    this.#tally.found(type);
    if (id === undefined) return this.#tally.skip(type, "unaddressable", name);
    await this.#create(type, id, makeValue());
    this.#tally.converted(type);
  }

  async #create(type: StateType, id: string, value: unknown): Promise<void> {
    await this.#write(fileNameOf(type, id), value);
  }

  async #write(file: string, value: unknown): Promise<void> {
    await this.#folder.create(file, encodeUtf8(JSON.stringify(value, bufferJson)));
    this.#files += 1;
  }

  #skipDamaged(type: StateType, name: string): void {
    this.#tally.found(type);
    this.#tally.skip(type, "damaged", name);
  }

  #notKept(kind: string): void {
    if (kind === "device.save") return;
    this.#tally.found(kind);
    this.#tally.skip(kind, "not-kept", kind);
  }
}

/** Bytes as Baileys' `BufferJSON` writes them. */
function bufferJson(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { type: "Buffer", data: encodeBase64(value) } : value;
}

function nodeName(format: () => string): string | undefined {
  try {
    return format();
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
