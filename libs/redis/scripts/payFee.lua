-- Books the fee of a payment, which the wallet did not tell when it was settled. Once.
-- KEYS: 1 lease, 2 payments whose fee is not known yet, 3 payments, 4 totals
-- ARGV: 1 epoch, 2 txid, 3 place of the payment in the list ('' = it is not there any more), 4 old and 5 new payment (JSON),
--       6 old and 7 new totals.fees
-- Returns 'ok' | 'fenced' | 'already' | 'conflict' (something changed: compute again). Errors, nothing written: WRONGTYPE.
-- include checks.lua
local err = wrongTypes({ KEYS[1], 'hash', KEYS[2], 'hash', KEYS[3], 'list', KEYS[4], 'hash' })
if err then return err end
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'fenced' end
if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 0 then return 'already' end
if (redis.call('HGET', KEYS[4], 'fees') or '') ~= ARGV[6] then return 'conflict' end
if ARGV[3] ~= '' and redis.call('LINDEX', KEYS[3], ARGV[3]) ~= ARGV[4] then return 'conflict' end
if ARGV[3] ~= '' then redis.call('LSET', KEYS[3], ARGV[3], ARGV[5]) end
redis.call('HSET', KEYS[4], 'fees', ARGV[7])
redis.call('HDEL', KEYS[2], ARGV[2])
return 'ok'
