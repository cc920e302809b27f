-- Tells how the Redis that holds a key keeps its data.
-- KEYS: 1 the key
-- Returns a list: INFO server, INFO persistence.
return { redis.call('INFO', 'server'), redis.call('INFO', 'persistence') }
