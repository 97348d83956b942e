import { formatJid, tryParseJid } from "../../addresses/mod.ts";
import { type Device, initialDevice } from "../../backend/mod.ts";
import { deviceFromCreds, isObject } from "../../baileys/convert/mod.ts";
import { CorruptError, IncompatibleError, StoreError } from "../../errors/mod.ts";
import type { ForeignState, NamedWrite, OpenedState, ReadingOptions } from "../foreign_state.ts";
import type { SkipReason, Tally } from "../report.ts";
import { CONVERSIONS, type Conversion, type ConversionContext, nameOf } from "./convert_key.ts";
import { LidMappings, type OwnUsers } from "./lid_mappings.ts";
import type { BaileysState, StateEntry, StateValue } from "./state_entry.ts";
import type { StateType } from "./state_key.ts";

/** Kinds in reports, besides the types of keys. */
const CREDS = "creds";
const UNKNOWN = "unknown";

/** The version that Baileys 6 users can change to. */
const VERSION_7 = "baileys@7.0.0-rc14";

/** Types whose values are ratchets: an older copy would repeat keys. */
const RATCHETS: ReadonlySet<StateType> = new Set<StateType>(["session", "sender-key"]);

type Key = Extract<StateEntry["key"], { readonly kind: "key" }>;

/** A state of Baileys as a foreign state. */
export function foreignBaileys(state: BaileysState): ForeignState {
  return {
    source: state.source,
    open: (tally, options) => new Reading(state, tally, options).open(),
  };
}

/** One import of a state. */
class Reading {
  readonly #state: BaileysState;
  readonly #tally: Tally;
  readonly #options: ReadingOptions;
  readonly #mappings = new LidMappings();
  /** Users that are LIDs, as JIDs in the state say. */
  readonly #lids = new Set<string>();
  /** Groups whose own sender key was converted. */
  readonly #ownGroups = new Set<string>();

  constructor(state: BaileysState, tally: Tally, options: ReadingOptions) {
    this.#state = state;
    this.#tally = tally;
    this.#options = options;
  }

  async open(): Promise<OpenedState> {
    const creds = await this.#survey();
    const device = this.#deviceOf(creds);
    for (const lid of this.#mappings.lids()) this.#lids.add(lid);
    const own = ownUsers(device);
    if (own.lid !== undefined) this.#lids.add(own.lid);
    const context: ConversionContext = {
      local: {
        localIdentityPublic: device.identityKey.publicKey,
        localRegistrationId: device.registrationId,
      },
      firstUnuploadedPreKeyId: device.firstUnuploadedPreKeyId,
      lids: this.#lids,
      hasOwnSenderKey: (group) => this.#ownGroups.has(group),
    };
    return { device, rows: () => this.#rows(context, own) };
  }

  /** Reads what decides about other values, and counts all of them. */
  async #survey(): Promise<unknown> {
    let creds: unknown;
    for await (const entry of this.#state.entries()) {
      const { key } = entry;
      const kind = key.kind === "key" ? key.type : key.kind === "creds" ? CREDS : UNKNOWN;
      this.#tally.found(kind);
      if (key.kind === "creds") creds = (await this.#readCreds(entry)).value;
      else if (key.kind === "unknown") await this.#noteUnknown(entry);
      else if (key.type === "lid-mapping") await this.#readMapping(entry, key.id);
      else if (key.type === "sender-key-memory") await this.#noteLids(entry);
    }
    return creds;
  }

  async #readCreds(entry: StateEntry): Promise<StateValue> {
    try {
      return await entry.read();
    } catch (error) {
      throw this.#damage(entry, error, "put back a copy of it; without the credentials there is no account");
    }
  }

  async #noteUnknown(entry: StateEntry): Promise<void> {
    // An unreadable line of a dump may be anything.
    if (entry.name.startsWith("line ")) {
      const value = await this.#read(entry, UNKNOWN);
      if (value === undefined) return;
    }
    this.#tally.skip(UNKNOWN, "unknown", entry.name);
  }

