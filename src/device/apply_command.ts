import type { Device } from "../backend/mod.ts";
import { ArgumentTypeError, hasKnownKind } from "../errors/mod.ts";
import type { DeviceCommand, DeviceCommandKind, DeviceCommandOf } from "./device_command.ts";
import type { DeviceRuntime, DeviceState } from "./device_state.ts";
import { advanceWatermarks, requireForward } from "./pre_key_ids.ts";

/** What a command may depend on beside the state. */
export interface CommandContext {
  /** Clock time in milliseconds. */
  readonly nowMs: number;
}

/** The login counter stays at its greatest value: 32 bits in the login payload. */
const MAX_LOGIN_COUNTER = 2 ** 32 - 1;

type Reducers = {
  readonly [K in DeviceCommandKind]: (
    state: DeviceState,
    command: DeviceCommandOf<K>,
    context: CommandContext,
  ) => DeviceState;
};

function stored(state: DeviceState, change: Partial<Device>): DeviceState {
  return { ...state, device: { ...state.device, ...change } };
}

/** Takes one field of the device from the command. */
function setting<K extends keyof Device>(name: K) {
  return (state: DeviceState, command: Pick<Device, K>): DeviceState =>
    stored(state, { [name]: command[name] });
}

function runtime(state: DeviceState, change: Partial<DeviceRuntime>): DeviceState {
  return { ...state, runtime: { ...state.runtime, ...change } };
}

/** One entry for each command: a new one does not compile until it says what it does. */
const REDUCERS: Reducers = {
  setId: setting("pn"),
  setLid: setting("lid"),
  setPushName: setting("pushName"),
  setPlatform: setting("platform"),
  setAccount: setting("account"),
  setAppVersion: (state, { appVersion }, { nowMs }) =>
    stored(state, { appVersion, appVersionLastFetchedMs: nowMs }),
  setDeviceProps: (state, { deviceProps }) =>
    runtime(state, { deviceProps: { ...state.runtime.deviceProps, ...deviceProps } }),
  setClientProfile: (state, { clientProfile }) => runtime(state, { clientProfile }),
  setPropsHash: setting("propsHash"),
  setPreKeyWatermarks: (state, { nextPreKeyId, firstUnuploadedPreKeyId }) => {
    const watermarks = { nextPreKeyId, firstUnuploadedPreKeyId };
    requireForward(state.device, watermarks);
    return stored(state, advanceWatermarks(state.device, watermarks));
  },
  setAdvSecretKey: setting("advSecretKey"),
  setNctSalt: (state, { nctSalt }) => runtime(stored(state, { nctSalt }), { nctSaltSyncSeen: true }),
  setNctSaltFromHistorySync: (state, { nctSalt }) => {
    const isKnown = state.device.nctSalt !== undefined || state.runtime.nctSaltSyncSeen;
    // A history sync without a salt brings an empty one, which no token could be made with.
    return isKnown || nctSalt.length === 0 ? state : stored(state, { nctSalt });
  },
  setServerCertChain: setting("serverCertChain"),
  clearServerCertChain: (state) => stored(state, { serverCertChain: undefined }),
  incrementLoginCounter: (state) =>
    stored(state, { loginCounter: Math.min(state.device.loginCounter + 1, MAX_LOGIN_COUNTER) }),
  setLidMigrated: setting("lidMigrated"),
  setSignedPreKey: (state, { signedPreKey, signedPreKeyId, signedPreKeySignature, rotatedAtMs }) =>
    stored(state, {
      signedPreKey,
      signedPreKeyId,
      signedPreKeySignature,
      lastSignedPreKeyRotationMs: rotatedAtMs,
    }),
  setSignedPreKeyRotationBaseline: (state, { rotatedAtMs }) =>
    state.device.lastSignedPreKeyRotationMs === 0
      ? stored(state, { lastSignedPreKeyRotationMs: rotatedAtMs })
      : state,
  setServerClientExpiration: setting("serverClientExpiration"),
  setReadReceiptsDisabled: setting("readReceiptsDisabled"),
  setEdgeRoutingInfo: setting("edgeRoutingInfo"),
  setServerHasPreKeys: setting("serverHasPreKeys"),
};

/**
 * The state after a command. Pure: neither argument is changed, and what did not change is shared with
 * `state`, bytes of the command included. Values are not checked here; `requireDevice` does that before
 * anything is published.
 *
 * @throws {TypeError} When the command has no known kind.
 * @throws {RangeError} When pre-key watermarks go back or contradict each other.
 */
export function applyCommand(
  state: DeviceState,
  command: DeviceCommand,
  context: CommandContext,
): DeviceState {
  if (!hasKnownKind(REDUCERS, command)) throw new ArgumentTypeError("apply command: it has no known kind");
  const reduce = REDUCERS[command.kind] as (
    state: DeviceState,
    command: DeviceCommand,
    context: CommandContext,
  ) => DeviceState;
  return reduce(state, command, context);
}
