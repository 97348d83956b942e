/**
 * Holdfast: the state of a WhatsApp-Web-style client (device identity, Signal ratchets, app-state sync,
 * protocol tables) as live objects in memory, written behind atomically to whatever backend the runtime
 * offers.
 *
 * `openAccount` opens one account over a backend. Backends, and everything that depends on a runtime, are
 * subpaths: `@holdfast/store/memory`, `@holdfast/store/libsql` and so on; `@holdfast/store/backend` is for
 * those who write one.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { memoryBackend } from "@holdfast/store/memory";
 *
 * await using account = await openAccount({ backend: memoryBackend() });
 * account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
 * const [preKey] = await account.device.generatePreKeys(30);
 * await account.flush();
 * if (preKey?.publicKey.length !== 32) throw new Error("no pre-key was made");
 * ```
 *
 * @module
 */
export * from "./src/exports/root.ts";
