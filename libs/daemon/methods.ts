// What may be done with a call when its answer does not come: this decides whether money can move twice.

/** Calls that change nothing, or that change nothing more when they run twice (a block given twice is a duplicate). */
const repeatable: ReadonlySet<string> = new Set([
  'createauxblock',
  'decoderawtransaction',
  'decodescript',
  'estimatefee',
  'estimatesmartfee',
  'getaddressinfo',
  'getauxblock',
  'getbalance',
  'getbalances',
  'getbestblockhash',
  'getblock',
  'getblockchaininfo',
  'getblockcount',
  'getblockhash',
  'getblockheader',
  'getblocktemplate',
  'getchaintips',
  'getconnectioncount',
  'getdifficulty',
  'getinfo',
  'getmempoolentry',
  'getmempoolinfo',
  'getmininginfo',
  'getnetworkhashps',
  'getnetworkinfo',
  'getpeerinfo',
  'getrawmempool',
  'getrawtransaction',
  'getreceivedbyaddress',
  'gettransaction',
  'gettxout',
  'getwalletinfo',
  'help',
  'listsinceblock',
  'listtransactions',
  'listunspent',
  'listwallets',
  'submitauxblock',
  'submitblock',
  'testmempoolaccept',
  'uptime',
  'validateaddress',
]);

const urgent: ReadonlySet<string> = new Set([
  'createauxblock',
  'getauxblock',
  'getbestblockhash',
  'getblocktemplate',
  'submitauxblock',
  'submitblock',
]);

/** True if running the call twice is as good as once: it may be sent again, or to another daemon. */
export function isRepeatable(method: string): boolean {
  return repeatable.has(method);
}

/** True for calls that must not queue behind others: a found block, news of one, and work for the miners. */
export function isUrgent(method: string): boolean {
  return urgent.has(method);
}
