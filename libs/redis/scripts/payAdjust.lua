-- A person takes the books as they stand for the truth: the difference goes into totals.adjusted.
-- KEYS: 1 lease, 2 totals, 3 outpoint to spend
-- ARGV: 1 epoch, 2 old and 3 new totals.adjusted ('' = no field), 4 '1' if the transaction that the outpoint should rule
--       out is alive, and what it pays is settled by hand: the outpoint is forgotten
-- Returns 'ok' | 'fenced' | 'conflict' (it has changed: compute again). Errors, nothing written: WRONGTYPE.
-- include checks.lua
local err = wrongTypes({ KEYS[1], 'hash', KEYS[2], 'hash' })
if err then return err end
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'fenced' end
if (redis.call('HGET', KEYS[2], 'adjusted') or '') ~= ARGV[2] then return 'conflict' end
redis.call('HSET', KEYS[2], 'adjusted', ARGV[3])
if ARGV[4] == '1' then redis.call('DEL', KEYS[3]) end
return 'ok'
