package servers

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Results of a command, besides nil, int, string and []any.
type (
	redisError  string
	redisStatus string
)

const (
	redisWrongType = redisError("WRONGTYPE Operation against a key holding the wrong kind of value")
	redisNoNumber  = redisError("ERR value is not an integer or out of range")
	redisSyntax    = redisError("ERR syntax error")
	redisOOM       = redisError("OOM command not allowed when used memory > 'maxmemory'.")
)

// redisData is what a server holds.
type redisData struct {
	now   func() time.Time
	keys  map[string]*redisValue
	bytes int // that commands have brought in and nothing has removed
}

// redisValue is one key's value: exactly one of the four kinds.
type redisValue struct {
	kind    string // "string", "list", "hash" or "set"
	text    string
	list    []string
	hash    map[string]string
	expires time.Time // zero for never
}

func newRedisData(now func() time.Time) *redisData {
	return &redisData{now: now, keys: map[string]*redisValue{}}
}

// redisCommand is a command: how many words it has with its name (negative for at least so many),
// whether it brings data in, and what it does.
type redisCommand struct {
	words  int
	writes bool
	run    func(d *redisData, a []string) any
}

func redisCommands() map[string]redisCommand {
	return map[string]redisCommand{
		"PING": {-1, false, redisPing}, "ECHO": {2, false, func(_ *redisData, a []string) any { return a[1] }},
		"SET": {-3, true, redisSet}, "SETNX": {3, true, func(d *redisData, a []string) any { return redisCount(redisSet(d, append(a, "NX")) != nil) }},
		"SETEX": {4, true, func(d *redisData, a []string) any { return redisSet(d, []string{"SET", a[1], a[3], "EX", a[2]}) }},
		"GET":   {2, false, redisGet}, "GETSET": {3, true, func(d *redisData, a []string) any { old := redisGet(d, a[:2]); redisSet(d, a); return old }},
		"MGET": {-2, false, redisMget}, "MSET": {-3, true, redisMset}, "APPEND": {3, true, redisAppend}, "STRLEN": {2, false, redisStrlen},
		"INCR": {2, true, redisStep(1)}, "DECR": {2, true, redisStep(-1)}, "INCRBY": {3, true, redisStep(1)}, "DECRBY": {3, true, redisStep(-1)},
		"DEL": {-2, false, redisDel}, "UNLINK": {-2, false, redisDel}, "EXISTS": {-2, false, redisExists}, "TYPE": {2, false, redisType},
		"KEYS": {2, false, redisKeys}, "DBSIZE": {1, false, func(d *redisData, _ []string) any { return len(d.live()) }},
		"FLUSHALL": {-1, false, redisFlush}, "FLUSHDB": {-1, false, redisFlush}, "TIME": {1, false, redisTime},
		"EXPIRE": {3, false, redisExpire}, "TTL": {2, false, redisTTL(time.Second)}, "PTTL": {2, false, redisTTL(time.Millisecond)}, "PERSIST": {2, false, redisPersist},
		"LPUSH": {-3, true, redisPush(true)}, "RPUSH": {-3, true, redisPush(false)}, "LPOP": {2, false, redisPop(true)}, "RPOP": {2, false, redisPop(false)},
		"LRANGE": {4, false, redisRange}, "LLEN": {2, false, func(d *redisData, a []string) any { return d.size(a[1], "list") }},
		"HSET": {-4, true, redisHset}, "HGET": {3, false, redisHget}, "HGETALL": {2, false, redisHgetall}, "HDEL": {-3, false, redisRemove("hash")},
		"HLEN": {2, false, func(d *redisData, a []string) any { return d.size(a[1], "hash") }}, "SADD": {-3, true, redisSadd}, "SREM": {-3, false, redisRemove("set")},
		"SMEMBERS": {2, false, redisMembers}, "SCARD": {2, false, func(d *redisData, a []string) any { return d.size(a[1], "set") }}, "SISMEMBER": {3, false, redisIsMember},
	}
}

