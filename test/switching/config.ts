import { portalFields } from '../../libs/config/portalSchema.ts';
import { whenLeftOut } from '../../libs/config/schema.ts';
import type { ProfitSwitchConfig } from '../../libs/config/types.ts';

/** The defaults of profitSwitch, with these changes. */
export function profitConfig(changes: Partial<ProfitSwitchConfig> = {}): ProfitSwitchConfig {
  return { ...whenLeftOut(portalFields.profitSwitch.schema), ...changes };
}
