-- Tells in one moment how far a writer's groups are in Redis, and how Redis keeps its data.
-- KEYS: 1 the writer's sequence
-- Returns a list: the sequence ('0' = none), INFO server, INFO persistence.
return {
  redis.call('GET', KEYS[1]) or '0',
  redis.call('INFO', 'server'),
  redis.call('INFO', 'persistence'),
}
