// The attacks that test/bench/attacker.ts knows.

export const attackNames = [
  'connect and close',
  'byte by byte',
  'idle sockets',
  'invalid shares',
  'login flood',
  'duplicates and replays',
  'subscribe storm',
  'broken messages',
] as const;

export type AttackName = (typeof attackNames)[number];

export function isAttackName(name: string): name is AttackName {
  return attackNames.some((known) => known === name);
}
