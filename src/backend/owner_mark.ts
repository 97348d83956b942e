/**
 * Last character of an owner's token when an account has had a device since that opening. Openings of earlier
 * releases stored the first device after they had taken the ownership, so their accounts may have none.
 */
const HAS_DEVICE = "+";

/** The token of an owner of an account that has a device. */
export function ownerWithDevice(token: string): string {
  return `${token}${HAS_DEVICE}`;
}

/** Whether the account of an owner has had a device since. */
export function hasDeviceSince(owner: string | undefined): boolean {
  return owner?.endsWith(HAS_DEVICE) === true;
}
