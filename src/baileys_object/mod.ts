/**
 * What takes the place of Baileys' imports inside a Durable Object.
 *
 * @module
 */
export { absentJimp, absentPackage } from "./absent_package.ts";
export { ObjectWebSocket } from "./object_web_socket.ts";
