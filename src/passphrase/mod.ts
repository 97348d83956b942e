/**
 * Passphrases: what one may be, and the key that one becomes. For files and for accounts alike.
 *
 * @module
 */
export { requirePassphrase, scrypt } from "./scrypt.ts";
