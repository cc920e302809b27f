import { askPortal as ask, type PortalAnswer, type PortalCommand } from '../../ipc/askPortal.ts';

export type { AskPortal, PortalAnswer, PortalCommand } from '../../ipc/askPortal.ts';

/** Asks the portal that listens at the socket file `path`. Never rejects. */
export function askPortal(path: string, asked: PortalCommand): Promise<PortalAnswer> {
  return ask({ path }, asked);
}
