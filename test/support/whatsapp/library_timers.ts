/**
 * After an upload of pre-keys the library leaves a 30-second timer that it never clears. The timer would keep
 * a process alive long after its sockets are closed. So while test sockets are open, timers of exactly that
 * length do not hold the process.
 * @module
 */

import { UPLOAD_TIMEOUT } from "baileys";

type SetTimeout = typeof globalThis.setTimeout;

let holders = 0;
let original: SetTimeout | undefined;
let replacement: SetTimeout | undefined;

/** Starts the exception. Returns the undo, which may be called twice. */
export function looseUploadTimers(): () => void {
  holders += 1;
  if (holders === 1) install();
  let undone = false;
  return () => {
    if (undone) return;
    undone = true;
    holders -= 1;
    if (holders === 0) uninstall();
  };
}

function install(): void {
  const real = globalThis.setTimeout;
  const loose = (...parameters: Parameters<SetTimeout>): ReturnType<SetTimeout> => {
    const timer = real(...parameters);
    if (parameters[1] === UPLOAD_TIMEOUT) timer.unref();
    return timer;
  };
  original = real;
  replacement = Object.assign(loose, real) as SetTimeout;
  globalThis.setTimeout = replacement;
}

function uninstall(): void {
  // Other code, such as fake timers, may have replaced the function since.
  if (original !== undefined && globalThis.setTimeout === replacement) globalThis.setTimeout = original;
}
