/**
 * Source of randomness. It generates key material, so it must be cryptographically strong outside of tests.
 */
export interface Random {
  /** Returns `count` random bytes, owned by the caller. */
  bytes(count: number): Uint8Array;
}
