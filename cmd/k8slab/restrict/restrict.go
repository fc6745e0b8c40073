// Package restrict says what kubectl may do for commands that somebody else has
// written: those of a lesson, or of a submission that is graded. What is not
// allowed here is refused: verbs and flags that are not in a list, other
// namespaces, files outside the submission and from the network, and whatever runs
// other programs, opens ports, or talks to another cluster or as somebody else.
//
// Command lines are read by kubectl's own commands, so that there is one opinion of
// what a flag's value is.
//
// Deliberately absent: rights. Who may do what in a cluster is decided there;
// this package keeps the machine that kubectl runs on out of it, and tells people
// early and clearly what they cannot do.
package restrict

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/cmd"

	_ "github.com/k8slab/k8slab/cmd/k8slab/english" // before kubectl

	"github.com/k8slab/k8slab/internal/runner"
)

// Params say what is to be checked.
type Params struct {
	Command *cobra.Command // kubectl, made for this only: its flags are set
	Args    []string       // without the program's name
	Stdin   io.Reader
	Dir     string // the working directory, absolute; it is Rules.Root or inside it
	Rules   runner.Rules
}

// Kubectl returns kubectl's command, without plugins.
func Kubectl(streams genericiooptions.IOStreams) *cobra.Command {
	return cmd.NewKubectlCommand(cmd.KubectlOptions{
		ConfigFlags: genericclioptions.NewConfigFlags(true).WithDeprecatedPasswordFlag(),
		IOStreams:   streams,
	})
}

// Check returns why a command line is refused, or nil. Input is what Stdin had, if
// the command line has files come from there: it is read then, and nobody else can
// read it again.
func Check(p Params) (input []byte, refused *runner.Refusal) {
	c := &checker{Params: p}
	if err := c.check(); err != nil {
		return nil, &err.Refusal
	}
	return c.input, nil
}

// refusal is a runner.Refusal as an error.
type refusal struct{ runner.Refusal }

func (r *refusal) Error() string { return r.Reason }

func refuse(remedy, format string, args ...any) *refusal {
	return &refusal{runner.Refusal{Reason: fmt.Sprintf(format, args...), Remedy: remedy}}
}

// checker is one Check.
type checker struct {
	Params
	verb  verb
	flags *pflag.FlagSet
	input []byte
}

func (c *checker) check() *refusal {
	found, rest, err := c.Command.Find(c.Args)
	if err != nil {
		return refuse(verbRemedy(), "%q is no command of kubectl, and plugins are not for lessons", firstWord(c.Args))
	}
	name := strings.TrimPrefix(strings.TrimPrefix(found.CommandPath(), c.Command.Name()), " ")
	if name == "" {
		return refuse(verbRemedy(), "kubectl has nothing to do")
	}
	var allowed bool
	if c.verb, allowed = verbs[name]; !allowed {
		return refuse(verbRemedy(), "kubectl %s is not for lessons", name)
	}
	if c.verb.cluster && !c.Rules.Cluster {
		return refuse("A lesson that needs it says isolation: cluster.", "kubectl %s reaches beyond the namespace", name)
	}
	if found.ParseFlags(rest) != nil {
		return nil // kubectl says what is wrong, or prints its help
	}
	c.flags = found.Flags()
	if err := c.checkFlags(name); err != nil {
		return err
	}
	return c.checkArgs(name)
}

func firstWord(args []string) string {
	for _, a := range args {
		if !strings.HasPrefix(a, "-") {
			return a
		}
	}
	return strings.Join(args, " ")
}

func verbRemedy() string {
	var names []string
	for name := range verbs {
		if first, _, _ := strings.Cut(name, " "); !slices.Contains(names, first) {
			names = append(names, first)
		}
	}
	slices.Sort(names)
	return "Use one of: " + strings.Join(names, ", ") + "."
}

// checkFlags looks at every flag that was set.
func (c *checker) checkFlags(name string) (refused *refusal) {
	c.flags.Visit(func(f *pflag.Flag) {
		if refused != nil {
			return
		}
		if refused = c.checkFlag(name, f); refused == nil && isFileFlag(name, f.Name) {
			refused = c.checkFiles(f)
		}
	})
	return refused
}

