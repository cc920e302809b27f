-- Adds what a pool process has gathered to the charts (rings: see redis/series.ts) and merges what it saw of workers.
-- No money: a key that holds something else is left alone and named in the reply, and the others go on.
-- KEYS: 1 workersSeen, then three for each series: its rings of minutes, of ten minutes and of hours
-- ARGV: 1 the writer's minute now (unix seconds / 60), 2 so many workers may be in workersSeen: above that, new workers
--       and new rings of miners are left out, 3 number of series,
--       then for each series: 'pool' | 'miner', number of pairs, then pairs minute (ascending), difficulty,
--       then four for each worker: name, first share (ms), last share (ms), best share (difficulty)
-- Returns a list: how many workers and rings were left out, and a key that holds something else ('' = none).
local shapes = {
  { minutes = 1, buckets = 1440 },
  { minutes = 10, buckets = 4320 },
  { minutes = 60, buckets = 8760 },
}
local headerBytes, slotBytes, day = 8, 4, 86400
local thisMinute = tonumber(ARGV[1])
local leftOut, wrongKey = 0, ''

-- The reply, or nil if the key holds another type.
local function ask(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) ~= 'table' then return reply end
  wrongKey = key
end

local function zeroSlots(key, shape, first, count)
  local start = first % shape.buckets
  local upToEnd = math.min(count, shape.buckets - start)
  redis.call('SETRANGE', key, headerBytes + start * slotBytes, string.rep('\0', upToEnd * slotBytes))
  if count > upToEnd then
    redis.call('SETRANGE', key, headerBytes, string.rep('\0', (count - upToEnd) * slotBytes))
  end
end

-- Makes the ring reach `bucket`, and returns its newest bucket; nil when there is no ring to write to.
local function openRing(key, shape, bucket, isPool, hasRoom)
  local head = ask('GETRANGE', key, 0, headerBytes - 1)
  if not head then return nil end
  local newest = #head == headerBytes and struct.unpack('>I8', head) or nil
  -- A ring from a clock that ran far ahead would take no share until that time has come.
  if newest and newest - math.floor(thisMinute / shape.minutes) >= shape.buckets then newest = nil end
  if newest and bucket <= newest then return newest end
  local lifetime = shape.buckets * shape.minutes * 60
  if newest then
    zeroSlots(key, shape, newest + 1, math.min(bucket - newest, shape.buckets))
  else
    if not (isPool or hasRoom) then
      leftOut = leftOut + 1
      return nil
    end
    redis.call('DEL', key)
    -- In its full length at once: a string that grows takes up to twice its size.
    redis.call('SETRANGE', key, headerBytes + shape.buckets * slotBytes - 1, '\0')
    -- Whoever tries the pool for a few minutes leaves nothing behind that lasts a year.
    lifetime = day
  end
  redis.call('SETRANGE', key, 0, struct.pack('>I8', bucket))
  if not isPool then redis.call('EXPIRE', key, lifetime) end
  return bucket
end

local function addToSlot(key, shape, bucket, difficulty)
  local at = headerBytes + (bucket % shape.buckets) * slotBytes
  local bytes = redis.call('GETRANGE', key, at, at + slotBytes - 1)
  local sum = #bytes == slotBytes and struct.unpack('<f', bytes) or 0
  if not (sum > 0 and sum < math.huge) then sum = 0 end
  redis.call('SETRANGE', key, at, struct.pack('<f', sum + difficulty))
end

-- Adds the pairs of ARGV from `first` to `last`.
local function addToRing(key, shape, isPool, hasRoom, first, last)
  local function bucketAt(i) return math.floor(tonumber(ARGV[i]) / shape.minutes) end
  local newest = openRing(key, shape, bucketAt(last - 1), isPool, hasRoom)
  if not newest then return end
  local sum = 0
  for i = first, last, 2 do
    local bucket = bucketAt(i)
    sum = sum + tonumber(ARGV[i + 1])
    if i + 2 > last or bucketAt(i + 2) ~= bucket then
      if bucket > newest - shape.buckets then addToSlot(key, shape, bucket, sum) end
      sum = 0
    end
  end
end

local known = ask('HLEN', KEYS[1])
local room = tonumber(ARGV[2]) - (known or 0)

local at = 4
for series = 0, tonumber(ARGV[3]) - 1 do
  local isPool, last = ARGV[at] == 'pool', at + 1 + 2 * tonumber(ARGV[at + 1])
  for i, shape in ipairs(shapes) do
    addToRing(KEYS[1 + 3 * series + i], shape, isPool, room > 0, at + 2, last)
  end
  at = last + 1
end

if known then
  for i = at, #ARGV, 4 do
    local name, first, last, best = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
    local old = redis.call('HGET', KEYS[1], name)
    if not old and room <= 0 then
      leftOut = leftOut + 1
    else
      if not old then room = room - 1 end
      local oldFirst, oldLast, oldBest = string.match(old or '', '^(%d+):(%d+):(%d+%.?%d*)$')
      if oldFirst then
        if tonumber(oldFirst) < tonumber(first) then first = oldFirst end
        if tonumber(oldLast) > tonumber(last) then last = oldLast end
        if tonumber(oldBest) > tonumber(best) then best = oldBest end
      end
      redis.call('HSET', KEYS[1], name, first .. ':' .. last .. ':' .. best)
    end
  end
end
return { leftOut, wrongKey }
