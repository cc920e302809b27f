-- A person takes the books as they stand for the truth: the difference goes into totals.adjusted.
-- KEYS: 1 lease, 2 totals
-- ARGV: 1 epoch, 2 old and 3 new totals.adjusted ('' = no field)
-- Returns 'ok' | 'fenced' | 'conflict' (it has changed: compute again). Errors, nothing written: WRONGTYPE.
-- include checks.lua
local err = wrongTypes({ KEYS[1], 'hash', KEYS[2], 'hash' })
if err then return err end
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'fenced' end
if (redis.call('HGET', KEYS[2], 'adjusted') or '') ~= ARGV[2] then return 'conflict' end
redis.call('HSET', KEYS[2], 'adjusted', ARGV[3])
return 'ok'
