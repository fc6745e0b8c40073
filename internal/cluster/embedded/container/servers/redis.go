package servers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidwall/redcon"

	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// redis is redis-server with strings, lists, hashes and sets, and what is asked about a server.
// It saves its data to dump.rdb in its working directory when it ends and on SAVE, and reads them
// back at the start: as commands, not in the format of the real file.
//
// Absent are replication, clusters, transactions, scripts, publishing, streams and sorted sets, and
// a configuration file: of the options, --port, --requirepass, --dir and --save count.
type redis struct{ version string }

// maxRedis is how much all keys and values together may hold, and how long one command may be.
const (
	maxRedis        = 16 << 20
	maxRedisCommand = 1 << 20
)

// redisServer is a running redis.
type redisServer struct {
	redis
	proc     *shell.Proc
	port     int
	password string
	dir      string
	saves    bool
	started  time.Time
	commands atomic.Int64

	mu   sync.Mutex
	data *redisData
}

// entrypoint is docker-entrypoint.sh: options alone are for redis-server.
func (r redis) entrypoint(ctx context.Context, p *shell.Proc) int {
	args := p.Args[1:]
	if len(args) == 0 || strings.HasPrefix(args[0], "-") || strings.HasSuffix(args[0], ".conf") {
		args = append([]string{"redis-server"}, args...)
	}
	return p.Exec(ctx, args)
}

// server is redis-server.
func (r redis) server(ctx context.Context, p *shell.Proc) int {
	signals := p.Notify(shell.SIGTERM, shell.SIGINT)
	s := &redisServer{redis: r, proc: p, port: 6379, dir: p.Dir, saves: true, started: p.Now(), data: newRedisData(p.Now)}
	if !s.options(p.Args[1:]) {
		return 1
	}
	s.log("*", "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo")
	s.log("*", "Redis version=%s, bits=64, commit=00000000, modified=0, pid=%d, just started", r.version, p.PID())
	l, err := p.Listen(ctx, "tcp", "0.0.0.0:"+strconv.Itoa(s.port))
	if err != nil {
		s.log("#", "Warning: Could not create server TCP listening socket *:%d: bind: Address already in use", s.port)
		s.log("#", "Failed listening on port %d (tcp), aborting.", s.port)
		return 1
	}
	s.load()
	served, quit := make(chan struct{}), make(chan struct{}, 1)
	server := redcon.NewServerNetwork("tcp", "", func(conn redcon.Conn, cmd redcon.Command) { s.handle(conn, cmd, quit) }, nil, nil)
	go func() {
		defer close(served)
		_ = server.Serve(boundedListener{l}) // ends when it is closed
	}()
	defer func() {
		l.Close()
		server.Close()
		<-served
	}()
	s.log("*", "Ready to accept connections tcp")
	select {
	case <-ctx.Done():
		return 128 + int(shell.SIGKILL)
	case <-quit:
		s.log("*", "User requested shutdown...")
	case signal := <-signals:
		s.log("#", "Received SIG%s scheduling shutdown...", signal)
		s.log("*", "User requested shutdown...")
	}
	s.save()
	s.log("#", "Redis is now ready to exit, bye bye...")
	return 0
}

// options reads "--name value".
func (s *redisServer) options(args []string) bool {
	for len(args) > 1 && strings.HasPrefix(args[0], "--") {
		value := args[1]
		switch args[0] {
		case "--port":
			port, err := strconv.Atoi(value)
			if err != nil {
				fmt.Fprintf(s.proc.Stderr, "\n*** FATAL CONFIG FILE ERROR (Redis %s) ***\nReading the configuration file, at line 2\n>>> 'port \"%s\"'\nargument couldn't be parsed into an integer\n", s.version, value)
				return false
			}
			s.port = port
		case "--requirepass":
			s.password = value
		case "--dir":
			s.dir = value
		case "--save":
			s.saves = value != ""
		}
		args = args[2:]
	}
	return true
}

