package shell

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// errNotFound means that a command is not on the PATH.
var errNotFound = errors.New("not found")

func errIsDir(name string) error {
	return &fs.PathError{Op: "read", Path: name, Err: syscall.EISDIR}
}

// maxInterpreters is how many "#!" lines may lead to each other.
const maxInterpreters = 4

// image is a program that was found, with the arguments it is to get.
type image struct {
	program Program
	argv    []string
	added   bool // by Config.Programs
}

// exec runs the program in the process of p.
func (i image) exec(ctx context.Context, p *Proc) int {
	p.Args = i.argv
	p.attach(p.process)
	return i.program(ctx, p)
}

// load finds the program for a command line: the file by its path or in the directories of PATH,
// then the interpreter if the file is a script.
func (c *Container) load(dir, searchPath string, argv []string) (image, error) {
	name, err := c.find(dir, searchPath, argv[0])
	if err != nil {
		return image{}, err
	}
	for range maxInterpreters {
		if program, ok := c.files.Program(name); ok {
			run, ok := c.programs[program]
			if !ok {
				return image{}, syscall.ENOEXEC
			}
			_, added := c.config.Programs[program]
			return image{run, argv, added}, nil
		}
		if name, argv, err = c.script(dir, name, argv); err != nil {
			return image{}, err
		}
	}
	return image{}, syscall.ELOOP
}

// find returns the path of an executable file.
func (c *Container) find(dir, searchPath, name string) (string, error) {
	if strings.Contains(name, "/") {
		full := absolute(dir, name)
		return full, c.executable(full)
	}
	err := errNotFound
	for _, elem := range strings.Split(searchPath, ":") {
		full := absolute(dir, path.Join(elem, name))
		found := c.executable(full)
		if found == nil {
			return full, nil
		}
		if errors.Is(found, syscall.EACCES) {
			err = found
		}
	}
	return "", err
}

// executable says why a file cannot be executed.
func (c *Container) executable(name string) error {
	info, err := c.files.Stat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return &fs.PathError{Op: "exec", Path: name, Err: syscall.EACCES}
	}
	return c.files.Access(name, fileExec)
}

// script reads the first line of a file and returns its interpreter with the arguments for it.
// A text without "#!" is for the shell.
func (c *Container) script(dir, name string, argv []string) (string, []string, error) {
	f, err := c.files.Open(name, os.O_RDONLY, 0)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 256))
	if err != nil {
		return "", nil, err
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if bytes.IndexByte(line, 0) >= 0 {
		return "", nil, syscall.ENOEXEC
	}
	words := []string{"/bin/sh"}
	if text, ok := strings.CutPrefix(string(line), "#!"); ok {
		interpreter, arg, _ := strings.Cut(strings.TrimSpace(text), " ")
		words = []string{interpreter}
		if arg = strings.TrimSpace(arg); arg != "" {
			words = append(words, arg)
		}
	}
	interpreter := absolute(dir, words[0])
	if err := c.executable(interpreter); err != nil {
		return "", nil, err
	}
	return interpreter, append(append(words, name), argv[1:]...), nil
}
