-- Moves the open batch to its next state, before the call that it announces is made.
-- KEYS: 1 lease, 2 open batch
-- ARGV: 1 epoch, 2 batch id, 3 state it must be in, 4 new state, then pairs field, text
-- Returns 'ok' (also when it stands there already with the same fields) | 'fenced' | 'conflict'.
-- Errors, nothing written: WRONGTYPE.
-- include checks.lua
local err = wrongTypes({ KEYS[1], 'hash', KEYS[2], 'hash' })
if err then return err end
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'fenced' end
if redis.call('HGET', KEYS[2], 'id') ~= ARGV[2] then return 'conflict' end
local state = redis.call('HGET', KEYS[2], 'state')
if state == ARGV[4] then
  for i = 5, #ARGV, 2 do
    if redis.call('HGET', KEYS[2], ARGV[i]) ~= ARGV[i + 1] then return 'conflict' end
  end
  return 'ok'
end
if state ~= ARGV[3] then return 'conflict' end
for i = 5, #ARGV, 2 do
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
end
redis.call('HSET', KEYS[2], 'state', ARGV[4])
return 'ok'