func (s *redisServer) log(level, format string, args ...any) {
	fmt.Fprintf(s.proc.Stdout, "%d:M %s %s %s\n", s.proc.PID(), s.proc.Now().UTC().Format("02 Jan 2006 15:04:05.000"), level, fmt.Sprintf(format, args...))
}

func (s *redisServer) file() string { return s.proc.Path(strings.TrimSuffix(s.dir, "/") + "/dump.rdb") }

// load reads what an earlier server has saved.
func (s *redisServer) load() {
	text, err := s.proc.Files().ReadFile(s.file(), 2*maxRedis)
	if err != nil {
		return
	}
	for len(text) > 0 {
		_, args, _, rest, err := redcon.ReadNextCommand(text, nil)
		if err != nil || len(args) == 0 {
			break
		}
		words := make([]string, len(args))
		for i, arg := range args {
			words[i] = string(arg)
		}
		_ = s.data.run(words) // what was saved is right
		text = rest
	}
	s.log("*", "DB loaded from disk: 0.000 seconds")
}

// save writes all data.
func (s *redisServer) save() {
	if !s.saves {
		return
	}
	s.log("*", "Saving the final RDB snapshot before exiting.")
	if err := s.write(); err != nil {
		s.log("#", "Error trying to save the DB, can't exit.")
		return
	}
	s.log("*", "DB saved on disk")
}

func (s *redisServer) write() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var text []byte
	for _, command := range s.data.dump() {
		text = redcon.AppendArray(text, len(command))
		for _, word := range command {
			text = redcon.AppendBulkString(text, word)
		}
	}
	return s.proc.Files().WriteFile(s.file(), text, 0o644)
}

// session is what a connection has said about itself.
type session struct{ authenticated bool }

// handle answers one command.
func (s *redisServer) handle(conn redcon.Conn, cmd redcon.Command, quit chan<- struct{}) {
	s.commands.Add(1)
	if bounded, ok := conn.NetConn().(*boundedConn); ok {
		bounded.unread = 0
	}
	words := make([]string, len(cmd.Args))
	for i, arg := range cmd.Args {
		words[i] = string(arg)
	}
	state, _ := conn.Context().(*session)
	if state == nil {
		state = &session{}
		conn.SetContext(state)
	}
	name := strings.ToUpper(words[0])
	switch {
	case name == "QUIT":
		conn.WriteString("OK")
		conn.Close()
	case name == "AUTH":
		s.authenticate(conn, state, words)
	case s.password != "" && !state.authenticated:
		conn.WriteError("NOAUTH Authentication required.")
	case name == "SHUTDOWN":
		select {
		case quit <- struct{}{}:
		default:
		}
		conn.Close()
	default:
		writeRedis(conn, s.answer(name, words))
	}
}

func (s *redisServer) authenticate(conn redcon.Conn, state *session, words []string) {
	switch {
	case s.password == "":
		conn.WriteError("ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?")
	case words[len(words)-1] != s.password:
		conn.WriteError("WRONGPASS invalid username-password pair or user is disabled.")
	default:
		state.authenticated = true
		conn.WriteString("OK")
	}
}