  async #readMapping(entry: StateEntry, id: string): Promise<void> {
    const read = await this.#read(entry, "lid-mapping");
    if (read?.value === undefined) return;
    await this.#undamaged(entry, "lid-mapping", () => this.#mappings.add(id, read.value));
  }

  /** Members of groups tell which users are LIDs, even in a state of Baileys 6. */
  async #noteLids(entry: StateEntry): Promise<void> {
    let value: unknown;
    try {
      value = (await entry.read()).value;
    } catch (error) {
      // It is read again with the rows, where damage counts.
      if (error instanceof StoreError) return;
      throw error;
    }
    for (const text of isObject(value) ? Object.keys(value) : []) {
      const jid = tryParseJid(text);
      if (jid?.server === "lid") this.#lids.add(jid.user);
    }
  }

  #deviceOf(creds: unknown): Device {
    const { source, unit } = this.#state;
    if (!isObject(creds)) {
      throw new IncompatibleError(`import ${source}: no ${unit} creds; name the folder or store that has it`);
    }
    try {
      const device = deviceFromCreds(creds, BLANK);
      this.#tally.converted(CREDS);
      return { ...device, serverHasPreKeys: device.pn !== undefined && device.firstUnuploadedPreKeyId > 1 };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      throw new CorruptError(
        `import ${source}: ${unit} creds is damaged (${error.message}); put back a copy of it`,
        {
          cause: error,
        },
      );
    }
  }

  async *#rows(context: ConversionContext, own: OwnUsers): AsyncIterable<NamedWrite> {
    yield* this.#mappingRows(own);
    for await (const entry of this.#state.entries()) {
      if (entry.key.kind !== "key") continue;
      if (entry.key.type !== "sender-key-memory") yield* this.#converted(entry, entry.key, context, own);
    }
    // After all sender keys: marks without our key would keep members from getting the next one.
    for await (const entry of this.#state.entries()) {
      if (entry.key.kind !== "key" || entry.key.type !== "sender-key-memory") continue;
      yield* this.#converted(entry, entry.key, context, own);
    }
  }

  *#mappingRows(own: OwnUsers): Iterable<NamedWrite> {
    const kind = "lid-mapping";
    const { writes, refused } = this.#mappings.writes(own);
    for (const lid of refused) this.#tally.skip(kind, "refused-mapping", `${lid}_reverse`);
    for (const { lid, write } of writes) yield { kind, name: `${lid}_reverse`, write };
  }

  async *#converted(
    entry: StateEntry,
    { type, id }: Key,
    context: ConversionContext,
    own: OwnUsers,
  ): AsyncIterable<NamedWrite> {
    if (type === "lid-mapping") return;
    const read = await this.#read(entry, type);
    if (read === undefined) return;
    if (read.value === undefined) return this.#skip(entry, type, "empty");
    if (read.isCopy && RATCHETS.has(type)) return this.#skip(entry, type, "older-copy");
    const conversion = await this.#undamaged(entry, type, () => CONVERSIONS[type](id, read.value, context));
    if (conversion === undefined) return;
    if ("skip" in conversion) return this.#refuseOrSkip(entry, type, conversion.skip);
    if (type === "sender-key") this.#noteOwnGroup(id, own);
    for (const write of conversion.writes) yield { kind: type, name: entry.name, write };
  }

  #noteOwnGroup(id: string, own: OwnUsers): void {
    const name = nameOf(id);
    if (name === undefined || name.sender.device !== own.device) return;
    if (name.sender.user === own.lid || name.sender.user === own.phoneNumber)
      this.#ownGroups.add(formatJid(name.group));
  }

  /** The value of an entry; `undefined` when it is damaged and may be left out. */
  async #read(entry: StateEntry, kind: string): Promise<StateValue | undefined> {
    return await this.#undamaged(entry, kind, () => entry.read());
  }

  async #undamaged<T>(entry: StateEntry, kind: string, read: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (this.#options.skipDamaged !== true)
        throw this.#damage(entry, error, "put back a copy of it, or leave it out with skipDamaged");
      this.#tally.skip(kind, "damaged", entry.name);
      return undefined;
    }
  }

  #damage({ name }: StateEntry, error: unknown, advice: string): unknown {
    if (!(error instanceof StoreError)) return error;
    const { source, unit } = this.#state;
    return new CorruptError(`import ${source}: ${unit} ${name} is damaged (${error.message}); ${advice}`, {
      cause: error,
    });
  }

  #skip({ name }: StateEntry, kind: string, reason: SkipReason): void {
    this.#tally.skip(kind, reason, name);
  }

  /** State of version 6 stops the import, unless version 7 left it behind, which cannot use it either. */
  #refuseOrSkip(
    entry: StateEntry,
    type: StateType,
    reason: (Conversion & { readonly skip: SkipReason })["skip"],
  ): void {
    const isLeftBehind = type !== "sender-key" && !this.#mappings.isEmpty;
    if (reason === "version-6" && !isLeftBehind && this.#options.skipVersion6 !== true) {
      throw new IncompatibleError(
        `import ${this.#state.source}: ${this.#state.unit} ${entry.name} is of Baileys 6, which keeps the state of LIDs under phone numbers and sender keys in another form; connect once with ${VERSION_7}, or leave such state out with skipVersion6`,
      );
    }
    this.#skip(entry, type, reason);
  }
}

/** Fields that credentials do not have. The keys are replaced. */
const BLANK: Device = /* @__PURE__ */ blankDevice();

function blankDevice(): Device {
  const key = new Uint8Array(0);
  const pair = { privateKey: key, publicKey: key };
  return {
    ...initialDevice(),
    // For credentials with the registration id 0, which Baileys draws once in 256 times.
    registrationId: 1,
    noiseKey: pair,
    identityKey: pair,
    signedPreKey: pair,
    signedPreKeyId: 1,
    signedPreKeySignature: key,
    advSecretKey: key,
  };
}

function ownUsers({ pn, lid }: Device): OwnUsers {
  const number = pn === undefined ? undefined : tryParseJid(pn);
  return {
    phoneNumber: number?.user,
    device: number?.device,
    lid: lid === undefined ? undefined : tryParseJid(lid)?.user,
  };
}
