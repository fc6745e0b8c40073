package servers

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/k8slab/k8slab/internal/sandbox/files"
	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// nginx is the web server of the nginx image. It reads its configuration, and refuses in nginx' own
// words what nginx refuses. Honoured is what people change in a lab: listen, server_name, root,
// alias, index, try_files, return, error_page, autoindex, add_header, types, logs, allow and deny,
// ssl certificates, stub_status, and proxy_pass with upstreams. What tunes buffers, timeouts,
// caches and compression is accepted and does nothing. What would change answers otherwise (rewrite,
// if, map, limits, other protocols) is refused with a message that says so.
type nginx struct{ version string }

const (
	nginxEntrypoint = "/docker-entrypoint.sh"
	nginxTemplates  = "/etc/nginx/templates"
	nginxScripts    = "/docker-entrypoint.d"
	defaultConf     = "/etc/nginx/conf.d/default.conf"
)

// minor is the second part of the version: what the image prints depends on it.
func (n nginx) minor() int {
	parts := strings.Split(n.version, ".")
	if len(parts) < 2 {
		return 0
	}
	minor, _ := strconv.Atoi(parts[1])
	return minor
}

// entrypoint is the image's /docker-entrypoint.sh: it prepares the configuration for nginx, and
// becomes whatever command it was given.
func (n nginx) entrypoint(ctx context.Context, p *shell.Proc) int {
	p.Args = p.Args[1:]
	if len(p.Args) == 0 {
		return 0
	}
	if p.Args[0] == "nginx" && n.minor() >= 19 {
		if code := n.prepare(ctx, p); code != 0 {
			return code
		}
	}
	return p.Exec(ctx, p.Args)
}

// prepare is what the scripts in /docker-entrypoint.d do.
func (n nginx) prepare(ctx context.Context, p *shell.Proc) int {
	say := func(format string, args ...any) {
		if p.Getenv("NGINX_ENTRYPOINT_QUIET_LOGS") == "" {
			fmt.Fprintf(p.Stdout, format+"\n", args...)
		}
	}
	const script = nginxEntrypoint + ": "
	say("%s%s/ is not empty, will attempt to perform configuration", script, nginxScripts)
	say("%sLooking for shell scripts in %s/", script, nginxScripts)
	say("%sLaunching %s/10-listen-on-ipv6-by-default.sh", script, nginxScripts)
	n.listenOnIPv6(p, say)
	say("%sLaunching %s/20-envsubst-on-templates.sh", script, nginxScripts)
	n.fillTemplates(p, say)
	say("%sLaunching %s/30-tune-worker-processes.sh", script, nginxScripts)
	if code := n.ownScripts(ctx, p, say); code != 0 {
		return code
	}
	say("%sConfiguration complete; ready for start up", script)
	return 0
}

// listenOnIPv6 adds a listener to the configuration that came with the image, and to no other one.
func (n nginx) listenOnIPv6(p *shell.Proc, say func(string, ...any)) {
	const name = "10-listen-on-ipv6-by-default.sh: info: "
	data, err := p.Files().ReadFile(defaultConf, maxConfig)
	switch {
	case err != nil:
		say(name + defaultConf + " is not a file or does not exist")
		return
	case p.Files().Access(defaultConf, files.Write) != nil:
		say(name + "can not modify " + defaultConf + " (read-only file system?)")
		return
	}
	text := string(data)
	if strings.Contains(text, "listen  [::]:80;") {
		say(name + "IPv6 listen already enabled")
		return
	}
	say(name + "Getting the checksum of " + defaultConf)
	const packaged = "    listen       80;\n    server_name  localhost;\n"
	if !strings.Contains(text, packaged) {
		say(name + defaultConf + " differs from the packaged version")
		return
	}
	changed := strings.Replace(text, "listen       80;", "listen       80;\n    listen  [::]:80;", 1)
	if err := p.Files().WriteFile(defaultConf, []byte(changed), 0o644); err == nil {
		say(name + "Enabled listen on IPv6 in " + defaultConf)
	}
}

// fillTemplates makes configuration files of templates, with the variables of the environment.
func (n nginx) fillTemplates(p *shell.Proc, say func(string, ...any)) {
	for _, template := range glob(p.Files(), nginxTemplates+"/*.template") {
		data, err := p.Files().ReadFile(template, maxConfig)
		if err != nil {
			continue
		}
		target := path.Join("/etc/nginx/conf.d", strings.TrimSuffix(path.Base(template), ".template"))
		say("20-envsubst-on-templates.sh: Running envsubst on %s to %s", template, target)
		if err := p.Files().WriteFile(target, []byte(substitute(string(data), p.Env)), 0o644); err != nil {
			say("20-envsubst-on-templates.sh: ERROR: %s exists, but /etc/nginx/conf.d is not writable", nginxTemplates)
		}
	}
}

// substitute is envsubst with the names of all variables that are set: others stay as they are, as
// nginx has variables of its own.
func substitute(text string, env []string) string {
	return os.Expand(text, func(name string) string {
		for _, kv := range slices.Backward(env) {
			if value, ok := strings.CutPrefix(kv, name+"="); ok {
				return value
			}
		}
		return "$" + name
	})
}