// run runs a command.
func (d *redisData) run(a []string) any {
	name := strings.ToUpper(a[0])
	command, ok := redisCommands()[name]
	switch {
	case !ok:
		return redisError(fmt.Sprintf("ERR unknown command '%s', with args beginning with: %s", a[0], quoteArgs(a[1:])))
	case command.words > 0 && len(a) != command.words || len(a) < -command.words:
		return redisError("ERR wrong number of arguments for '" + strings.ToLower(name) + "' command")
	case command.writes:
		size := 0
		for _, word := range a {
			size += len(word) + 64
		}
		if d.bytes += size; d.bytes > maxRedis {
			d.bytes = d.held() + size // what was overwritten and removed no longer counts
		}
		if d.bytes > maxRedis {
			return redisOOM
		}
	}
	return command.run(d, a)
}

func quoteArgs(args []string) string {
	var b strings.Builder
	for _, arg := range args[:min(len(args), 20)] {
		b.WriteString("'" + arg[:min(len(arg), 128)] + "' ")
	}
	return b.String()
}

// held counts what all values hold.
func (d *redisData) held() int {
	n := 0
	for key, v := range d.live() {
		n += len(key) + len(v.text) + 64
		for _, item := range v.list {
			n += len(item) + 64
		}
		for field, value := range v.hash {
			n += len(field) + len(value) + 64
		}
	}
	return n
}

// live are the keys that have not expired.
func (d *redisData) live() map[string]*redisValue {
	now := d.now()
	maps.DeleteFunc(d.keys, func(_ string, v *redisValue) bool { return !v.expires.IsZero() && !v.expires.After(now) })
	return d.keys
}

// find returns a value of a kind; wrong says that the key holds another one.
func (d *redisData) find(key, kind string) (v *redisValue, wrong bool) {
	v = d.keys[key]
	if v != nil && !v.expires.IsZero() && !v.expires.After(d.now()) {
		delete(d.keys, key)
		v = nil
	}
	return v, v != nil && v.kind != kind
}

// make is find that makes a missing value.
func (d *redisData) make(key, kind string) (v *redisValue, wrong bool) {
	if v, wrong = d.find(key, kind); v == nil {
		v = &redisValue{kind: kind, hash: map[string]string{}}
		d.keys[key] = v
	}
	return v, wrong
}

func (d *redisData) size(key, kind string) any {
	v, wrong := d.find(key, kind)
	switch {
	case wrong:
		return redisWrongType
	case v == nil:
		return 0
	}
	return len(v.list) + len(v.hash)
}

