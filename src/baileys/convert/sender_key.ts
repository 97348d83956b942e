import { encodeBase64, encodeUtf8, KEY_BYTES, MAX_UINT32, prefixedKey } from "../../bytes/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import { EMPTY } from "../../protobuf/mod.ts";
import { MAX_MESSAGE_KEYS, MAX_SENDER_KEY_STATES } from "../../ratchet/mod.ts";
import {
  decodeSenderKeyRecord,
  encodeSenderKeyRecord,
  type SenderKeyStateStructure,
} from "../../records/mod.ts";
import {
  isObject,
  type JsonObject,
  parsedJson,
  readBytes,
  requireBytes,
  requireInteger,
  requireObject,
  requirePublicKey,
} from "./_bytes.ts";

const ACTION = "convert sender key";

/** The only encoding of bytes that Baileys' reader of sender keys converts to a `Buffer`. */
export interface BufferJson {
  readonly type: "Buffer";
  readonly data: string;
}

/** A step of a sender key's chain, in JSON. */
export interface SenderKeyStepJson {
  readonly iteration: number;
  readonly seed: BufferJson;
}

/** One state of a sender key, in JSON. */
export interface SenderKeyStateJson {
  readonly senderKeyId: number;
  readonly senderChainKey: SenderKeyStepJson;
  readonly senderSigningKey: {
    readonly public: BufferJson;
    /** Empty in a peer's key. */
    readonly private: BufferJson;
  };
  readonly senderMessageKeys: readonly SenderKeyStepJson[];
}

/**
 * Converts a sender key of Baileys to the standard `SenderKeyRecordStructure`.
 *
 * Baileys has its newest state last, the standard has it first. Skipped message keys of our own states are
 * dropped: they are never used, and Baileys, which skips one with each group message, would keep 2,000 of
 * them. Other states keep the newest 2,000, and the record keeps the newest five states. A public signing key
 * gets its prefix.
 *
 * @param value JSON as bytes or text, or already parsed.
 * @returns The record; zero bytes for a key without states, which Baileys stores shortly before the first
 * state.
 * @throws {CorruptError | WrongLengthError} When it is not a sender key.
 */
export function senderKeyToRecord(value: unknown): Uint8Array {
  const states = parsedJson(ACTION, value);
  if (!Array.isArray(states)) throw new CorruptError(`${ACTION}: not an array of states`);
  const senderKeyStates = states
    .slice(-MAX_SENDER_KEY_STATES)
    .map((state) => readState(requireObject(ACTION, "a state", state)))
    .reverse();
  return encodeSenderKeyRecord({ senderKeyStates });
}

/**
 * Converts a standard `SenderKeyRecordStructure` to the UTF-8 JSON that Baileys stores as a sender key.
 *
 * @throws {CorruptError | WrongLengthError} When the bytes are not such a record.
 */
export function recordToSenderKey(bytes: Uint8Array): Uint8Array {
  return encodeUtf8(JSON.stringify(recordToSenderKeyStates(bytes)));
}

/** As `recordToSenderKey`, as objects: the newest state last. */
export function recordToSenderKeyStates(bytes: Uint8Array): SenderKeyStateJson[] {
  return decodeSenderKeyRecord(bytes).senderKeyStates.map(writeState).reverse();
}

/**
 * Parses the states of a serialised sender key of Baileys, with all bytes in the encoding of its reader.
 * Baileys writes arrays of numbers but cannot use a message key in this form.
 *
 * `senderKeyToRecord` checks ranges and lengths later.
 *
 * @throws {CorruptError} When it is not JSON of states.
 */
export function parseSenderKeyStates(value: unknown): SenderKeyStateJson[] {
  const states = parsedJson(ACTION, value);
  if (!Array.isArray(states)) throw new CorruptError(`${ACTION}: not an array of states`);
  return states.map((state) => parseState(requireObject(ACTION, "a state", state)));
}

