/// What the engine does with one exchange: it takes over what this server has to tell, and gives what others told since.
/// A script runs alone, so all of it happens or nothing, and costs one round trip.
///
/// Under the prefix there are
///
/// | key | type | holds |
/// |---|---|---|
/// | `fleet` | hash | the form of all these keys, an id that is drawn when they begin, the version of the last change |
/// | `blocks` | hash | by address: `b` or `l` (blocked or lifted), since when, until when (for what was lifted: when it is forgotten), failures |
/// | `changes` | sorted set | addresses by the version of their last change |
/// | `ends` | sorted set | addresses by the time when what is known of them ends |
/// | `failures:ADDRESS` | hash | the number of failures, and digests of the guesses |
/// | `nodes` | sorted set | the servers, by the time until which their connections count |
/// | `connections:ADDRESS` | hash | the connections of an address, by server |
/// | `connections` | sorted set | addresses with many connections, by the version of their last change |
/// | `requests` | sorted set | what servers ask of all others, by version |
///
/// Connections of an address are told to the other servers only while it has half of its limit or more: so the work of a
/// server does not grow with the clients of the others.
///
/// A version is the time, or one more than the last: whatever has a version from more than a minute ago is that old.
///
/// All times are milliseconds of the engine's clock. Servers tell ages and rests, so their clocks may differ. Every key
/// expires: failures as the plan says, the rest with the last block, or a day after the last exchange.
package enum SharedStateScript {
  package static let text = """
    local fleet, blocks, changes, ends = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
    local failures, nodes, connections, totals, requests = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
    local form, epoch, limit, node = ARGV[1], ARGV[2], tonumber(ARGV[4]), ARGV[8]
    local cursor, totals_cursor, requests_cursor = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)

    local function text(number) return string.format('%.0f', number) end

    local known = redis.call('HMGET', fleet, 'form', 'epoch')
    if not known[1] then
      -- The engine may have dropped one key and kept others. What is not of our kind is not ours.
      local kinds = { [fleet] = 'none', [blocks] = 'hash', [changes] = 'zset', [ends] = 'zset',
        [nodes] = 'zset', [totals] = 'zset', [requests] = 'zset' }
      for key, kind in pairs(kinds) do
        local found = redis.call('TYPE', key).ok
        if found ~= 'none' and found ~= kind then return { 'form', '' } end
      end
      redis.call('DEL', blocks, changes, ends, totals, requests)
      redis.call('HSET', fleet, 'form', form, 'epoch', ARGV[3], 'version', 0)
      known = { form, ARGV[3] }
    elseif known[1] ~= form then
      return { 'form', known[1] }
    else
      -- An engine that takes no changes says so now, and not when there is something to tell.
      redis.call('HSET', fleet, 'form', form)
    end
    if known[2] ~= epoch then cursor, totals_cursor, requests_cursor = 0, 0, -1 end

    local version = tonumber(redis.call('HGET', fleet, 'version') or 0)
    -- A replica that became the master may lack the last changes.
    requests_cursor = math.min(requests_cursor, version)
    local function next_version()
      version = math.max(version + 1, now)
      return text(version)
    end

    local function get(address)
      local value = redis.call('HGET', blocks, address)
      if not value then return nil end
      local kind, since, till, count = string.match(value, '^(%a) (%d+) (%d+) (%d+)$')
      since, till, count = tonumber(since), tonumber(till), tonumber(count)
      if not till or till <= now then return nil end
      return kind, since, till, count
    end

    local function set(address, kind, since, till, count)
      redis.call('HSET', blocks, address,
        kind .. ' ' .. text(since) .. ' ' .. text(till) .. ' ' .. text(count))
      redis.call('ZADD', changes, next_version(), address)
      redis.call('ZADD', ends, text(till), address)
    end

    -- The later end wins. A block that began before it was lifted is over. What is told again differs by the time that
    -- messages take: a second does not count.
    local function block(address, since, till, count)
      local kind, since_before, till_before = get(address)
      if kind == 'l' and since <= since_before then return end
      if kind == 'b' and till_before + 1000 >= till then return end
      set(address, 'b', since, till, count)
    end

    local function lift(address, at, keep)
      local kind, since, till = get(address)
      if kind == 'b' and since > at then return end
      if kind == 'l' and since + 1000 >= at then return end
      redis.call('DEL', failures .. address)
      set(address, 'l', at, math.max(now + keep, till or 0), 0)
    end

    local function fail(address, guess, max, forget, length)
      local key = failures .. address
      local count = tonumber(redis.call('HGET', key, 'n') or 0)
      if guess ~= '' and redis.call('HEXISTS', key, guess) == 1 then return end
      if get(address) == 'b' then return end
      count = redis.call('HINCRBY', key, 'n', 1)
      if guess ~= '' and count <= max then redis.call('HSET', key, guess, 1) end
      if redis.call('PTTL', key) < forget then redis.call('PEXPIRE', key, text(forget)) end
      if count > max then block(address, now, now + length, count) end
    end

    -- The number of failures, and the guesses that are in it: a server that sees one of them again does not count it.
    local function failed(address)
      local key = failures .. address
      local words = { redis.call('HGET', key, 'n') or '0' }
      for _, guess in ipairs(redis.call('HKEYS', key)) do
        if guess ~= 'n' then words[#words + 1] = guess end
      end
      return table.concat(words, ' ')
    end

    -- The connections of an address: all, and those of others. What a server had that is gone does not count.
    local function count(address)
      local key, all, own = connections .. address, 0, 0
      local held = redis.call('HGETALL', key)
      for j = 1, #held, 2 do
        local number = tonumber(held[j + 1]) or 0
        if held[j] == node then
          own = number
          all = all + number
        elseif redis.call('ZSCORE', nodes, held[j]) then
          all = all + number
        else
          redis.call('HDEL', key, held[j])
        end
      end
      return all, all - own
    end

    local function connected(address) redis.call('ZADD', totals, next_version(), address) end

    local function connect(address, number, limit)
      local key = connections .. address
      if number == '0' then
        redis.call('HDEL', key, node)
      else
        redis.call('HSET', key, node, number)
        redis.call('PEXPIRE', key, 86400000)
      end
      if redis.call('ZSCORE', totals, address) or 2 * count(address) >= limit then connected(address) end
    end

    -- Its connections do not count any more.
    local function leave(node)
      if redis.call('ZREM', nodes, node) == 0 then return end
      for _, address in ipairs(redis.call('ZRANGE', totals, 0, -1)) do
        if redis.call('HEXISTS', connections .. address, node) == 1 then connected(address) end
      end
    end

    local counts = {}
    redis.call('ZADD', nodes, text(now + 15000), node)
    for _, gone in ipairs(redis.call('ZRANGEBYSCORE', nodes, '-inf', text(now), 'LIMIT', 0, 4)) do leave(gone) end
    local i = 9
    while i <= #ARGV do
      local kind, address = ARGV[i], ARGV[i + 1]
      local a, b, c, d = ARGV[i + 2], tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5])
      if kind == 'f' then
        fail(address, a, b, c, d)
        counts[#counts + 1] = failed(address)
      elseif kind == 'b' then
        block(address, now - tonumber(a), now + b, c)
      elseif kind == 'l' then
        lift(address, now - tonumber(a), b)
      elseif kind == 'C' then
        leave(address)
      elseif kind == 'c' then
        connect(address, a, b)
      elseif kind == 'r' then
        redis.call('ZADD', requests, next_version(), text(version) .. ' ' .. text(now) .. ' ' .. address)
      end
      i = i + 6
    end

    for _, address in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', text(now), 'LIMIT', 0, 100)) do
      redis.call('HDEL', blocks, address)
      redis.call('ZREM', changes, address)
      redis.call('ZREM', ends, address)
    end

    -- Addresses that nobody has connections of any more, which all who are not gone have read by now. Of others all are told
    -- once a minute.
    for _, address in ipairs(redis.call('ZRANGEBYSCORE', totals, '-inf', text(now - 60000), 'LIMIT', 0, 10)) do
      if count(address) == 0 then redis.call('ZREM', totals, address) else connected(address) end
    end

    local function read(key, from)
      local found = redis.call('ZRANGEBYSCORE', key, '(' .. text(from), '+inf', 'WITHSCORES', 'LIMIT', 0, limit)
      return found, #found > 0 and tonumber(found[#found]) or from
    end

    local news, changed = {}, nil
    changed, cursor = read(changes, cursor)
    for j = 1, #changed, 2 do
      local kind, since, till, count = get(changed[j])
      if kind then news[#news + 1] = { changed[j], kind, now - since, till - now, count } end
    end
    local more = #changed >= 2 * limit

    local counted = {}
    changed, totals_cursor = read(totals, totals_cursor)
    for j = 1, #changed, 2 do
      local _, others = count(changed[j])
      counted[#counted + 1] = { changed[j], others }
    end
    more = more or #changed >= 2 * limit

    local asked = {}
    redis.call('ZREMRANGEBYSCORE', requests, '-inf', text(now - 60000))
    if requests_cursor < 0 then
      requests_cursor = version
    else
      changed, requests_cursor = read(requests, requests_cursor)
      for j = 1, #changed, 2 do
        local at, request = string.match(changed[j], '^%d+ (%d+) (.*)$')
        if at then asked[#asked + 1] = { request, now - tonumber(at) } end
      end
    end

    redis.call('HSET', fleet, 'version', text(version))
    local last = redis.call('ZREVRANGE', ends, 0, 0, 'WITHSCORES')[2]
    local expiry = text(math.max(tonumber(last or 0), now + 86400000))
    for _, key in ipairs({ fleet, blocks, changes, ends, nodes, totals }) do
      redis.call('PEXPIREAT', key, expiry)
    end
    redis.call('PEXPIRE', requests, 60000)

    return { 'ok', known[2], more and 1 or 0, counts, { cursor, news }, { totals_cursor, counted },
      { requests_cursor, asked } }
    """

  /// The keys that it is given, in the order in which it expects them.
  package static func keys(_ prefix: String) -> [String] {
    [
      "fleet", "blocks", "changes", "ends", "failures:", "nodes", "connections:", "connections", "requests",
    ].map { prefix + $0 }
  }
}
