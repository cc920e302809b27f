-- Applies groups of shares, once: only when the last one of their writer is the one before them.
-- KEYS: 1 roundCurrent, 2 hashrate, 3 stats, 4 the writer's sequence
-- ARGV: 1 sequence of the last group, 2 the writer's sequence before the first one, 3 valid shares, 4 invalid shares,
--       5 hashrate entries below this unix second are dropped ('' = none now),
--       6 number of workers with valid shares, then two for each: name, sum of difficulty,
--       then two for each share: unix second, hashrate member
-- Returns 'applied' | 'already' (this sequence or a later one is in) | 'moved' (the last one is not ARGV 2: nothing
-- written). Errors, nothing written: WRONGTYPE, BADVALUE.
-- include checks.lua
local err = wrongTypes({ KEYS[1], 'hash', KEYS[2], 'zset', KEYS[3], 'hash', KEYS[4], 'string' })
if err then return err end

local last = redis.call('GET', KEYS[4]) or '0'
if not tonumber(last) then return badValue(KEYS[4], '(itself)', last) end
if tonumber(ARGV[1]) <= tonumber(last) then return 'already' end
if tonumber(ARGV[2]) ~= tonumber(last) then return 'moved' end

local first = 7
local afterWorkers = first + 2 * tonumber(ARGV[6])
local workers = {}
for i = first, afterWorkers - 1, 2 do workers[#workers + 1] = ARGV[i] end
err = badSums(KEYS[1], workers) or badCounter(KEYS[3], 'validShares') or badCounter(KEYS[3], 'invalidShares')
if err then return err end

redis.call('SET', KEYS[4], ARGV[1])
for i = first, afterWorkers - 1, 2 do redis.call('HINCRBYFLOAT', KEYS[1], ARGV[i], ARGV[i + 1]) end
for i = afterWorkers, #ARGV, 1000 do
  redis.call('ZADD', KEYS[2], unpack(ARGV, i, math.min(i + 999, #ARGV)))
end
if ARGV[3] ~= '0' then redis.call('HINCRBY', KEYS[3], 'validShares', ARGV[3]) end
if ARGV[4] ~= '0' then redis.call('HINCRBY', KEYS[3], 'invalidShares', ARGV[4]) end
if ARGV[5] ~= '' then redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[5]) end
return 'applied'