func (c *checker) checkFlag(name string, f *pflag.Flag) *refusal {
	switch {
	case !slices.Contains(everywhere, f.Name) && !slices.Contains(c.verb.flags, f.Name):
		return refuse("Leave it out.", "the flag --%s of kubectl %s is not for lessons", f.Name, name)
	case f.Name == "namespace" && f.Value.String() != c.Rules.Namespace:
		return refuse("Leave out -n: the namespace of the lesson is the default.", "namespace %q is not that of the lesson, which is %q", f.Value, c.Rules.Namespace)
	case f.Name == "all-namespaces" && f.Value.String() == "true" && !c.Rules.Cluster:
		return refuse("Leave out -A: the namespace of the lesson is the default.", "-A looks at other namespaces")
	case f.Name == "output":
		return checkOutput(f.Value.String())
	}
	return nil
}

// checkOutput refuses formats that read a template from a file.
func checkOutput(value string) *refusal {
	format, _, _ := strings.Cut(value, "=")
	if slices.Contains(outputs, format) {
		return nil
	}
	return refuse("Use one of: "+strings.Join(outputs, ", ")+".", "the output format %q is not for lessons", format)
}

// values returns the values of a flag that may have several.
func values(f *pflag.Flag) []string {
	if all, ok := f.Value.(pflag.SliceValue); ok {
		return all.GetSlice()
	}
	return []string{f.Value.String()}
}

// checkFiles looks at the files that a flag names.
func (c *checker) checkFiles(f *pflag.Flag) *refusal {
	for _, v := range values(f) {
		if err := c.checkFile(f.Name, v); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) checkFile(flag, value string) *refusal {
	if key, path, ok := strings.Cut(value, "="); ok && flag == "from-file" && key != "" {
		value = path
	}
	if flag == "filename" && value == "-" {
		return c.checkInput()
	}
	path, err := c.inside(value)
	switch {
	case err != nil:
		return err
	case flag == "kustomize":
		return c.checkKustomization(path)
	case flag == "filename":
		return c.checkManifests(path)
	}
	return nil
}

// inside returns the absolute path of a file of the submission.
func (c *checker) inside(name string) (string, *refusal) {
	const remedy = "Put the file beside the others, and name it with a path inside the workspace."
	if isURL(name) {
		return "", refuse(remedy, "%s is read from the network", name)
	}
	path := filepath.Join(c.Dir, filepath.FromSlash(name))
	rel, err := filepath.Rel(c.Rules.Root, path)
	if filepath.IsAbs(name) || err != nil || !filepath.IsLocal(rel) {
		return "", refuse(remedy, "%s is not in the workspace", name)
	}
	return path, nil
}

// isURL reports what kubectl or kustomize would fetch: a URL, or an address of a
// repository as git has them.
func isURL(name string) bool {
	return strings.Contains(name, "://") || strings.Contains(name, "::") || strings.HasPrefix(name, "git@") || strings.Contains(name, "?ref=")
}

// checkArgs looks at what is not a flag: objects of no namespace, and the directory
// of kustomize.
func (c *checker) checkArgs(name string) *refusal {
	args := c.flags.Args()
	if name == "kustomize" {
		dir := "."
		if len(args) > 0 {
			dir = args[0]
		}
		return c.checkFile("kustomize", dir)
	}
	if !c.verb.changes || c.Rules.Cluster {
		return nil
	}
	if len(args) == 0 {
		return nil
	}
	// What follows the first word are names, labels and the like, or further
	// objects as kind/name.
	for i, a := range args {
		for _, kind := range strings.Split(a, ",") {
			kind, _, slash := strings.Cut(kind, "/")
			kind, _, _ = strings.Cut(strings.ToLower(kind), ".")
			if (i == 0 || slash) && slices.Contains(clusterResources, kind) {
				return refuse("A lesson that needs it says isolation: cluster.", "%s is in no namespace, and kubectl %s would change it", a, name)
			}
		}
	}
	return nil
}
