/**
 * The parts of an open account that are opened on demand, in one typed slot.
 *
 * @module
 */
export { type Attachable, Attachments, attachmentsOf } from "./attachments.ts";