// answer runs a command of the server, or of its data.
func (s *redisServer) answer(name string, words []string) any {
	switch name {
	case "INFO":
		return s.info()
	case "SAVE", "BGSAVE":
		if err := s.write(); err != nil {
			return redisError("ERR " + err.Error())
		}
		return redisStatus("OK")
	case "CONFIG", "COMMAND", "CLIENT", "SELECT", "HELLO":
		return s.manage(name, words)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data.run(words)
}

func (s *redisServer) manage(name string, words []string) any {
	switch {
	case name == "COMMAND":
		return []any{}
	case name == "HELLO":
		return redisError("NOPROTO unsupported protocol version")
	case name == "CONFIG" && len(words) == 3 && strings.EqualFold(words[1], "get"):
		values := map[string]string{"port": strconv.Itoa(s.port), "dir": s.dir, "maxmemory": strconv.Itoa(maxRedis), "appendonly": "no", "dbfilename": "dump.rdb"}
		if value, ok := values[words[2]]; ok {
			return []any{words[2], value}
		}
		return []any{}
	case name == "SELECT" && len(words) == 2 && words[1] != "0":
		return redisError("ERR DB index is out of range")
	}
	return redisStatus("OK")
}

func (s *redisServer) info() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	up := int(s.proc.Now().Sub(s.started).Seconds())
	return fmt.Sprintf("# Server\r\nredis_version:%s\r\nredis_mode:standalone\r\nos:Linux\r\nprocess_id:%d\r\ntcp_port:%d\r\nuptime_in_seconds:%d\r\n\r\n"+
		"# Memory\r\nused_memory:%d\r\n\r\n# Stats\r\ntotal_commands_processed:%d\r\n\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\n\r\n# Keyspace\r\n%s",
		s.version, s.proc.PID(), s.port, up, s.data.bytes, s.commands.Load(), s.data.keyspace())
}

// writeRedis writes a result in the protocol.
func writeRedis(conn redcon.Conn, result any) {
	switch v := result.(type) {
	case nil:
		conn.WriteNull()
	case redisError:
		conn.WriteError(string(v))
	case redisStatus:
		conn.WriteString(string(v))
	case int:
		conn.WriteInt(v)
	case string:
		conn.WriteBulkString(v)
	case []any:
		conn.WriteArray(len(v))
		for _, item := range v {
			writeRedis(conn, item)
		}
	}
}

// boundedListener limits what its connections may send without a whole command in it: the server
// keeps all of that in memory.
type boundedListener struct{ net.Listener }

// Accept waits for the next connection.
func (l boundedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &boundedConn{Conn: conn}, nil
}

type boundedConn struct {
	net.Conn
	unread int // bytes since the last command; only the connection's goroutine counts
}

var errTooLong = errors.New("command is too long")

// Read reads, and fails when a command becomes too long.
func (c *boundedConn) Read(b []byte) (int, error) {
	if c.unread > maxRedisCommand {
		return 0, errTooLong
	}
	n, err := c.Conn.Read(b)
	c.unread += n
	return n, err
}

// cli is redis-cli: one command of its arguments, or the lines of its input.
func (r redis) cli(ctx context.Context, p *shell.Proc) int {
	host, port, password := "127.0.0.1", "6379", p.Getenv("REDISCLI_AUTH")
	args := p.Args[1:]
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		to := map[string]*string{"-h": &host, "-p": &port, "-a": &password, "-n": new(string)}[args[0]]
		switch {
		case args[0] == "--version" || args[0] == "-v":
			fmt.Fprintf(p.Stdout, "redis-cli %s\n", r.version)
			return 0
		case slices.Contains([]string{"--raw", "--no-auth-warning"}, args[0]):
			args = args[1:]
			continue
		case to == nil || len(args) < 2:
			fmt.Fprintf(p.Stderr, "Unrecognized option or bad number of args for: '%s'\n", args[0])
			return 1
		}
		*to, args = args[1], args[2:]
	}
	conn, err := p.Dial(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		fmt.Fprintf(p.Stderr, "Could not connect to Redis at %s:%s: %s\n", host, port, dialReason(err))
		return 1
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	client := &redisClient{conn: conn, in: bufio.NewReader(conn), out: p.Stdout}
	if password != "" {
		if answer, err := client.call("AUTH", password); err != nil || answer != "OK" {
			fmt.Fprintf(p.Stderr, "AUTH failed: %s\n", answer)
		}
	}
	if len(args) > 0 {
		return client.print(args)
	}
	lines := bufio.NewScanner(p.Stdin)
	lines.Buffer(nil, maxRedisCommand)
	for lines.Scan() {
		if words := strings.Fields(lines.Text()); len(words) > 0 {
			if code := client.print(words); code != 0 {
				return code
			}
		}
	}
	return 0
}
