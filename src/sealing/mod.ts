/**
 * Encryption at rest: values are sealed below the checks of a backend and above its storage.
 *
 * @module
 */
export type { KeySource } from "./keyring.ts";
export { type RotateKeyOptions, rotateKey } from "./rotate_key.ts";
export type { RotationStatus } from "./rotation_status.ts";
export type { Sealer, SealerKey } from "./sealer.ts";
export { type SealingOptions, sealing } from "./sealing.ts";
