package servers

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"

	"github.com/tidwall/redcon"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// redisClient is the connection of redis-cli.
type redisClient struct {
	conn net.Conn
	in   *bufio.Reader
	out  io.Writer
}

// print calls a command and prints its answer.
func (c *redisClient) print(words []string) int {
	answer, err := c.call(words...)
	if err != nil {
		fmt.Fprintln(c.out, "Error: Server closed the connection")
		return 1
	}
	fmt.Fprintln(c.out, answer)
	return 0
}

// call sends a command and returns the answer as redis-cli shows it where the output is no terminal.
func (c *redisClient) call(words ...string) (string, error) {
	request := redcon.AppendArray(nil, len(words))
	for _, word := range words {
		request = redcon.AppendBulkString(request, word)
	}
	if _, err := c.conn.Write(request); err != nil {
		return "", err
	}
	return c.answer(0)
}

// maxAnswer is how deep arrays in an answer may be, and maxItems how many items one may have.
const (
	maxAnswer = 8
	maxItems  = 1 << 18
)

func (c *redisClient) answer(depth int) (string, error) {
	head, err := c.in.ReadString('\n')
	if err != nil {
		return "", err
	}
	head = strings.TrimRight(head, "\r\n")
	if head == "" || depth > maxAnswer {
		return "", errors.New("bad answer")
	}
	text := head[1:]
	switch head[0] {
	case '-':
		return text, nil
	case '$':
		n, err := strconv.Atoi(text)
		if err != nil || n > maxRedis {
			return "", errors.New("bad answer")
		}
		if n < 0 {
			return "", nil
		}
		body := make([]byte, n+2)
		_, err = io.ReadFull(c.in, body)
		return string(body[:n]), err
	case '*':
		n, err := strconv.Atoi(text)
		if err != nil || n > maxItems {
			return "", errors.New("bad answer")
		}
		items := make([]string, max(0, n))
		for i := range items {
			if items[i], err = c.answer(depth + 1); err != nil {
				return "", err
			}
		}
		return strings.Join(items, "\n"), nil
	}
	return text, nil
}

// dialReason is why a connection failed, as C's strerror has it.
func dialReason(err error) string {
	var dns *net.DNSError
	var number syscall.Errno
	switch {
	case errors.As(err, &dns):
		return "Name or service not known"
	case errors.As(err, &number):
		return files.Reason(number)
	}
	return "Connection timed out"
}