// ownScripts runs scripts that somebody mounted.
func (n nginx) ownScripts(ctx context.Context, p *shell.Proc, say func(string, ...any)) int {
	for _, name := range glob(p.Files(), nginxScripts+"/*.sh") {
		if p.Files().Access(name, files.Exec) != nil {
			say("%s: Ignoring %s, not executable", nginxEntrypoint, name)
			continue
		}
		say("%s: Launching %s", nginxEntrypoint, name)
		code, err := p.Container().Run(ctx, shell.Command{Argv: []string{name}, Env: p.Env, Dir: p.Dir, Stdout: p.Stdout, Stderr: p.Stderr})
		if err != nil {
			fmt.Fprintf(p.Stderr, "%s: %v\n", nginxEntrypoint, err)
			return 126
		}
		if code != 0 {
			return code
		}
	}
	return 0
}

// invocation is nginx' command line.
type invocation struct {
	config     string
	directives string // of -g
	test, dump bool
	quiet      bool
	signal     string
}

// run is the nginx command.
func (n nginx) run(ctx context.Context, p *shell.Proc) int {
	call, code := n.parse(p)
	if call == nil {
		return code
	}
	switch {
	case call.signal != "":
		return n.control(p, call.signal)
	case call.test:
		return n.check(p, call)
	}
	server := &nginxServer{nginx: n, proc: p, call: call}
	return server.run(ctx)
}

// parse reads the command line. Without an invocation, there is nothing else to do.
func (n nginx) parse(p *shell.Proc) (*invocation, int) {
	call := &invocation{config: nginxConf}
	valued := map[string]*string{"-c": &call.config, "-g": &call.directives, "-s": &call.signal, "-p": new(string), "-e": new(string)}
	args := p.Args[1:]
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if to, ok := valued[arg]; ok {
			if len(args) == 0 {
				fmt.Fprintf(p.Stderr, "nginx: option \"%s\" requires parameter\n", arg)
				return nil, 1
			}
			*to, args = args[0], args[1:]
			continue
		}
		switch arg {
		case "-v", "-V":
			fmt.Fprintf(p.Stderr, "nginx version: nginx/%s\n", n.version)
			return nil, 0
		case "-t":
			call.test = true
		case "-T":
			call.test, call.dump = true, true
		case "-q":
			call.quiet = true
		default:
			fmt.Fprintf(p.Stderr, "nginx: invalid option: %q\n", strings.TrimPrefix(arg, "-"))
			return nil, 1
		}
	}
	call.config = absoluteTo(nginxPrefix, call.config)
	return call, 0
}

// check is "nginx -t".
func (n nginx) check(p *shell.Proc, call *invocation) int {
	if _, err := readConfig(p.Files(), call.config); err != nil {
		n.emergency(p, err)
		fmt.Fprintf(p.Stderr, "nginx: configuration file %s test failed\n", call.config)
		return 1
	}
	if !call.quiet {
		fmt.Fprintf(p.Stderr, "nginx: the configuration file %s syntax is ok\n", call.config)
		fmt.Fprintf(p.Stderr, "nginx: configuration file %s test is successful\n", call.config)
	}
	if call.dump {
		n.dump(p, call.config)
	}
	return 0
}

// dump prints the files of the configuration.
func (n nginx) dump(p *shell.Proc, config string) {
	for _, name := range append([]string{config, nginxPrefix + "/mime.types"}, glob(p.Files(), nginxPrefix+"/conf.d/*.conf")...) {
		if data, err := p.Files().ReadFile(name, maxConfig); err == nil {
			fmt.Fprintf(p.Stdout, "# configuration file %s:\n", name)
			fmt.Fprintf(p.Stdout, "%s\n", data)
		}
	}
}

// emergency reports what keeps nginx from starting, to the error log that it was compiled with,
// which is a link to the standard error, and to the standard error.
func (n nginx) emergency(p *shell.Proc, err error) {
	fmt.Fprintf(p.Stderr, "%s [emerg] %d#%d: %v\nnginx: [emerg] %v\n", p.Now().UTC().Format(errorTime), p.PID(), p.PID(), err, err)
}

// errorTime is the time in the error log.
const errorTime = "2006/01/02 15:04:05"

// control is "nginx -s": a signal to the server that runs in the container.
func (n nginx) control(p *shell.Proc, word string) int {
	s, ok := map[string]shell.Signal{
		"stop": shell.SIGTERM, "quit": shell.SIGQUIT, "reload": shell.SIGHUP, "reopen": shell.SIGUSR1,
	}[word]
	if !ok {
		fmt.Fprintf(p.Stderr, "nginx: invalid option: \"-s %s\"\n", word)
		return 1
	}
	if _, err := readConfig(p.Files(), nginxConf); err != nil {
		n.emergency(p, err)
		return 1
	}
	fmt.Fprintf(p.Stderr, "%s [notice] %d#%d: signal process started\n", p.Now().UTC().Format(errorTime), p.PID(), p.PID())
	for _, other := range p.Container().Processes() {
		if argv := other.Argv(); other.PID() != p.PID() && path.Base(argv[0]) == "nginx" {
			other.Signal(s)
			return 0
		}
	}
	fmt.Fprintf(p.Stderr, "%s [error] %d#%d: open() \"/var/run/nginx.pid\" failed (2: No such file or directory)\n"+
		"nginx: [error] open() \"/var/run/nginx.pid\" failed (2: No such file or directory)\n", p.Now().UTC().Format(errorTime), p.PID(), p.PID())
	return 1
}
