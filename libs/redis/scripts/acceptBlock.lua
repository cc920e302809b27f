-- A daemon took the block: it waits in blocksPending for its confirmations. Counted once.
-- A block that was refused before gets its round back: what is in roundCurrent holds that round's shares.
-- KEYS: 1 block facts, 2 roundCurrent, 3 round<height>, 4 blocks of that round, 5 open blocks, 6 blocksPending, 7 stats,
--       8 events, 9 index of blocks
-- ARGV: 1 block hash, 2 what is told of it (JSON)
-- Returns 'accepted' | 'reclaimed' (was refused before) | 'already' | 'unknown' (no such block).
-- Errors, nothing written: WRONGTYPE, BADVALUE.
-- include checks.lua
-- include tell.lua
local err = wrongTypes({ KEYS[1], 'hash', KEYS[2], 'hash', KEYS[3], 'hash', KEYS[4], 'set', KEYS[5], 'set',
  KEYS[6], 'set', KEYS[7], 'hash' })
if err then return err end
local state, txHash, height = unpack(redis.call('HMGET', KEYS[1], 'state', 'txHash', 'height'))
if not (state and txHash and height) then return 'unknown' end
if state ~= 'candidate' and state ~= 'refused' then return 'already' end
err = badCounter(KEYS[7], 'validBlocks') or badCounter(KEYS[7], 'invalidBlocks')
if err then return err end

redis.call('HSET', KEYS[1], 'state', 'accepted')
redis.call('SADD', KEYS[6], ARGV[1] .. ':' .. txHash .. ':' .. height)
redis.call('HINCRBY', KEYS[7], 'validBlocks', 1)
redis.call('SREM', KEYS[5], ARGV[1])
tell(KEYS[8], 'block', ARGV[2])
if state == 'candidate' then return 'accepted' end

redis.call('HDEL', KEYS[1], 'reason')
redis.call('PERSIST', KEYS[1])
redis.call('HINCRBY', KEYS[7], 'invalidBlocks', -1)
redis.pcall('ZADD', KEYS[9], height, ARGV[1])
if redis.call('HGET', KEYS[1], 'solo') == '1' then return 'reclaimed' end
redis.call('SADD', KEYS[4], ARGV[1])
if redis.call('EXISTS', KEYS[3]) == 0 and redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('RENAME', KEYS[2], KEYS[3])
end
return 'reclaimed'
