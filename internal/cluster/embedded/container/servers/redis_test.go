package servers_test

import (
	"strings"
	"testing"

	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

func TestRedis(t *testing.T) {
	n := newNode(t)
	g := n.start("redis:7.4")
	g.await("Ready to accept connections tcp")
	for _, tc := range []struct{ script, want string }{
		{"redis-cli ping; redis-cli ping hi; redis-cli echo x", "PONG\nhi\nx\n"},
		{"redis-cli set a 1; redis-cli get a; redis-cli get nokey; redis-cli incr a; redis-cli incrby a 10; redis-cli decr a", "OK\n1\n\n2\n12\n11\n"},
		{"redis-cli set a x nx; redis-cli set a 5 xx; redis-cli setnx b y; redis-cli setnx b z; redis-cli mget a b c", "\nOK\n1\n0\n5\ny\n\n"},
		{"redis-cli append b yy; redis-cli strlen b; redis-cli exists a b c; redis-cli del a b c; redis-cli dbsize", "3\n3\n2\n2\n0\n"},
		{"redis-cli rpush l 1 2 3; redis-cli lpush l 0; redis-cli lrange l 0 -1; redis-cli lpop l; redis-cli rpop l; redis-cli llen l", "3\n4\n0\n1\n2\n3\n0\n3\n2\n"},
		{"redis-cli hset h f 1 g 2; redis-cli hget h f; redis-cli hgetall h; redis-cli hdel h f; redis-cli hlen h", "2\n1\nf\n1\ng\n2\n1\n1\n"},
		{"redis-cli sadd s x y x; redis-cli smembers s; redis-cli sismember s x; redis-cli srem s x; redis-cli scard s", "2\nx\ny\n1\n1\n1\n"},
		{"redis-cli set e v ex 100; redis-cli ttl e; redis-cli ttl l; redis-cli ttl none; redis-cli persist e; redis-cli ttl e; redis-cli type l", "OK\n100\n-1\n-2\n1\n-1\nlist\n"},
		{"redis-cli keys '*'; redis-cli get l; redis-cli incr e; redis-cli nonsense 1; redis-cli get", "e\nh\nl\ns\nWRONGTYPE Operation against a key holding the wrong kind of value\n" +
			"ERR value is not an integer or out of range\nERR unknown command 'nonsense', with args beginning with: '1' \nERR wrong number of arguments for 'get' command\n"},
		{"printf 'set p 1\\nincr p\\n' | redis-cli; redis-cli info | grep redis_version | tr -d '\\r'; redis-cli config get dir", "OK\n2\nredis_version:7.4.6\ndir\n/data\n"},
		{"redis-cli -p 1 ping; echo $?; redis-cli -h nowhere ping", "Could not connect to Redis at 127.0.0.1:1: Connection refused\n1\nCould not connect to Redis at nowhere:6379: Name or service not known\n"},
	} {
		if got := g.sh(tc.script); got != tc.want {
			t.Errorf("%s\n--- got\n%s--- want\n%s", tc.script, got, tc.want)
		}
	}
	g.main.Signal(shell.SIGTERM)
	if code := g.ended(); code != 0 || !strings.Contains(g.out.String(), "DB saved on disk") || !strings.Contains(g.out.String(), "ready to exit, bye bye...") {
		t.Errorf("%d, %s", code, g.out)
	}
}

// Data outlive the server where its directory does.
func TestRedisSaves(t *testing.T) {
	n := newNode(t)
	g := n.start("redis:7.4-alpine")
	g.await("Ready to accept connections")
	g.sh("redis-cli set k 'a b'; redis-cli rpush l 1 2; redis-cli save")
	saved, err := g.tree.ReadFile("/data/dump.rdb", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	h, image := n.create("redis:7.4-alpine")
	h.write("/data/dump.rdb", string(saved))
	h.begin(append(image.Entrypoint[:1:1], "--port", "7000", "--requirepass", "secret")...)
	h.await("DB loaded from disk")
	h.await("Ready to accept connections")
	if got := h.sh("redis-cli -p 7000 get k; redis-cli -p 7000 -a secret get k; redis-cli -p 7000 -a secret lrange l 0 -1; redis-cli -p 7000 -a wrong ping 2>&1"); got != "NOAUTH Authentication required.\na b\n1\n2\nAUTH failed: WRONGPASS invalid username-password pair or user is disabled.\nNOAUTH Authentication required.\n" {
		t.Errorf("%q", got)
	}
}

// Nobody fills the memory of the cluster through a server.
func TestRedisIsBounded(t *testing.T) {
	g := newNode(t).start("redis:7.4-alpine")
	g.await("Ready to accept connections")
	got := g.sh("x=$(head -c 400000 /dev/zero | tr '\\0' x); i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo set k$i $x; done | redis-cli | sort -u")
	if got != "OK\nOOM command not allowed when used memory > 'maxmemory'.\n" {
		t.Errorf("%s", got)
	}
	conn, err := g.node.network.DialContext(t.Context(), "tcp", g.ip+":6379")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	part := []byte(strings.Repeat("x", 64<<10))
	sent := 0
	for err == nil && sent < 64<<20 {
		_, err = conn.Write(part)
		sent += len(part)
	}
	if err == nil {
		t.Error("a command without end was read")
	}
}
