package warm

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// Files are the files of a command that is served.
type Files struct {
	Stdin, Stdout, Stderr *os.File
	Report                *os.File // goes to Command.Report
}

// Serve runs commands that Process.Run asks for, until nobody can ask any more.
// Working directory and environment are those of the command when run is called.
// A command that fails ends the process: Serve returns its exit code, unless run has
// left by os.Exit before.
func Serve(run func(args []string, files Files) (exit int)) (exit int, err error) {
	socket := os.NewFile(socketFD, "socket")
	connection, err := net.FileConn(socket)
	if err = errors.Join(err, socket.Close()); err != nil {
		return 0, fmt.Errorf("find the socket for commands: %w", err)
	}
	defer connection.Close()
	c, ok := connection.(*net.UnixConn)
	if !ok {
		return 0, errors.New("find the socket for commands: it is another one")
	}
	for {
		r, files, err := receive(c)
		if errors.Is(err, io.EOF) {
			return 0, nil
		}
		if err != nil {
			return 0, fmt.Errorf("receive a command: %w", err)
		}
		if err := r.prepare(); err != nil {
			return 0, err
		}
		exit := run(r.Args, files)
		if err := errors.Join(files.Stdin.Close(), files.Stdout.Close(), files.Stderr.Close(), files.Report.Close()); err != nil {
			return 0, err
		}
		if exit != 0 {
			return exit, nil
		}
		if _, err := c.Write([]byte{0}); err != nil {
			return 0, err
		}
	}
}

// receive waits for a command. It returns io.EOF if there will be none.
func receive(c *net.UnixConn) (request, Files, error) {
	var first [1]byte
	rights := make([]byte, unix.CmsgSpace(4*4)) // four descriptors
	n, m, _, _, err := c.ReadMsgUnix(first[:], rights)
	if n == 0 || err != nil {
		return request{}, Files{}, cmp.Or(err, io.EOF)
	}
	messages, err := unix.ParseSocketControlMessage(rights[:m])
	if err != nil || len(messages) != 1 {
		return request{}, Files{}, cmp.Or(err, errors.New("no files came with it"))
	}
	descriptors, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(descriptors) != 4 {
		return request{}, Files{}, cmp.Or(err, fmt.Errorf("%d files came with it, not 4", len(descriptors)))
	}
	for _, d := range descriptors {
		unix.CloseOnExec(d)
	}
	files := Files{
		Stdin: os.NewFile(uintptr(descriptors[0]), "stdin"), Stdout: os.NewFile(uintptr(descriptors[1]), "stdout"),
		Stderr: os.NewFile(uintptr(descriptors[2]), "stderr"), Report: os.NewFile(uintptr(descriptors[3]), "report"),
	}
	line, err := bufio.NewReader(c).ReadBytes('\n') // nobody sends more before the answer
	if err != nil {
		return request{}, Files{}, err
	}
	var r request
	return r, files, json.Unmarshal(line, &r)
}

// prepare makes the process what the command expects.
func (r request) prepare() error {
	for name, value := range r.Env {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	if r.Dir == "" {
		return nil
	}
	return os.Chdir(r.Dir)
}
