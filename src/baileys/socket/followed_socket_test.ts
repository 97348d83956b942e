import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { RecordingLogger } from "../../testing/mod.ts";
import { FollowedSocket } from "./followed_socket.ts";
import type { Hook } from "./hook.ts";

/** The part of a socket that is followed. */
function makeSocket() {
  return { ev: new EventEmitter(), ws: new EventEmitter(), end: () => {} };
}

/** Two hooks that say what is done to them. */
function makeFollowed() {
  const done: string[] = [];
  const logger = new RecordingLogger();
  const hook = (name: string): Hook => ({
    follow: () => {
      done.push(`follow ${name}`);
      return () => void done.push(`leave ${name}`);
    },
  });
  return { done, logger, followed: new FollowedSocket([hook("a"), {}, hook("b")], logger) };
}

describe("FollowedSocket.follow", () => {
  test("follows until the socket closes", () => {
    const { done, followed } = makeFollowed();
    const socket = makeSocket();
    followed.follow(socket);
    socket.ev.emit("connection.update", { connection: "open" });
    expect(done).toEqual(["follow a", "follow b"]);
    socket.ev.emit("connection.update", { connection: "close" });
    expect(done.slice(2)).toEqual(["leave b", "leave a"]);
    expect(socket.ev.listenerCount("connection.update")).toBe(0);
  });

  test("leaves the former socket", () => {
    const { done, followed } = makeFollowed();
    const [former, next] = [makeSocket(), makeSocket()];
    const unfollow = followed.follow(former);
    followed.follow(next);
    expect(done).toEqual(["follow a", "follow b", "leave b", "leave a", "follow a", "follow b"]);
    former.ev.emit("connection.update", { connection: "close" });
    unfollow();
    expect(done).toHaveLength(6);
    followed.follow(next);
    expect(done).toHaveLength(6);
    expect(next.ev.listenerCount("connection.update")).toBe(1);
  });

  test("follows a socket once", () => {
    const { done, followed } = makeFollowed();
    const socket = makeSocket();
    const unfollow = followed.follow(socket);
    expect(followed.follow(socket)).toBe(unfollow);
    unfollow();
    unfollow();
    expect(done).toEqual(["follow a", "follow b", "leave b", "leave a"]);
    followed.follow(socket);
    expect(done.slice(4)).toEqual(["follow a", "follow b"]);
  });
});

describe("FollowedSocket.expect", () => {
  test("warns of a socket that is not followed in its turn", async () => {
    const { logger, followed } = makeFollowed();
    followed.expect();
    followed.follow(makeSocket());
    await undefined;
    expect(logger.messages("warn")).toEqual([]);
    followed.expect();
    await undefined;
    expect(logger.messages("warn")).toEqual([expect.stringContaining("holdfast.bind(socket)")]);
  });
});
