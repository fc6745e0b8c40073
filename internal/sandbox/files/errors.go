package files

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
)

// hideHost turns an error of the operating system into one that names the container's path.
func hideHost(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: errno(err)}
}

// errno keeps the number of an error and drops every text that could hold a path of the host.
func errno(err error) error {
	var number syscall.Errno
	switch {
	case errors.As(err, &number):
		return number
	case errors.Is(err, fs.ErrNotExist):
		return syscall.ENOENT
	case errors.Is(err, fs.ErrExist):
		return syscall.EEXIST
	case errors.Is(err, fs.ErrPermission):
		return syscall.EPERM
	case errors.Is(err, fs.ErrClosed):
		return syscall.EBADF
	case strings.Contains(err.Error(), "escapes"):
		return syscall.EACCES // os.Root refused to leave the mount
	}
	return syscall.EIO
}

// Reason is the text of an error as C's strerror has it, for example "No such file or directory",
// without operation and path.
func Reason(err error) string {
	var number syscall.Errno
	text := err.Error()
	if errors.As(err, &number) {
		text = number.Error()
	}
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
