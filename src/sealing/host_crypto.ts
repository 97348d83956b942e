import { builtinModule, isWorkerd } from "../ports/mod.ts";

/** The members of `node:crypto` that seal. */
export interface NodeCrypto {
  createSecretKey(key: Uint8Array): unknown;
  createCipheriv(algorithm: string, key: unknown, iv: Uint8Array): NodeCipher & { getAuthTag(): Uint8Array };
  createDecipheriv(
    algorithm: string,
    key: unknown,
    iv: Uint8Array,
    options: { readonly authTagLength: number },
  ): NodeCipher & { setAuthTag(tag: Uint8Array): unknown };
}

interface NodeCipher {
  setAAD(bytes: Uint8Array): unknown;
  update(bytes: Uint8Array): Uint8Array;
  final(): Uint8Array;
}

interface GcmParameters {
  readonly name: "AES-GCM";
  readonly iv: Uint8Array;
  readonly additionalData: Uint8Array;
  readonly tagLength: number;
}

/** The members of WebCrypto that seal. */
export interface WebCrypto {
  importKey(
    format: "raw",
    key: Uint8Array,
    algorithm: "AES-GCM",
    isExtractable: false,
    uses: readonly ("encrypt" | "decrypt")[],
  ): Promise<unknown>;
  encrypt(parameters: GcmParameters, key: unknown, bytes: Uint8Array): Promise<ArrayBuffer>;
  decrypt(parameters: GcmParameters, key: unknown, bytes: Uint8Array): Promise<ArrayBuffer>;
}

interface HostSystem {
  hostname?(): string;
  networkInterfaces?(): unknown;
}

interface HostGlobals {
  readonly process?: {
    readonly pid?: number;
    readonly versions?: { readonly deno?: string };
    readonly hrtime?: { bigint?(): bigint };
  };
  readonly crypto?: { readonly subtle?: WebCrypto };
}

function host(): HostGlobals {
  return globalThis as HostGlobals;
}

/** The `node:crypto` of a host where it is the fastest. */
export function nodeCrypto(): NodeCrypto | undefined {
  // The WebCrypto of workerd is faster than its `node:crypto`.
  if (isWorkerd()) return undefined;
  const crypto = builtinModule<Partial<NodeCrypto>>("node:crypto");
  return typeof crypto?.createCipheriv === "function" ? (crypto as NodeCrypto) : undefined;
}

/** The WebCrypto of a host. */
export function webCrypto(): WebCrypto | undefined {
  return host().crypto?.subtle;
}

/** The number of the next opening in this process. */
const openings = { next: 0 };

/**
 * Names this opening among those of all machines, as far as the host tells: the machine, its network
 * addresses, the process, a clock that no one sets, and the number of the opening in this process.
 */
export function machineId(): string {
  const { process } = host();
  // Deno asks the user before it names the machine.
  const os = process?.versions?.deno === undefined ? builtinModule<HostSystem>("node:os") : undefined;
  openings.next += 1;
  return [
    named(() => os?.hostname?.()),
    named(() => JSON.stringify(os?.networkInterfaces?.())),
    String(process?.pid),
    named(() => String(process?.hrtime?.bigint?.())),
    String(openings.next),
  ].join("\0");
}

/** A host may refuse what a program has no permission for. */
function named(read: () => string | undefined): string {
  try {
    return read() ?? "";
  } catch {
    return "";
  }
}
