import { secretsOf } from '../../config/secrets.ts';
import type { PoolConfig, PortalConfig } from '../../config/types.ts';

export type Redact = (text: string) => string;

/** Shorter ones would tear words apart, and are guessed anyway. */
const shortestSecret = 6;

/** Replaces every configured secret in a text by ***. */
export function redactor(portal: PortalConfig, pools: readonly PoolConfig[]): Redact {
  const secrets = secretsOf(portal, pools)
    .filter((secret) => secret.length >= shortestSecret)
    // One that holds another goes first.
    .sort((a, b) => b.length - a.length);
  return (text) =>
    secrets.reduce(
      (clean, secret) => (clean.includes(secret) ? clean.replaceAll(secret, '***') : clean),
      text,
    );
}
