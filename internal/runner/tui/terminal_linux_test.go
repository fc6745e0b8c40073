package tui

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestQuiet runs this program on a terminal: nothing is written there that nobody
// asked for, and TERM is what it was.
func TestQuiet(t *testing.T) {
	if os.Getenv("K8SLAB_TEST_QUIET") != "" {
		fmt.Println("TERM=" + os.Getenv("TERM"))
		os.Exit(0)
	}
	master, slave := terminal(t)
	c := exec.Command(os.Args[0], "-test.run=^TestQuiet$")
	c.Env = append(os.Environ(), "TERM=xterm-256color", "K8SLAB_TEST_QUIET=1")
	c.Stdin, c.Stdout, c.Stderr = slave, slave, slave
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	written, _ := io.ReadAll(master) // ends with an error, as there is no other end
	if got := strings.TrimSpace(string(written)); got != "TERM=xterm-256color" {
		t.Errorf("written: %q", got)
	}
}

// terminal opens a pseudo-terminal.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}