func redisCount(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func redisPing(_ *redisData, a []string) any {
	if len(a) > 1 {
		return a[1]
	}
	return redisStatus("PONG")
}

// redisSet is SET with its options. nil says that a condition did not hold.
func redisSet(d *redisData, a []string) any {
	value := &redisValue{kind: "string", text: a[2]}
	old := d.live()[a[1]]
	for options := a[3:]; len(options) > 0; options = options[1:] {
		switch option := strings.ToUpper(options[0]); option {
		case "NX", "XX":
			if (old == nil) != (option == "NX") {
				return nil
			}
		case "KEEPTTL":
			if old != nil {
				value.expires = old.expires
			}
		case "EX", "PX":
			if len(options) < 2 {
				return redisSyntax
			}
			n, err := strconv.Atoi(options[1])
			if err != nil || n <= 0 {
				return redisError("ERR invalid expire time in 'set' command")
			}
			unit := map[string]time.Duration{"EX": time.Second, "PX": time.Millisecond}[option]
			value.expires = d.now().Add(time.Duration(n) * unit)
			options = options[1:]
		default:
			return redisSyntax
		}
	}
	d.keys[a[1]] = value
	return redisStatus("OK")
}

func redisGet(d *redisData, a []string) any {
	v, wrong := d.find(a[1], "string")
	switch {
	case wrong:
		return redisWrongType
	case v == nil:
		return nil
	}
	return v.text
}

func redisMget(d *redisData, a []string) any {
	values := []any{}
	for _, key := range a[1:] {
		value := redisGet(d, []string{"GET", key})
		if value == redisWrongType {
			value = nil
		}
		values = append(values, value)
	}
	return values
}

func redisMset(d *redisData, a []string) any {
	if len(a)%2 == 0 {
		return redisError("ERR wrong number of arguments for 'mset' command")
	}
	for i := 1; i < len(a); i += 2 {
		d.keys[a[i]] = &redisValue{kind: "string", text: a[i+1]}
	}
	return redisStatus("OK")
}

func redisAppend(d *redisData, a []string) any {
	v, wrong := d.make(a[1], "string")
	if wrong {
		return redisWrongType
	}
	if v.text += a[2]; len(v.text) > maxRedis {
		delete(d.keys, a[1])
		return redisOOM
	}
	return len(v.text)
}

func redisStrlen(d *redisData, a []string) any {
	text, ok := redisGet(d, a).(string)
	if _, wrong := d.find(a[1], "string"); wrong {
		return redisWrongType
	}
	if !ok {
		return 0
	}
	return len(text)
}

// redisStep is INCR and its like.
func redisStep(sign int) func(*redisData, []string) any {
	return func(d *redisData, a []string) any {
		step := 1
		if len(a) > 2 {
			var err error
			if step, err = strconv.Atoi(a[2]); err != nil {
				return redisNoNumber
			}
		}
		v, wrong := d.make(a[1], "string")
		if wrong {
			return redisWrongType
		}
		if v.text == "" {
			v.text = "0"
		}
		n, err := strconv.Atoi(v.text)
		if err != nil {
			return redisNoNumber
		}
		n += sign * step
		v.text = strconv.Itoa(n)
		return n
	}
}

func redisDel(d *redisData, a []string) any {
	n := redisExists(d, a)
	for _, key := range a[1:] {
		delete(d.keys, key)
	}
	return n
}

func redisExists(d *redisData, a []string) any {
	n := 0
	for _, key := range a[1:] {
		n += redisCount(d.live()[key] != nil)
	}
	return n
}

func redisType(d *redisData, a []string) any {
	if v := d.live()[a[1]]; v != nil {
		return redisStatus(v.kind)
	}
	return redisStatus("none")
}

func redisKeys(d *redisData, a []string) any {
	found := []any{}
	for _, key := range slices.Sorted(maps.Keys(d.live())) {
		// for a pattern of a shell, a key is no path
		if ok, err := path.Match(strings.ReplaceAll(a[1], "/", "\x00"), strings.ReplaceAll(key, "/", "\x00")); err == nil && ok {
			found = append(found, key)
		}
	}
	return found
}

func redisFlush(d *redisData, _ []string) any {
	clear(d.keys)
	d.bytes = 0
	return redisStatus("OK")
}

func redisTime(d *redisData, _ []string) any {
	now := d.now()
	return []any{strconv.FormatInt(now.Unix(), 10), strconv.Itoa(now.Nanosecond() / 1000)}
}

func redisExpire(d *redisData, a []string) any {
	seconds, err := strconv.Atoi(a[2])
	if err != nil {
		return redisNoNumber
	}
	v := d.live()[a[1]]
	if v == nil {
		return 0
	}
	v.expires = d.now().Add(time.Duration(seconds) * time.Second)
	return 1
}

// redisTTL is the time left: -1 for ever, -2 without a key.
func redisTTL(unit time.Duration) func(*redisData, []string) any {
	return func(d *redisData, a []string) any {
		switch v := d.live()[a[1]]; {
		case v == nil:
			return -2
		case v.expires.IsZero():
			return -1
		default:
			return int((v.expires.Sub(d.now()) + unit/2) / unit)
		}
	}
}

func redisPersist(d *redisData, a []string) any {
	v := d.live()[a[1]]
	if v == nil || v.expires.IsZero() {
		return 0
	}
	v.expires = time.Time{}
	return 1
}

func redisPush(left bool) func(*redisData, []string) any {
	return func(d *redisData, a []string) any {
		v, wrong := d.make(a[1], "list")
		if wrong {
			return redisWrongType
		}
		for _, item := range a[2:] {
			if left {
				v.list = slices.Insert(v.list, 0, item)
			} else {
				v.list = append(v.list, item)
			}
		}
		return len(v.list)
	}
}

func redisPop(left bool) func(*redisData, []string) any {
	return func(d *redisData, a []string) any {
		v, wrong := d.find(a[1], "list")
		if wrong {
			return redisWrongType
		}
		if v == nil {
			return nil
		}
		at := len(v.list) - 1
		if left {
			at = 0
		}
		item := v.list[at]
		if v.list = slices.Delete(v.list, at, at+1); len(v.list) == 0 {
			delete(d.keys, a[1])
		}
		return item
	}
}

func redisRange(d *redisData, a []string) any {
	v, wrong := d.find(a[1], "list")
	from, errFrom := strconv.Atoi(a[2])
	to, errTo := strconv.Atoi(a[3])
	switch {
	case wrong:
		return redisWrongType
	case errFrom != nil || errTo != nil:
		return redisNoNumber
	case v == nil:
		return []any{}
	}
	n := len(v.list)
	if from < 0 {
		from = max(0, n+from)
	}
	if to < 0 {
		to = n + to
	}
	items := []any{}
	for i := from; i <= min(to, n-1); i++ {
		items = append(items, v.list[i])
	}
	return items
}

func redisHset(d *redisData, a []string) any {
	if len(a)%2 != 0 {
		return redisError("ERR wrong number of arguments for 'hset' command")
	}
	v, wrong := d.make(a[1], "hash")
	if wrong {
		return redisWrongType
	}
	before := len(v.hash)
	for i := 2; i < len(a); i += 2 {
		v.hash[a[i]] = a[i+1]
	}
	return len(v.hash) - before
}

func redisHget(d *redisData, a []string) any {
	v, wrong := d.find(a[1], "hash")
	if wrong {
		return redisWrongType
	}
	if v == nil {
		return nil
	}
	if value, ok := v.hash[a[2]]; ok {
		return value
	}
	return nil
}

func redisHgetall(d *redisData, a []string) any {
	v, wrong := d.find(a[1], "hash")
	if wrong {
		return redisWrongType
	}
	items := []any{}
	if v != nil {
		for _, field := range slices.Sorted(maps.Keys(v.hash)) {
			items = append(items, field, v.hash[field])
		}
	}
	return items
}

// redisRemove is HDEL and SREM.
func redisRemove(kind string) func(*redisData, []string) any {
	return func(d *redisData, a []string) any {
		v, wrong := d.find(a[1], kind)
		if wrong {
			return redisWrongType
		}
		if v == nil {
			return 0
		}
		before := len(v.hash)
		for _, field := range a[2:] {
			delete(v.hash, field)
		}
		if len(v.hash) == 0 {
			delete(d.keys, a[1])
		}
		return before - len(v.hash)
	}
}

func redisSadd(d *redisData, a []string) any {
	v, wrong := d.make(a[1], "set")
	if wrong {
		return redisWrongType
	}
	before := len(v.hash)
	for _, member := range a[2:] {
		v.hash[member] = ""
	}
	return len(v.hash) - before
}

func redisMembers(d *redisData, a []string) any {
	v, wrong := d.find(a[1], "set")
	if wrong {
		return redisWrongType
	}
	items := []any{}
	if v != nil {
		for _, member := range slices.Sorted(maps.Keys(v.hash)) {
			items = append(items, member)
		}
	}
	return items
}

func redisIsMember(d *redisData, a []string) any {
	v, wrong := d.find(a[1], "set")
	if wrong {
		return redisWrongType
	}
	if v == nil {
		return 0
	}
	_, ok := v.hash[a[2]]
	return redisCount(ok)
}

// dump is all data as the commands that make them.
func (d *redisData) dump() [][]string {
	var commands [][]string
	for _, key := range slices.Sorted(maps.Keys(d.live())) {
		v := d.keys[key]
		switch v.kind {
		case "string":
			commands = append(commands, []string{"SET", key, v.text})
		case "list":
			commands = append(commands, append([]string{"RPUSH", key}, v.list...))
		case "hash":
			command := []string{"HSET", key}
			for _, field := range slices.Sorted(maps.Keys(v.hash)) {
				command = append(command, field, v.hash[field])
			}
			commands = append(commands, command)
		case "set":
			commands = append(commands, append([]string{"SADD", key}, slices.Sorted(maps.Keys(v.hash))...))
		}
		if !v.expires.IsZero() {
			commands = append(commands, []string{"EXPIRE", key, strconv.Itoa(int(v.expires.Sub(d.now()).Seconds()) + 1)})
		}
	}
	return commands
}

// keyspace is the line of INFO about the keys.
func (d *redisData) keyspace() string {
	n, expiring := 0, 0
	for _, v := range d.live() {
		n++
		expiring += redisCount(!v.expires.IsZero())
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("db0:keys=%d,expires=%d,avg_ttl=0\r\n", n, expiring)
}
