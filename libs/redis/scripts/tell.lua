-- tell(key, kind, data): puts what happened on the stream of events, whose key is one of the including script's KEYS.
-- Live pages read it and no money hangs on it: a stream that cannot be written stops nothing. Returns nothing.
local function tell(key, kind, data)
  redis.pcall('XADD', key, 'MAXLEN', '~', '5000', '*', 'type', kind, 'data', data)
end
