/**
 * Protections of the cache that a test may switch off, to show that it would notice.
 *
 * - `generationCheck`: a flush cleans what it collected, even if it changed meanwhile.
 * - `gate`: a put past the lease does not wait for its commit.
 * - `fastForward`: a load of another incarnation's record burns nothing.
 * - `rewindRefusal`: a put may go back on its chain.
 * - `preKeyCoupling`: a pre-key is removed without waiting for its session.
 * - `sendRefusal`: a message's key is taken though it cannot be published.
 * - `failedGate`: keys of messages that could not be published do not count as burned.
 * - `staleRead`: a cold read may bring back what was replaced while it was under way.
 */
export type Protection =
  | "generationCheck"
  | "gate"
  | "fastForward"
  | "rewindRefusal"
  | "preKeyCoupling"
  | "sendRefusal"
  | "failedGate"
  | "staleRead";

/** Whether each protection is on. */
export type Protections = Readonly<Record<Protection, boolean>>;

/** Not part of any public type: it travels with options that are spread or passed on. */
const SWITCHED_OFF: unique symbol = Symbol("protections that are switched off");

/** The same options, for a cache without some of its protections. For tests of the tests. */
export function withoutProtections<Options extends object>(
  options: Options,
  ...off: readonly Protection[]
): Options {
  return { ...options, [SWITCHED_OFF]: off };
}

/** What is on in a cache that is made with these options: everything, unless they come from `withoutProtections`. */
export function protectionsOf(options: object): Protections {
  const off = (options as { readonly [SWITCHED_OFF]?: readonly Protection[] })[SWITCHED_OFF] ?? [];
  return {
    generationCheck: !off.includes("generationCheck"),
    gate: !off.includes("gate"),
    fastForward: !off.includes("fastForward"),
    rewindRefusal: !off.includes("rewindRefusal"),
    preKeyCoupling: !off.includes("preKeyCoupling"),
    sendRefusal: !off.includes("sendRefusal"),
    failedGate: !off.includes("failedGate"),
    staleRead: !off.includes("staleRead"),
  };
}
