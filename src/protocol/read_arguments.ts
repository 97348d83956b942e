import { isText } from "../backend/mod.ts";
import { ArgumentTypeError } from "../errors/mod.ts";

/** What an argument of a read is. */
type Shape = "text" | "texts" | "number" | "numbers" | "bytes" | "list of bytes" | "bytes or nothing";

/** Reads of a backend that answer once, and what each takes. A method that is not here cannot be called from elsewhere. */
const ARGUMENTS = {
  create: [],
  exists: [],
  getDevices: ["text"],
  getDevicesFor: ["texts"],
  getAllTcTokenJids: [],
  getGroupMetadata: ["text"],
  getLatestSyncKeyId: [],
  getLidMapping: ["text"],
  getLidMappings: ["texts"],
  getMaxPreKeyId: [],
  getMsgSecret: ["text", "text", "text"],
  getMutationMac: ["text", "bytes"],
  getMutationMacs: ["text", "list of bytes"],
  getPendingInbound: ["text", "text", "text"],
  getPnMapping: ["text"],
  getPnMappings: ["texts"],
  getSenderKey: ["text"],
  getSenderKeyDevices: ["text"],
  getSentMessage: ["text", "text"],
  getSession: ["text"],
  getSessions: ["texts"],
  getSyncKey: ["bytes"],
  getTcToken: ["text"],
  getVersion: ["text"],
  hasSameBaseKey: ["text", "text", "bytes"],
  hasSession: ["text"],
  hasSignalStateForUser: ["text"],
  listAccounts: [],
  listPendingInbound: ["number"],
  listQuarantined: [],
  listSignalAddresses: ["texts"],
  load: [],
  loadAllSignedPreKeys: [],
  loadIdentities: ["texts"],
  loadIdentity: ["text"],
  loadPreKey: ["number"],
  loadPreKeys: ["numbers"],
  loadSenderKeyRow: ["text"],
  loadSenderKeyRows: ["texts"],
  loadSessionRow: ["text"],
  loadSessionRows: ["texts"],
  loadSignedPreKey: ["number"],
  readOwner: [],
  snapshotDb: ["text", "bytes or nothing"],
} as const;

/** A read that can be called from elsewhere. */
export type ReadMethod = keyof typeof ARGUMENTS;

/** Every such read. */
export const READ_METHODS: readonly ReadMethod[] = Object.keys(ARGUMENTS) as ReadMethod[];

/** Entries of one batched read. */
const MAX_ENTRIES = 100_000;

/**
 * Checks the arguments of a read that came over a network, before they reach a database: how many, and of which kind. What is in
 * them the backend checks.
 *
 * @throws {TypeError} When they are not what the read takes.
 */
export function requireReadArguments(method: ReadMethod, args: readonly unknown[]): void {
  const shapes: readonly Shape[] = ARGUMENTS[method];
  const isFitting = args.length <= shapes.length && shapes.every((shape, index) => fits(shape, args[index]));
  if (!isFitting) throw new ArgumentTypeError(`read: arguments are not those of ${method}`);
}

function fits(shape: Shape, value: unknown): boolean {
  switch (shape) {
    case "text":
      return isText(value);
    case "texts":
      return isListOf(value, isText);
    case "number":
      return Number.isFinite(value);
    case "numbers":
      return isListOf(value, Number.isFinite);
    case "bytes":
      return value instanceof Uint8Array;
    case "list of bytes":
      return isListOf(value, (entry) => entry instanceof Uint8Array);
    case "bytes or nothing":
      return value === undefined || value instanceof Uint8Array;
  }
}

function isListOf(value: unknown, isEntry: (entry: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= MAX_ENTRIES && value.every((entry) => isEntry(entry));
}
