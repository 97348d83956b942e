/**
 * What hangs on an open account: one slot for the parts that are opened on demand.
 *
 * @module
 */
export { type Attachable, Attachments } from "./attachments.ts";
