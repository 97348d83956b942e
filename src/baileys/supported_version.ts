/** The version that the tests run. */
const TESTED = "baileys@7.0.0-rc14";

/** Why version 6 is refused, and what to do. */
const REFUSAL = `use Baileys: version 6 keeps the state of LIDs where version 7 loses it; install ${TESTED}`;

/**
 * Refuses the Signal repository of Baileys 6, which knows no LIDs.
 *
 * @throws {TypeError} When it is not that of Baileys 7.
 */
export function refuseRepositoryOf6(repository: { readonly lidMapping?: unknown } | undefined): void {
  if (repository?.lidMapping === undefined) throw new TypeError(REFUSAL);
}

/**
 * Refuses the sender keys of Baileys 6, which are arrays. Those of version 7 are bytes.
 *
 * @throws {TypeError}
 */
export function refuseSenderKeyOf6(value: unknown): void {
  if (Array.isArray(value)) throw new TypeError(REFUSAL);
}
