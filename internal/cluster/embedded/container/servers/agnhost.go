package servers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// agnhost is the program of registry.k8s.io/e2e-test-images/agnhost, with the subcommands that
// need nothing but a container: those for workloads, probes, logs, TCP and HTTP. It is written after
// test/images/agnhost of Kubernetes 1.36.
//
// Absent are the subcommands that talk to an API server, SCTP, and everything that arrives by UDP: the
// network of Pods has neither, and a server for UDP counts as started and hears nothing.
type agnhost struct{ version string }

// subcommand is one verb of agnhost.
type subcommand struct {
	name, short string
	args        string // of the usage line, after the name
	flags       func(*pflag.FlagSet)
	arity       func(args []string) error
	run         func(g *goProgram, args []string) int
}

// noArgs is cobra.MaximumNArgs(0).
func noArgs(args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("accepts at most 0 arg(s), received %d", len(args))
	}
	return nil
}

func anyArgs([]string) error { return nil }

// subcommands makes the verbs anew for every process: their flags are variables in them.
func (a agnhost) subcommands() []subcommand {
	return []subcommand{
		connectCommand(), dnsServerListCommand(), dnsSuffixCommand(), entrypointTesterCommand(), etcHostsCommand(),
		grpcHealthCheckingCommand(), livenessCommand(), logsGeneratorCommand(), netexecCommand(), agnhostPauseCommand(),
		porterCommand(), serveHostnameCommand(), tcpResetCommand(), testWebserverCommand(),
	}
}

func (a agnhost) run(ctx context.Context, p *shell.Proc) int {
	g := newGoProgram(ctx, p)
	defer g.close()
	args := p.Args[1:]
	switch {
	case len(args) == 0 || slices.Contains([]string{"help", "-h", "--help"}, args[0]):
		a.help(g)
		return 0
	case args[0] == "--version":
		fmt.Fprintf(g.Stdout, "app version %s\n", a.version)
		return 0
	}
	all := a.subcommands()
	i := slices.IndexFunc(all, func(c subcommand) bool { return c.name == args[0] })
	if i < 0 {
		fmt.Fprintf(g.Stderr, "Error: unknown command %q for \"app\"\n", args[0])
		return 1
	}
	return all[i].execute(g, args[1:])
}

func (a agnhost) help(g *goProgram) {
	fmt.Fprint(g.Stdout, "Usage:\n  app [command]\n\nAvailable Commands:\n")
	for _, c := range a.subcommands() {
		fmt.Fprintf(g.Stdout, "  %-28s %s\n", c.name, c.short)
	}
	fmt.Fprint(g.Stdout, "\nUse \"app [command] --help\" for more information about a command.\n")
}

// execute reads the flags and runs the subcommand.
func (c subcommand) execute(g *goProgram, args []string) int {
	set := pflag.NewFlagSet(c.name, pflag.ContinueOnError)
	set.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(strings.ReplaceAll(name, "_", "-"))
	})
	set.Usage = func() {}
	if c.flags != nil {
		c.flags(set)
	}
	logFlags(set)
	err := set.Parse(args)
	if errors.Is(err, pflag.ErrHelp) {
		fmt.Fprintf(g.Stdout, "%s\n\n%s", c.short, c.usage(set))
		return 0
	}
	if err != nil {
		fmt.Fprintf(g.Stderr, "%sError: %v\n", c.usage(set), err)
		return 1
	}
	if err := c.arity(set.Args()); err != nil {
		fmt.Fprintf(g.Stderr, "Error: %v\n", err)
		return 1
	}
	return c.run(g, set.Args())
}

func (c subcommand) usage(set *pflag.FlagSet) string {
	return fmt.Sprintf("Usage:\n  app %s%s [flags]\n\nFlags:\n%s\n", c.name, c.args, set.FlagUsages())
}

// logFlags are those of every program with Kubernetes' logging. They are accepted.
func logFlags(set *pflag.FlagSet) {
	set.Duration("log-flush-frequency", 0, "Maximum number of seconds between log flushes")
	set.StringP("v", "v", "0", "number for the log level verbosity")
	set.String("vmodule", "", "comma-separated list of pattern=N settings for file-filtered logging (only works for text log format)")
}
