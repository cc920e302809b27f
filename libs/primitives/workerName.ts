// Worker names: `address`, `address.rig` or `address_rig`. Money goes to the address, statistics keep the whole name.

/** The part before the first dot or underscore: neither occurs in a base58 or bech32 address. */
export function addressPart(worker: string): string {
  const end = worker.search(/[._]/);
  return end === -1 ? worker : worker.slice(0, end);
}
