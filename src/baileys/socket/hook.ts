import type { DecryptionFollower } from "../decryption_follower.ts";
import type { SignalRepositoryLike } from "../library_types.ts";
import type { SocketLike } from "./library.ts";

/**
 * One thing that a bot has to remember: options of a socket that read and store it, and what follows a
 * socket. One hook serves all sockets of an account, one after the other.
 */
export interface Hook<Options extends object = object> {
  /** Options of the socket. */
  readonly options?: Options;
  /** Follows the decryptions of all sockets, inside the locks of their state. */
  readonly decryptions?: DecryptionFollower;
  /** Wraps the Signal repository of each socket. The repository of an earlier hook is the inner one. */
  repository?(inner: SignalRepositoryLike): SignalRepositoryLike;
  /**
   * Follows a socket until the returned function is called, at the latest when the socket ends. Neither may
   * throw, and no promise of a listener may reject. It is called synchronously by `bind`, before any frame
   * of the socket arrives.
   */
  follow?(socket: SocketLike): () => void;
}
