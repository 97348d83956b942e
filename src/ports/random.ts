/**
 * Where randomness comes from. Key material is drawn from it, so it must be cryptographically strong outside
 * of tests.
 */
export interface Random {
  /** `count` fresh bytes, owned by the caller. */
  bytes(count: number): Uint8Array;
}
