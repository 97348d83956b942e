/**
 * The ambient globals that host-free code may use: present in Node, Deno, Bun, workerd and browsers alike.
 *
 * tsconfig.core.json and tsconfig.adapters.json compile with this list in place of the DOM library and of any
 * host's types, so a global that is not here does not compile. Add one only when every runtime has it. The
 * last block is used by src/ports/system.ts alone; tools/check_layers.mjs refuses those names everywhere
 * else.
 */

declare class TextEncoder {
  constructor();
  encode(input?: string): Uint8Array<ArrayBuffer>;
  encodeInto(input: string, into: Uint8Array): { read: number; written: number };
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: ArrayBuffer | ArrayBufferView): string;
}

interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

declare class AbortController {
  constructor();
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

declare class URL {
  constructor(url: string, base?: string | URL);
  readonly href: string;
  readonly protocol: string;
  readonly host: string;
  readonly pathname: string;
  readonly search: string;
}

declare class URLSearchParams {
  constructor(query: string);
  get(name: string): string | null;
}

declare class ReadableStream<T> {
  constructor(source: {
    start?(controller: { error(reason: unknown): void }): void;
    pull(controller: { enqueue(chunk: T): void; close(): void }): Promise<void>;
    cancel?(): Promise<void>;
  });
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: T | undefined }>;
    cancel(reason?: unknown): Promise<void>;
  };
}

interface Headers {
  get(name: string): string | null;
  set(name: string, value: string): void;
}

type BodyInit = string | Uint8Array | ReadableStream<Uint8Array>;

declare class Request {
  constructor(
    url: string,
    init?: {
      method?: string;
      headers?: { readonly [name: string]: string };
      body?: BodyInit;
    },
  );
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array> | null;
  arrayBuffer(): Promise<ArrayBuffer>;
}

declare class Response {
  constructor(
    body?: BodyInit | null,
    init?: { status?: number; headers?: { readonly [name: string]: string } },
  );
  readonly ok: boolean;
  readonly status: number;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array> | null;
  arrayBuffer(): Promise<ArrayBuffer>;
  json(): Promise<unknown>;
}

declare function fetch(
  url: string,
  init?: {
    method?: string;
    headers?: { readonly [name: string]: string };
    body?: Uint8Array;
    signal?: AbortSignal;
    redirect?: "error" | "follow" | "manual";
  },
): Promise<Response>;

declare function queueMicrotask(callback: () => void): void;

declare function structuredClone<T>(value: T): T;

// src/ports/system.ts alone.

declare function setTimeout(callback: () => void, delayMs?: number): unknown;

declare function clearTimeout(handle: unknown): void;

interface CryptoKey {
  readonly type: string;
}

interface AesGcmParameters {
  readonly name: "AES-GCM";
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly additionalData: Uint8Array<ArrayBuffer>;
}

declare const crypto: {
  getRandomValues<T extends Uint8Array>(array: T): T;
  readonly subtle: {
    digest(algorithm: "SHA-256" | "SHA-512", data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
    importKey(
      format: "raw",
      key: Uint8Array<ArrayBuffer>,
      algorithm: "AES-GCM",
      extractable: boolean,
      usages: ("encrypt" | "decrypt")[],
    ): Promise<CryptoKey>;
    encrypt(algorithm: AesGcmParameters, key: CryptoKey, data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
    decrypt(algorithm: AesGcmParameters, key: CryptoKey, data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
  };
};

// src/worker/console_logger.ts, src/ports/system.ts and src/baileys/socket/silence_libsignal.ts alone.

declare const console: {
  log(...parameters: unknown[]): void;
  info(...parameters: unknown[]): void;
  warn(...parameters: unknown[]): void;
};