function parseState(state: JsonObject): SenderKeyStateJson {
  const chainKey = requireObject(ACTION, "the chain key", state.senderChainKey);
  const signingKey = requireObject(ACTION, "the signing key", state.senderSigningKey);
  const messageKeys = state.senderMessageKeys ?? [];
  if (!Array.isArray(messageKeys)) throw new CorruptError(`${ACTION}: the message keys are not an array`);
  return {
    senderKeyId: state.senderKeyId as number,
    senderChainKey: parseStep("the chain key", chainKey),
    senderSigningKey: {
      public: toPublicKeyJson(signingKey.public),
      private: toBufferJson("the private signing key", signingKey.private ?? ""),
    },
    senderMessageKeys: messageKeys.map((key) =>
      parseStep("a message key", requireObject(ACTION, "a message key", key)),
    ),
  };
}

function parseStep(what: string, step: JsonObject): SenderKeyStepJson {
  return { iteration: step.iteration as number, seed: toBufferJson(what, step.seed) };
}

/** Converts a public key, with its prefix. */
function toPublicKeyJson(value: unknown): BufferJson {
  const what = "the public signing key";
  const json = toBufferJson(what, value);
  // Base64 of 33 bytes has no padding, that of 32 bytes has.
  return json.data.endsWith("=") ? bufferJson(requirePublicKey(ACTION, what, json)) : json;
}

function toBufferJson(what: string, value: unknown): BufferJson {
  const isThat = isObject(value) && value.type === "Buffer" && typeof value.data === "string";
  return isThat ? (value as unknown as BufferJson) : bufferJson(requireBytes(ACTION, what, value));
}

function readState(state: JsonObject): SenderKeyStateStructure {
  const chainKey = requireObject(ACTION, "the chain key", state.senderChainKey);
  const signingKey = requireObject(ACTION, "the signing key", state.senderSigningKey);
  const privateKey = readPrivateKey(signingKey.private);
  const messageKeys = state.senderMessageKeys ?? [];
  if (!Array.isArray(messageKeys)) throw new CorruptError(`${ACTION}: the message keys are not an array`);
  return {
    senderKeyId: requireInteger(ACTION, "the id", state.senderKeyId, [0, MAX_UINT32]),
    senderChainKey: readStep("the chain key", chainKey),
    senderSigningKey: {
      public: requirePublicKey(ACTION, "the public signing key", signingKey.public),
      private: privateKey,
    },
    senderMessageKeys:
      privateKey === undefined
        ? messageKeys
            .slice(-MAX_MESSAGE_KEYS)
            .map((key) => readStep("a message key", requireObject(ACTION, "a message key", key)))
        : [],
  };
}

function readStep(what: string, step: JsonObject): { iteration: number; seed: Uint8Array } {
  return {
    iteration: requireInteger(ACTION, `the iteration of ${what}`, step.iteration, [0, MAX_UINT32]),
    seed: requireBytes(ACTION, what, step.seed, KEY_BYTES),
  };
}

/** The private key of a peer's sender key is absent or empty. */
function readPrivateKey(value: unknown): Uint8Array | undefined {
  if (value == null || readBytes(value)?.length === 0) return undefined;
  return requireBytes(ACTION, "the private signing key", value, KEY_BYTES);
}

type StoredStep = SenderKeyStateStructure["senderMessageKeys"][number];

function writeState(state: SenderKeyStateStructure): SenderKeyStateJson {
  const { senderChainKey, senderSigningKey } = state;
  if (senderChainKey === undefined || senderSigningKey === undefined) {
    throw new CorruptError(`${ACTION}: a state is incomplete`);
  }
  const { public: publicKey = EMPTY, private: privateKey = EMPTY } = senderSigningKey;
  return {
    senderKeyId: state.senderKeyId ?? 0,
    senderChainKey: writeStep(senderChainKey),
    senderSigningKey: {
      public: bufferJson(publicKey.length === KEY_BYTES ? prefixedKey(publicKey) : publicKey),
      private: bufferJson(privateKey),
    },
    senderMessageKeys: state.senderMessageKeys.map(writeStep),
  };
}

function writeStep({ iteration = 0, seed = EMPTY }: StoredStep): SenderKeyStepJson {
  return { iteration, seed: bufferJson(seed) };
}

function bufferJson(bytes: Uint8Array): BufferJson {
  return { type: "Buffer", data: encodeBase64(bytes) };
}
