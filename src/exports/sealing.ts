/**
 * Encryption at rest: seals the stored values of an account with AES-256-GCM, under keys that the application
 * keeps.
 *
 * @module
 */
export type { SealedOpening, Sealing } from "../backend/mod.ts";
export {
  type KeySource,
  type RotateKeyOptions,
  type RotationStatus,
  rotateKey,
  type Sealer,
  type SealerKey,
  type SealingOptions,
  sealing,
} from "../sealing/mod.ts";
