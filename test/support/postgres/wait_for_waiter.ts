import type { ClientBase } from "pg";

/** Waits until another session waits for a lock of this one. Within a transaction, too. */
export async function waitForWaiter(client: ClientBase): Promise<void> {
  for (;;) {
    // Not pg_stat_activity, which stays as it was when the transaction first read it.
    const { rows } = await client.query(
      "SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))",
    );
    if (rows.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
